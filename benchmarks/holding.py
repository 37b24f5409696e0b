"""``hold-once`` with another idea of cheap, for tuning: the router itself has it compiled in."""

from __future__ import annotations

from dataclasses import dataclass

from envs.inner import CHEAP, hold_once_slot
from envs.plan_table import SCORE
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.network import Network


@dataclass(frozen=True)
class Holding:
    """Holds as ``hold-once`` does, but if it costs at most another share of the best plan.

    Attributes:
        cheap: a hold costs at most the plan's score over this; ``envs.inner.CHEAP`` is the router itself.
    """

    cheap: int
    name = "hold-once"
    pricing = Pricing.NONE
    needs_features = False

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """What the router chooses if holds cost ``cheap / CHEAP`` times as much."""
        plans, count = snapshot.plans, snapshot.num_plans
        rules = plans.rules.copy()
        scores = rules[:count, SCORE]
        is_hold, best = plans.slots["hold_seconds"][:count] > 0, scores.min()
        scores[is_hold] = best + (scores[is_hold] - best) * self.cheap // CHEAP
        return int(hold_once_slot(plans.slots, rules, plans.chosen, plans.options, count, snapshot.seen.order))
