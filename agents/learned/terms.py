"""Terms of the linear part: the price of a feature of a plan, at all times or times a feature of the moment.

What a plan costs itself is in the base router's score; terms are about what it does to later orders, and about what the
published tables do not tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from envs.compiled_clock import CompiledClock
from envs.feature_schema import CONTEXT_FEATURES, HOLD, NUM_FEATURES, SCORE_GAP, SLOT_FEATURES, WEIGHT_COST
from envs.scorer import NUM_GATES
from envs.world import World

Terms = tuple[tuple[str, str], ...]

TERMS: Terms = (
    *(
        (feature, "")
        for feature in (
            "is_decline",
            "num_parcels",
            "backordered_share",
            "later_share",
            "is_hold",
            "hold",
            "bid_value",
            "late_probability",
            "doubt",
            "pick_start",
            "queue_load",
            "collected",
            "slack",
            "shelf_left",
            "shelf_cover",
            "network_cover",
            "bookings",
            "utilisation",
            "surge",
            "transit_seen",
        )
    ),
    ("is_hold", "held"),
    ("is_hold", "num_orders"),
    ("is_hold", "num_lines"),
    ("is_hold", "promise"),
    ("is_hold", "hour_sin"),
    ("is_hold", "hour_cos"),
    ("pick_start", "hour_sin"),
    ("pick_start", "hour_cos"),
    ("pick_start", "demand_seen"),
    ("pick_start", "max_pick_start"),
    ("queue_load", "hour_sin"),
    ("queue_load", "hour_cos"),
    ("queue_load", "demand_seen"),
    ("queue_load", "surge"),
    ("queue_load", "promise"),
)
"""Features of plans, and of the moment; none for a price at all times."""

CONDITIONED_TERMS: Terms = (
    *TERMS,
    *(
        (feature, weight)
        for weight in ("weight_lateness", "weight_carbon")
        for feature in ("num_parcels", "bid_value", "pick_start", "queue_load", "collected", "shelf_left", "slack")
    ),
)
"""For a policy that is to follow the preference weights that it is given."""

TERMS_OF = {False: TERMS, True: CONDITIONED_TERMS}
"""By whether the policy is conditioned."""

_CLOSE = 4.0
"""Plans of which the base router thinks worse by more, in currency units, say nothing about typical differences."""

_LOOKED_AT = 0.3
_HELD = 0.2


_LEAST = 2e-3
"""Terms that differ less are left out."""


@dataclass(frozen=True)
class PriceList:
    """Values of terms, in currency units for a typical difference, so that all are of one size.

    Attributes:
        terms: T of them.
        differences: float64 (T,) typical ones; 0 where a term is left out.
        values: float64 (T,).
    """

    terms: Terms
    differences: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, terms: Terms, world: World, seed: int) -> PriceList:
        """No price at all; see ``typical_differences``."""
        differences = typical_differences(terms, world, seed)
        differences[differences < _LEAST] = 0.0
        return cls(terms, differences, np.zeros(len(terms)))

    def with_values(self, values: np.ndarray) -> PriceList:
        """The same terms."""
        return replace(self, values=values)

    def towards(self, values: np.ndarray, step: float) -> PriceList:
        """Part of the way, or beyond."""
        return replace(self, values=self.values + step * (values - self.values))

    def matrix(self) -> np.ndarray:
        """float32 (NUM_FEATURES, NUM_GATES): see ``envs.scorer``."""
        prices = np.zeros((NUM_FEATURES, NUM_GATES), np.float32)
        prices[places(self.terms)] = self.values * self._per_unit()
        return prices

    def differences_of(self, features: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Terms of plans (K, NUM_FEATURES) at a moment (NUM_CONTEXT,), in typical differences, float64 (K, T)."""
        rows, columns = places(self.terms)
        return _squash(features[:, rows]) * gates_of(context)[columns] * self._per_unit()

    def _per_unit(self) -> np.ndarray:
        return np.divide(1.0, self.differences, out=np.zeros_like(self.differences), where=self.differences > 0)


def places(terms: Terms) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of terms in the matrix of prices, int64 (T,) each."""
    features = [feature.name for feature in SLOT_FEATURES]
    gates = ["", *(feature.name for feature in CONTEXT_FEATURES)]
    rows, columns = zip(*((features.index(feature), gates.index(gate)) for feature, gate in terms), strict=True)
    return np.array(rows), np.array(columns)


def typical_differences(terms: Terms, world: World, seed: int) -> np.ndarray:
    """How much terms differ between the best plan and others that are close, root mean square over decisions.

    The base router plays the trace, but for some holds. A term that never differs is 0: no price can say anything.

    Args:
        terms: T of them.
        world: of a training trace, at second 0.
        seed: of the decisions that are looked at.

    Returns:
        float64 (T,).
    """
    random, (rows, columns) = np.random.default_rng(seed), places(terms)
    clock, squares, num_seen = CompiledClock(world), np.zeros(len(terms)), 0
    is_due = clock.start()
    while is_due:
        count, slot = int(world.plans.counts[0]), 0
        features, gates = world.plans.features[:count], gates_of(world.plans.context)
        if count > 1 and random.random() < _LOOKED_AT:
            close = features[features[:, SCORE_GAP] <= _CLOSE]
            values = _squash(close[:, rows]) * gates[columns]
            squares += ((values[1:] - values[0]) ** 2).sum(axis=0)
            num_seen += len(values) - 1
        holds = np.flatnonzero(features[:, HOLD] > 0)
        if len(holds) and random.random() < _HELD:
            slot = int(holds[0])
        is_due = clock.answer(slot)
    return np.sqrt(squares / max(1, num_seen))


def gates_of(context: np.ndarray) -> np.ndarray:
    """float (NUM_GATES,): see ``envs.scorer``."""
    return np.concatenate([[1.0], _squash(context[:WEIGHT_COST]), context[WEIGHT_COST:]])


def _squash(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.log1p(np.abs(values))
