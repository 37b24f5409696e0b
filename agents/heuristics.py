"""Heuristics: each picks the plan that is least by one column of the plan table, ties by expected cost.

Sources: nearest, cheapest, fastest and fewest splits are common practice; myopic expected cost is the standard baseline
of Xu, Allgor and Graves 2009, "Benefits of reevaluating real-time order fulfillment decisions", who also show what
waiting for company is worth (``ConsolidatingAgent``); the
primal-dual rule is Andrews, Farias, Khojandi and Yan 2019 (bid prices: ``envs.prices``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from envs.inner import Code, Inner, best_by_rule, consolidating_slot, hold_once_slot, uniform_slot
from envs.plan_table import MYOPIC, SCORE_AND_HOLD, Rule
from envs.pricer import Pricer
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.network import Network

if TYPE_CHECKING:
    from envs.batch import BatchSnapshot


@dataclass(frozen=True, slots=True)
class RuleAgent:
    """Takes the plan that is least by ``rule``; among equals the cheapest in all, then the lowest slot.

    Attributes:
        name: shown in tables.
        rule: column of the plan table.
        pricing: ``CLOSED_FORM`` lets the score count bid prices, ``SCHEDULED`` those of ``pricer``.
        needs_features: features are made though it does not read them, and the whole table with them.
        pricer: the job that solves its bid prices, with ``SCHEDULED`` only.
    """

    name: str
    rule: Rule
    pricing: Pricing = Pricing.NONE
    needs_features: bool = False
    pricer: Pricer | None = None

    @property
    def inner(self) -> Inner:
        """Inside the loop only its own best plan is made."""
        return Inner(Code.RULE, int(self.rule), is_own_best=not self.needs_features)

    def start(self, network: Network) -> None:
        """Nothing to prepare: all a rule needs is in the plan table."""

    def choose(self, snapshot: Snapshot) -> int:
        """Slot of the best plan by the rule."""
        return best_by_rule(snapshot.plans.rules, snapshot.num_plans, int(self.rule))

    def choose_batch(self, batch: BatchSnapshot) -> np.ndarray:
        """Slots of the best plans by the rule."""
        most = np.iinfo(np.int64).max
        goal = np.where(batch.masks(), batch.rules[:, :, self.rule], most)
        is_best = goal == goal.min(axis=1, keepdims=True)
        return np.where(is_best, batch.rules[:, :, MYOPIC], most).argmin(axis=1)


@dataclass(frozen=True, slots=True)
class RandomAgent:
    """Takes any plan with equal probability; the choice hashes (seed, decision id), so clocks agree."""

    seed: int = 0
    name: str = "random"
    pricing: Pricing = Pricing.NONE
    needs_features: bool = False

    @property
    def inner(self) -> Inner:
        """The same hash inside the loop."""
        return Inner(Code.UNIFORM, self.seed)

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """A uniform slot."""
        return int(uniform_slot(np.uint64(self.seed), snapshot.decision_id, snapshot.num_plans))

    def choose_batch(self, batch: BatchSnapshot) -> np.ndarray:
        """Uniform slots."""
        seed = np.uint64(self.seed)
        pairs = zip(batch.decision_ids.tolist(), batch.num_plans.tolist(), strict=True)
        return np.array([uniform_slot(seed, decision_id, count) for decision_id, count in pairs], np.int64)


@dataclass(frozen=True, slots=True)
class ConsolidatingAgent:
    """Waits for company: holds an order as long as its best plan by score is still expected in time, then takes it.

    Of the holds offered it takes the longest after which the last parcel of the best plan is expected at the door
    before the earliest promise. A customer who orders again meanwhile gets one decision for all, perhaps one parcel.

    Source: Xu, Allgor and Graves 2009, who delay the assignment and consolidate; the slack rule is an assumption.
    """

    name: str = "consolidate"
    pricing: Pricing = Pricing.NONE
    needs_features: bool = False

    @property
    def inner(self) -> Inner:
        """The same rule inside the loop."""
        return Inner(Code.CONSOLIDATE)

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """The longest hold that the promise allows, else slot 0."""
        plans, promise_at = snapshot.plans, int(snapshot.seen.order["promise_at"][0])
        return consolidating_slot(plans.slots, plans.chosen, plans.options, snapshot.num_plans, promise_at)


@dataclass(frozen=True, slots=True)
class HoldingOnceAgent:
    """Holds a new order once, for the shortest time, if that is cheap; else it takes the best plan by score.

    Cheap is what costs at most a fifth of the plan that would be taken (``envs.inner.CHEAP``), if that is still
    expected in time after the hold. Where holds are not offered it is the rule that reads the score. See
    ``envs.inner.hold_once_slot``.

    Source: Xu, Allgor and Graves 2009; the rule was chosen on validation traces of ``hold-consolidate``.

    Attributes:
        name: shown in tables.
        pricing: see ``RuleAgent``.
        pricer: the job that solves its bid prices, with ``SCHEDULED`` only.
    """

    name: str = "hold-once"
    pricing: Pricing = Pricing.NONE
    pricer: Pricer | None = None
    needs_features = False

    @property
    def inner(self) -> Inner:
        """Inside the loop only the best plan and the hold are made."""
        return Inner(Code.HOLD_ONCE, SCORE_AND_HOLD, is_own_best=True)

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """The shortest hold or the best plan by score."""
        plans, order = snapshot.plans, snapshot.seen.order
        return hold_once_slot(plans.slots, plans.rules, plans.chosen, plans.options, snapshot.num_plans, order)
