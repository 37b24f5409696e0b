"""Heuristics: each picks the plan that is least by one column of the plan table, ties by expected cost.

Sources: nearest, cheapest, fastest and fewest splits are common practice; myopic expected cost is the standard baseline
of Xu, Allgor and Graves 2009, "Benefits of reevaluating real-time order fulfillment decisions"; the
primal-dual rule is Andrews, Farias, Khojandi and Yan 2019 (bid prices: ``envs.prices``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs.compiling import compiled
from envs.luck import luck
from envs.plan_table import MYOPIC, Rule
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.network import Network


@dataclass(frozen=True, slots=True)
class RuleAgent:
    """Takes the plan that is least by ``rule``; among equals the cheapest in all, then the lowest slot.

    Attributes:
        name: shown in tables.
        rule: column of the plan table.
        pricing: ``CLOSED_FORM`` lets the score count bid prices.
    """

    name: str
    rule: Rule
    pricing: Pricing = Pricing.NONE
    needs_features: bool = False

    def start(self, network: Network) -> None:
        """Nothing to prepare: all a rule needs is in the plan table."""

    def choose(self, snapshot: Snapshot) -> int:
        """Slot of the best plan by the rule."""
        return best_by_rule(snapshot.plans.rules, snapshot.num_plans, int(self.rule))


@compiled
def best_by_rule(rules: np.ndarray, count: int, rule: int) -> int:
    """Row of int64 (K, NUM_RULES), among the first ``count``, that is least by (rule, total cost, row)."""
    best = 0
    for i in range(1, count):
        if rules[i, rule] < rules[best, rule] or (
            rules[i, rule] == rules[best, rule] and rules[i, MYOPIC] < rules[best, MYOPIC]
        ):
            best = i
    return best


@dataclass(frozen=True, slots=True)
class RandomAgent:
    """Takes any plan with equal probability; the choice hashes (seed, decision id), so clocks agree."""

    seed: int = 0
    name: str = "random"
    pricing: Pricing = Pricing.NONE
    needs_features: bool = False

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """A uniform slot."""
        return int(luck(np.uint64(self.seed), 0, snapshot.decision_id, 0, 0)) % snapshot.num_plans
