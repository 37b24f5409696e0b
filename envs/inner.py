"""Routers that decide inside the compiled loop: a whole episode is one call, no Python between two decisions.

An agent that has such a form names it in its attribute ``inner``. What it chooses there is what it chooses when it is
asked from Python, tested for every heuristic.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from envs.compiling import compiled
from envs.luck import luck
from envs.plan_table import COUNT_PLANS, MYOPIC
from envs.scorer import Scorer, best_slot, linear
from envs.state import NONE
from envs.world import World

NO_SCORER = linear()


class Code(IntEnum):
    """Who decides."""

    OUTSIDE = 0  # nobody inside: every decision is handed to Python
    RULE = 1  # the least by a column of the plan table; parameter: the rule
    UNIFORM = 2  # any slot; parameter: seed
    CONSOLIDATE = 3  # holds while the promise allows it, then takes the best by score
    SCORER = 4  # a plan scorer; needs features


OUTSIDE, RULE, UNIFORM, CONSOLIDATE, SCORER = (int(code) for code in Code)


@dataclass(frozen=True, eq=False)
class Inner:
    """How an agent decides inside the loop.

    Attributes:
        code: which of the loop's routers.
        parameter: see ``Code``.
        is_own_best: only the rule's own best plan is made, not the table; for ``RULE`` without features.
        scorer: for ``SCORER``.
    """

    code: Code
    parameter: int = 0
    is_own_best: bool = False
    scorer: Scorer = NO_SCORER

    def prepare(self, world: World) -> None:
        """Tells a world at second 0 what has to be made for each decision."""
        world.hidden.counters["own_rule"] = self.parameter if self.is_own_best else NONE

    @cached_property
    def router(self) -> np.ndarray:
        """int64 (2,) code and parameter, as the loop reads them; a seed keeps its 64 bits."""
        parameter = np.array([self.parameter % (1 << 64)], np.uint64).view(np.int64)[0]
        return np.array([self.code, parameter], np.int64)


NOBODY = Inner(Code.OUTSIDE)


@compiled
def decide(seen, plans, code, parameter, scorer):
    """The slot that a router inside the loop takes."""
    if code == RULE:
        return best_by_rule(plans.rules, plans.counts[COUNT_PLANS], parameter)
    if code == UNIFORM:
        return uniform_slot(parameter, seen.clock[0]["decision_id"], plans.counts[COUNT_PLANS])
    if code == CONSOLIDATE:
        promise_at = seen.order[0]["promise_at"]
        return consolidating_slot(plans.slots, plans.chosen, plans.options, plans.counts[COUNT_PLANS], promise_at)
    return best_slot(plans.features, plans.context, plans.counts[COUNT_PLANS], scorer)


@compiled
def best_by_rule(rules, count, rule):
    """Row of int64 (K, NUM_RULES), among the first ``count``, that is least by (rule, total cost, row)."""
    best = 0
    for i in range(1, count):
        if rules[i, rule] < rules[best, rule] or (
            rules[i, rule] == rules[best, rule] and rules[i, MYOPIC] < rules[best, MYOPIC]
        ):
            best = i
    return best


@compiled
def uniform_slot(seed, decision_id, count):
    """Any of the first ``count`` slots; hashes (seed, decision id), so that clocks and batches agree."""
    return np.int64(luck(np.uint64(seed), 0, decision_id, 0, 0) % np.uint64(count))


@compiled
def consolidating_slot(slots, chosen, options, count, promise_at):
    """The longest hold after which the best plan by score is still expected at the door in time, else slot 0.

    Args:
        slots: (K,) of the plan table, sorted by score.
        chosen: int64 (K, MAX_BLOCKS).
        options: of the plan table.
        count: real slots.
        promise_at: the earliest promise of the asked lines, a second.
    """
    door, best, longest = 0, 0, 0
    for i in range(slots[0]["num_parcels"]):
        door = max(door, options[chosen[0, i]]["mean_at"])
    if door == 0:
        return 0
    for slot in range(1, count):
        seconds = slots[slot]["hold_seconds"]
        if seconds > longest and door + seconds <= promise_at:
            best, longest = slot, seconds
    return best
