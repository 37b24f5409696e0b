"""The smallest change that would flip a choice, found by making the change and choosing again.

A price is changed in the plan table, from which features are made anew; stock and promises are changed in the record,
from which the whole table is. Whoever decided then decides again, so that nothing is approximated. For a rule the
smallest change is exact. A policy need not answer steadily: the search doubles the change until the choice flips, then
halves the last step, and finds a change that flips it while one unit less does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from agents.documents import CaseDocument, StockDocument
from envs.costs import MILLICENTS, SHIPPING
from envs.features import describe
from envs.plan_table import (
    CHEAPEST,
    COST,
    COST_TILT,
    COUNT_PLANS,
    FASTEST,
    FEWEST_SPLITS,
    LATENESS_TILT,
    MYOPIC,
    NEAREST,
    NUM_RULES,
    SCORE,
    Plans,
)
from envs.snapshot import Snapshot
from envs.state import NONE
from scenarios.errors import InputError
from scenarios.local_time import MINUTE_SECONDS, format_utc, parse_utc
from serve.stated_time import check_utc

MOST_MILLICENTS = 1000 * MILLICENTS
MOST_UNITS = 1 << 12
MOST_MINUTES = 14 * 24 * 60
"""How far the search goes."""

PlanKey = tuple[object, ...]
"""What a plan is, whatever its slot."""

Choose = Callable[[Snapshot], int | None]
Lever = Literal["dearer", "cheaper", "less_stock", "more_stock", "earlier_promise", "later_promise"]


class FlipAnswer(BaseModel):
    """A change with which another plan would have been chosen; with one unit less of it, it would not."""

    lever: Lever
    plan: int | None = Field(description="whose price changes; null if it is not a price")
    warehouse: str | None = Field(description="whose stock changes")
    sku: str | None = Field(description="of which there is more or less")
    change: int = Field(description="what is added; below 0 if it is taken away")
    unit: Literal["millicents", "units", "minutes"]
    chosen_then: str = Field(description="the plan that would be chosen")


@dataclass(frozen=True, slots=True)
class Flip:
    """A change, and the snapshot and slot to which it leads."""

    change: int
    snapshot: Snapshot
    slot: int


def plan_key(snapshot: Snapshot, slot: int) -> PlanKey:
    """Names a plan in any table of the same order."""
    plans = snapshot.plans
    rows = plans.options[plans.chosen[slot, : plans.slots["num_parcels"][slot]]]
    fields = ("warehouse", "service", "receipt", "release_at", "lines_mask")
    parcels = sorted(tuple(int(row[field]) for field in fields) for row in rows)
    return (int(plans.slots["hold_seconds"][slot]), *parcels)


def find_plan(snapshot: Snapshot, key: PlanKey) -> int | None:
    """The slot of a plan; None if the table does not hold it."""
    return next((slot for slot in range(snapshot.num_plans) if plan_key(snapshot, slot) == key), None)


def smallest_flip(change: Callable[[int], Snapshot | None], choose: Choose, key: PlanKey, most: int) -> Flip | None:
    """The smallest of 1..``most`` with which another plan than ``key`` is chosen, see the module.

    Args:
        change: makes a change of a size; None if that cannot be.
        choose: chooses again.
        key: of the plan that is chosen without a change.
        most: the largest change tried.
    """

    @cache
    def tried(size: int) -> Flip | None:
        snapshot = change(size)
        slot = None if snapshot is None else choose(snapshot)
        if snapshot is None or slot is None or plan_key(snapshot, slot) == key:
            return None
        return Flip(size, snapshot, slot)

    low, high = 0, 1
    while tried(high) is None:
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tried(middle) else (middle, high)
    return tried(high)


def repriced(snapshot: Snapshot, slot: int, millicents: int) -> Snapshot | None:
    """The table that had been made if the parcels of one plan cost more (or less) to ship; None below nothing.

    The same plans stay in it; slots, holds and features are as for the new price.
    """
    plans = Plans(*(array.copy() for array in snapshot.plans))
    plans.costs[slot, SHIPPING] += millicents
    if plans.costs[slot, SHIPPING] < 0:
        return None
    weighted = int(snapshot.seen.clock["weight_cost_permille"][0]) * millicents
    is_hold = plans.slots["hold_seconds"][: snapshot.num_plans] > 0
    before = plans.rules[: snapshot.num_plans].copy()
    for rules, amount in (((SCORE, LATENESS_TILT), weighted), ((COST_TILT,), 3 * weighted)):
        plans.rules[slot, list(rules)] += amount
    plans.rules[slot, [CHEAPEST, MYOPIC, COST]] += millicents
    rows = plans.rules[: snapshot.num_plans]
    for rule in set(range(NUM_RULES)) - {CHEAPEST, FASTEST, NEAREST, FEWEST_SPLITS}:  # a hold is worth the best other
        rows[is_hold, rule] += rows[~is_hold, rule].min() - before[~is_hold, rule].min()
    return resorted(snapshot, plans)


def resorted(snapshot: Snapshot, plans: Plans) -> Snapshot:
    """Altered plans in the order of their scores, with their features."""
    count = int(plans.counts[COUNT_PLANS])
    order = np.argsort(plans.rules[:count, SCORE], kind="stable")
    for array in (plans.slots, plans.chosen, plans.costs, plans.rules):
        array[:count] = array[order]
    seen = type(snapshot.seen)(*(array.copy() for array in snapshot.seen))
    describe(snapshot.network, seen, plans)
    return Snapshot(snapshot.network, seen, plans)


def restocked(case: CaseDocument, warehouse: str, sku: str, units: int) -> CaseDocument | None:
    """The case with more units on a shelf, or fewer; None if there are not so many to sell.

    What was the reference for scarcity stays so.
    """
    rows = list(case.snapshot.stock)
    place = next((i for i, row in enumerate(rows) if (row.warehouse, row.sku) == (warehouse, sku)), None)
    if place is None:
        rows.append(StockDocument.model_validate({"warehouse": warehouse, "sku": sku, "on_hand_units": 0}))
        place = len(rows) - 1
    row = rows[place]
    left = row.on_hand_units - row.allocated_units
    if left + units < 0:
        return None
    reference = left if row.reference_units is None else row.reference_units
    changed = {"on_hand_units": row.on_hand_units + units, "reference_units": reference}
    rows[place] = row.model_copy(update=changed)
    return case.model_copy(update={"snapshot": case.snapshot.model_copy(update={"stock": rows})})


def repromised(case: CaseDocument, minutes: int) -> CaseDocument:
    """The case with all promises moved.

    Raises:
        InputError: to a time that no order can be promised for.
    """

    def moved(text: str) -> str:
        at = parse_utc("promise_at", text) + minutes * MINUTE_SECONDS
        check_utc("promise_at", at, text)
        return format_utc(at)

    order = case.order
    lines = [
        line if line.promise_at is None else line.model_copy(update={"promise_at": moved(line.promise_at)})
        for line in order.lines
    ]
    changed = order.model_copy(update={"promise_at": moved(order.promise_at), "lines": lines})
    return case.model_copy(update={"order": changed})


@dataclass(frozen=True, slots=True, eq=False)
class Flips:
    """Looks for the smallest changes around one decision.

    Attributes:
        case: as recorded.
        snapshot: made of it.
        slot: the chosen plan.
        choose: whoever chose.
        read: makes snapshots of cases.
    """

    case: CaseDocument
    snapshot: Snapshot
    slot: int
    choose: Choose
    read: Callable[[CaseDocument], Snapshot]

    def price(self, slot: int) -> Flip | None:
        """By how much the chosen plan had to be dearer, or another one cheaper, for another choice."""
        sign, most = (1, MOST_MILLICENTS) if slot == self.slot else (-1, int(self.snapshot.plans.costs[slot, SHIPPING]))
        if not self.snapshot.plans.slots["num_parcels"][slot]:
            return None  # nothing is shipped
        return self._found(lambda size: repriced(self.snapshot, slot, sign * size), sign, most)

    def stock(self, warehouse: str, sku: str, sign: int) -> Flip | None:
        """By how many units a shelf had to be fuller (1) or emptier (-1)."""
        rows = self.case.snapshot.stock
        left = (row.on_hand_units - row.allocated_units for row in rows if (row.warehouse, row.sku) == (warehouse, sku))
        most = MOST_UNITS if sign > 0 else max(left, default=0)
        return self._read(lambda size: restocked(self.case, warehouse, sku, sign * size), sign, most)

    def promise(self, sign: int) -> Flip | None:
        """By how many minutes the promise had to be later (1) or earlier (-1)."""
        order, most = self.case.order, MOST_MINUTES
        if sign < 0:  # not before it was placed
            placed_at = parse_utc("placed_at", order.placed_at or self.case.snapshot.now)
            promises = [order.promise_at, *(line.promise_at for line in order.lines if line.promise_at)]
            most = min(most, *((parse_utc("promise_at", text) - placed_at) // MINUTE_SECONDS for text in promises))
        return self._read(lambda size: repromised(self.case, sign * size), sign, most)

    def shelves(self, slot: int) -> Iterator[tuple[int, int]]:
        """(line, warehouse) of what a plan takes from stock."""
        plans = self.snapshot.plans
        for row in plans.options[plans.chosen[slot, : plans.slots["num_parcels"][slot]]]:
            if row["receipt"] == NONE:
                for line in range(int(self.snapshot.seen.order["num_lines"][0])):
                    if int(row["lines_mask"]) >> line & 1:
                        yield line, int(row["warehouse"])

    def _read(self, change: Callable[[int], CaseDocument | None], sign: int, most: int) -> Flip | None:
        def changed(size: int) -> Snapshot | None:
            try:
                case = change(size)
                return None if case is None else self.read(case)
            except InputError:  # more units, or a later date, than there can be
                return None

        return self._found(changed, sign, most)

    def _found(self, change: Callable[[int], Snapshot | None], sign: int, most: int) -> Flip | None:
        if most <= 0:
            return None
        found = smallest_flip(change, self.choose, plan_key(self.snapshot, self.slot), most)
        return found and Flip(sign * found.change, found.snapshot, found.slot)
