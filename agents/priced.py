"""A router with prices on features of plans and nothing else: the linear part of a learned one, set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from envs.inner import Code, Inner
from envs.pricer import Pricer
from envs.prices import Pricing
from envs.scorer import best_slot, linear
from envs.snapshot import Snapshot
from scenarios.network import Network


@dataclass(frozen=True, eq=False)
class PricedAgent:
    """Takes the plan of least score less prices times squashed features, ties the lowest slot.

    Attributes:
        name: shown in tables.
        prices: float (NUM_FEATURES,), or (NUM_FEATURES, NUM_GATES) if they depend on the moment; currency units per
            squashed feature, a negative one makes plans with much of the feature dearer. See ``envs.scorer``.
        pricing: bid prices that are in the score.
        pricer: the job that solves them, with ``SCHEDULED`` only.
    """

    name: str
    prices: np.ndarray
    pricing: Pricing
    pricer: Pricer | None = None
    needs_features = True

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    @cached_property
    def inner(self) -> Inner:
        """Decided inside the loop."""
        return Inner(Code.SCORER, scorer=linear(self.prices))

    def choose(self, snapshot: Snapshot) -> int:
        """Slot of the plan that is worth most."""
        plans = snapshot.plans
        return int(best_slot(plans.features, plans.context, snapshot.num_plans, self.inner.scorer))
