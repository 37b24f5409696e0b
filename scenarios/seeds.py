"""Which seeds are for what: training never sees a validation or test trace."""

from __future__ import annotations

from scenarios.checks import check_int
from scenarios.errors import InputError

TRAINING = range(0, 1_000_000)
HISTORY = range(999_000, TRAINING.stop)
"""Training seeds that only make up what a shop has on record; nobody learns or is compared on them."""
VALIDATION = range(1_000_000, 2_000_000)
TEST = range(2_000_000, 1 << 62)
SPLITS = {"training": TRAINING, "validation": VALIDATION, "test": TEST}


def split_of(seed: int) -> str:
    """``training``, ``validation`` or ``test``.

    Raises:
        InputError: negative, too large or not whole.
    """
    check_int("seed", seed, 0, TEST.stop - 1)
    return next(name for name, seeds in SPLITS.items() if seed in seeds)


def require_training_seed(seed: int) -> None:
    """Raises:
    InputError: the seed is not one to train with.
    """
    if split_of(seed) != "training":
        raise InputError("seed", seed, f"a training seed below {TRAINING.stop}", "keep the others for evaluation")
