import pytest

from scenarios.errors import InputError
from scenarios.seeds import HISTORY, TRAINING, require_training_seed, split_of


@pytest.mark.parametrize(
    ("seed", "split"),
    [
        (0, "training"),
        (999_999, "training"),
        (1_000_000, "validation"),
        (1_999_999, "validation"),
        (2_000_000, "test"),
        (10**12, "test"),
    ],
)
def test_splits(seed, split):
    assert split_of(seed) == split


@pytest.mark.parametrize("seed", [-1, 1.5, None, True, 1 << 70])
def test_illegal_seeds(seed):
    with pytest.raises(InputError, match="seed"):
        split_of(seed)


def test_the_past_has_the_last_training_seeds():
    assert len(HISTORY) == 1000
    assert HISTORY.stop == TRAINING.stop


def test_training_refuses_the_rest():
    require_training_seed(17)
    with pytest.raises(InputError, match="training seed"):
        require_training_seed(1_000_000)
