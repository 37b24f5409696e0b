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
from envs.plan_table import COUNT_PLANS, MYOPIC, SCORE
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
    HOLD_ONCE = 5  # holds a new order once if that is cheap, else takes the best by score


OUTSIDE, RULE, UNIFORM, CONSOLIDATE, SCORER, HOLD_ONCE = (int(code) for code in Code)

CHEAP = 5
"""A hold is cheap if it costs at most the fifth part of the best plan by score. Source: validation traces."""


@dataclass(frozen=True, eq=False)
class Inner:
    """How an agent decides inside the loop.

    Attributes:
        code: which of the loop's routers.
        parameter: see ``Code``.
        is_own_best: only the rule's own best plan is made, not the table; without features. For ``RULE``, and for
            ``HOLD_ONCE`` with the parameter ``envs.plan_table.SCORE_AND_HOLD``.
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
    if code == HOLD_ONCE:
        return hold_once_slot(
            plans.slots, plans.rules, plans.chosen, plans.options, plans.counts[COUNT_PLANS], seen.order
        )
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
    door, best, longest = _door_of(slots, chosen, options, 0), 0, 0
    if door == 0:
        return 0
    for slot in range(1, count):
        seconds = slots[slot]["hold_seconds"]
        if seconds > longest and door + seconds <= promise_at:
            best, longest = slot, seconds
    return best


@compiled
def hold_once_slot(slots, rules, chosen, options, count, order):
    """The shortest hold of an order that comes alone and for the first time, if cheap and in time, else the best plan.

    Args:
        slots: (K,) of the plan table.
        rules: int64 (K, NUM_RULES); by the score a hold is worth the best other slot and its weighted waiting.
        chosen: int64 (K, MAX_BLOCKS).
        options: of the plan table.
        count: real slots.
        order: (1,) of ``envs.state.ASKED_ORDER``.
    """
    best, shortest = best_by_rule(rules, count, SCORE), 0
    if slots[best]["num_parcels"] == 0 or order[0]["num_holds"] > 0 or order[0]["num_orders"] > 1:
        return best
    hold, door = best, _door_of(slots, chosen, options, best)
    for slot in range(count):
        seconds = slots[slot]["hold_seconds"]
        if seconds > 0 and (shortest == 0 or seconds < shortest):
            hold, shortest = slot, seconds
    is_cheap = CHEAP * (rules[hold, SCORE] - rules[best, SCORE]) <= rules[best, SCORE]
    return hold if is_cheap and door + shortest <= order[0]["promise_at"] else best


@compiled
def _door_of(slots, chosen, options, slot):
    """When the last parcel of a plan is expected at the door, a second; 0 without parcels."""
    door = 0
    for i in range(slots[slot]["num_parcels"]):
        door = max(door, options[chosen[slot, i]]["mean_at"])
    return door
