"""Regimes of carrier services: normal, congested, severe."""

from __future__ import annotations

import numbers
from dataclasses import dataclass

import numpy as np

from scenarios.checks import check_float, check_int, check_text, check_tuple
from scenarios.errors import InputError

NORMAL, CONGESTED, SEVERE = range(3)
NUM_REGIMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierRegimes:
    """Hidden. A service wanders between three regimes that stretch its transit; each lasts an exponential time.

    Attributes:
        service: name; each service at most once in a scenario.
        transit_permille: factor on transit of parcels that depart in the normal, congested and severe regime,
            in thousandths, 100..10,000.
        mean_days: mean length of each regime, 0.01..3660.
        moves: for each regime the weights of the regimes that follow it; 0 for itself. From every regime every other
            one must be reached, at once or in two steps.
    """

    service: str
    transit_permille: tuple[int, ...] = (1000, 1300, 1800)
    mean_days: tuple[float, ...] = (10.0, 2.0, 0.8)
    moves: tuple[tuple[float, ...], ...] = ((0.0, 0.85, 0.15), (0.8, 0.0, 0.2), (0.5, 0.5, 0.0))

    def __post_init__(self) -> None:
        check_text("regimes service", self.service)
        for key, values, kind in (
            ("regimes transit_permille", self.transit_permille, int),
            ("regimes mean_days", self.mean_days, numbers.Real),
            ("regimes moves", self.moves, tuple),
        ):
            check_tuple(key, values, kind)
            if len(values) != NUM_REGIMES:
                raise InputError(key, f"{len(values)} values", f"{NUM_REGIMES} values", "give one for each regime")
        for permille in self.transit_permille:
            check_int("regimes transit_permille", permille, 100, 10_000)
        for days in self.mean_days:
            check_float("regimes mean_days", days, 0.01, 3660.0, "days")
        for regime, row in enumerate(self.moves):
            key = f"regimes moves[{regime}]"
            if len(row) != NUM_REGIMES:
                raise InputError(key, row, f"{NUM_REGIMES} weights", "give one for each regime")
            for weight in row:
                check_float(key, weight, 0.0, 1e6)
            if row[regime] != 0 or not sum(row) > 0:
                raise InputError(key, row, "0 for itself and a weight above 0 for another", "correct the weights")
        steps = np.array(self.moves) > 0
        if not (np.eye(NUM_REGIMES, dtype=bool) | steps | (steps @ steps)).all():
            raise InputError("regimes moves", self.moves, "a way from every regime to every other", "add a weight")

    def shares(self) -> np.ndarray:
        """Long-run share of time in each regime, float64 (3,)."""
        moves = np.array(self.moves, np.float64)
        moves /= moves.sum(axis=1, keepdims=True)
        equations = np.vstack([moves.T - np.eye(NUM_REGIMES), np.ones(NUM_REGIMES)])
        visits = np.linalg.lstsq(equations, np.array([0.0, 0.0, 0.0, 1.0]), rcond=None)[0]
        time = visits * np.array(self.mean_days)
        return time / time.sum()
