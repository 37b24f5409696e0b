"""A bound, and what traces it is offered for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs.playable import check_playable
from envs.world import check_weights
from scenarios.errors import InputError
from scenarios.trace import Trace

PERMILLE = 1000
_LAST_BITS = 1e-9
"""0.29 is a little less than 290 thousandths in binary; it is not rounded down to 289."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What no router can beat on a trace.

    Attributes:
        name: ``hindsight`` or ``demand_hindsight``.
        value_millicents: at most the weighted ledger, warm-up included; whole, rounded down.
        parts_millicents: of the relaxed plan by objective (cost, lateness, carbon), weighted; their sum is the
            program's optimum, the value is what its dual proves of it.
        num_orders: of the trace.
        num_variables: of the linear program.
        num_rows: of the linear program.
        seconds: taken to make and solve it.
    """

    name: str
    value_millicents: int
    parts_millicents: tuple[float, float, float]
    num_orders: int
    num_variables: int
    num_rows: int
    seconds: float


def permille_of(weights: tuple[float, float, float]) -> np.ndarray:
    """int64 (3,): preference weights (cost, lateness, carbon) in thousandths; rounded down, which only lowers a bound.

    Raises:
        InputError: see ``envs.world.check_weights``.
    """
    return np.floor(PERMILLE * check_weights(weights) + _LAST_BITS).astype(np.int64)


def check_bounded(trace: Trace) -> None:
    """Refuses traces for which no bound is known.

    Raises:
        InputError: stock is reordered inside the simulation, or the trace cannot be played.
    """
    check_playable(trace)
    review = int(trace.network.settings["review_seconds"][0])
    if review > 0:
        raise InputError(
            "review_seconds",
            review,
            "0: what is reordered depends on the router, so that no receipt is known beforehand",
            "bound a scenario without reordering",
        )
