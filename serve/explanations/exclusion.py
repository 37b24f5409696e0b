"""What keeps a line from leaving a warehouse with a service: the rule that forbids it, or what is better."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, Field

from envs.plan_table import SCORE
from envs.snapshot import Snapshot
from envs.state import NONE
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE, handling_names
from scenarios.local_time import format_utc
from scenarios.network import NO_LANE
from scenarios.trace import Names
from serve.explanations.completion import Completions

Code = Literal[
    "capability",
    "no_stock",
    "presale",
    "no_lane",
    "handling",
    "no_collection",
    "too_heavy",
    "merged",
    "interrupted",
    "capacity",
    "incomplete",
    "split_limit",
    "outranked",
    "dominated",
]


class Cause(NamedTuple):
    """One reason, for programs and for people."""

    code: Code
    detail: str


class CauseAnswer(BaseModel):
    """One reason."""

    code: Code
    detail: str


class ExclusionAnswer(BaseModel):
    """Why the chosen plan does not send a line from a warehouse with a service."""

    sku: str
    warehouse: str
    service: str | None = Field(description="null: with none of them")
    is_possible: bool = Field(description="whether a parcel of it is possible at all")
    code: Code
    detail: str
    delays: list[CauseAnswer] = Field(description="what makes a possible parcel late: presale, interrupted, capacity")
    behind_millicents: int | None = Field(
        description="weighted cost and worth of stock of the best plan with it, above the chosen plan's; below 0 if it "
        "is lower, and the policy preferred another; null if there is none, or nothing was chosen"
    )


def cause_at(snapshot: Snapshot, line: int, warehouse: int) -> Cause | None:
    """Why a warehouse cannot send a line from stock now, whoever carries it; None if it can."""
    network, seen = snapshot.network, snapshot.seen
    row = seen.lines[line]
    missing = required_of(snapshot, line) & WAREHOUSE_SIDE & ~int(network.warehouses["capabilities"][warehouse])
    if missing:
        return Cause("capability", f"cannot handle {' and '.join(handling_names(missing))}")
    if row["ship_from_seconds"] > seen.clock["now_seconds"][0]:
        return Cause("presale", "not on sale yet")
    return cause_in_stock(snapshot, line, warehouse)


def cause_in_stock(snapshot: Snapshot, line: int, warehouse: int) -> Cause | None:
    """Whether units are missing, whenever the line may leave."""
    row = snapshot.seen.lines[line]
    cell = snapshot.seen.stock[warehouse, row["sku"]]
    available = int(cell["on_hand_units"] - cell["allocated_units"])
    if available < row["units"]:
        return Cause("no_stock", missing_units(available, int(row["units"])))
    return None


def missing_units(available: int, units: int) -> str:
    """How many there are of those that are asked for."""
    return f"{available} of {units} units available"


def cause_by(snapshot: Snapshot, names: Names, line: int, warehouse: int, service: int) -> Cause | None:
    """Why a service cannot carry a line from a warehouse at any time; None if it can."""
    network, order = snapshot.network, snapshot.seen.order[0]
    lane = network.lanes[warehouse, service, order["region"]]
    if lane["zone"] == NO_LANE:
        return Cause("no_lane", f"no lane to {names.regions[order['region']]}")
    missing = required_of(snapshot, line) & SERVICE_SIDE & ~int(network.services["capabilities"][service])
    if missing:
        return Cause("handling", f"does not offer {' and '.join(handling_names(missing))}")
    if not network.pairs["num_collections"][warehouse, service]:
        return Cause("no_collection", "never collects there")
    grams, most = snapshot.seen.lines["grams"][line], network.rates["max_grams"][lane["rate_row"]].max()
    if most < grams:
        return Cause("too_heavy", f"{grams} g is more than its {most} g")
    return None


def required_of(snapshot: Snapshot, line: int) -> int:
    """What a line asks of who handles it, bits of ``scenarios.handling``."""
    return int(snapshot.seen.lines["requirements"][line] | snapshot.seen.order["requirements"][0])


class Exclusions:
    """All that the chosen plan of one decision is not.

    Args:
        snapshot: of the decision, with the scratch of its plan table.
        names: of the network.
        slot: the chosen plan; None if there is none.
    """

    def __init__(self, snapshot: Snapshot, names: Names, slot: int | None) -> None:
        self._snapshot, self._names, self._slot = snapshot, names, slot
        self._plans, self._count = snapshot.plans, snapshot.num_plans
        self._completions = Completions(self._plans, int(snapshot.network.settings["max_parcels"][0]))
        self._kept = self._slots_of_options()

    def all(self) -> list[ExclusionAnswer]:
        """Line by line, warehouse by warehouse, service by service."""
        return [
            row
            for line in range(int(self._snapshot.seen.order["num_lines"][0]))
            for warehouse in range(len(self._names.warehouses))
            for row in self._at(line, warehouse)
        ]

    def _slots_of_options(self) -> dict[int, list[int]]:
        """Plans by the rows of ``plans.priced`` that they hold, best first."""
        plans = self._plans
        found: dict[int, list[int]] = {}
        place = {int(row): n for n, row in enumerate(plans.kept[: self._completions.num_options]) if row != NONE}
        for slot in range(self._count):
            for row in plans.chosen[slot, : plans.slots["num_parcels"][slot]]:
                found.setdefault(place[int(row)], []).append(slot)
        return found

    def _at(self, line: int, warehouse: int) -> list[ExclusionAnswer]:
        cause = cause_at(self._snapshot, line, warehouse)
        options = self._completions.options_of(line, warehouse)
        is_hard = cause is not None and cause.code == "capability"
        missing = cause_in_stock(self._snapshot, line, warehouse)
        can_wait = bool((self._plans.priced["receipt"][options] != NONE).any())
        if cause is not None and (is_hard or (missing is not None and not can_wait)):
            return [self._row(line, warehouse, None, cause if is_hard else missing or cause)]
        found = [self._by(line, warehouse, s, options) for s in range(len(self._names.services))]
        return [row for row in found if row is not None]

    def _by(self, line: int, warehouse: int, service: int, options: np.ndarray) -> ExclusionAnswer | None:
        cause = cause_by(self._snapshot, self._names, line, warehouse, service)
        if cause is not None:
            return self._row(line, warehouse, service, cause)
        own = options[self._plans.priced["service"][options] == service].tolist()
        if not own:
            detail = "too many lines: it is routed together with others, which cannot leave like this"
            return self._row(line, warehouse, service, Cause("merged", detail))
        slots = sorted({slot for option in own for slot in self._kept.get(option, ())})
        if self._slot in slots:
            return None
        scores = [score for option in own if (score := self._completions.least_score(option)) is not None]
        behind = min(scores) - self._score(self._slot) if scores and self._slot is not None else None
        delays = self._delays(min(own, key=lambda option: int(self._plans.priced["num_lines"][option])))
        row = self._row(line, warehouse, service, self._cause_of_choice(slots, scores, own))
        in_millicents = None if behind is None else round(behind / 1000)
        return row.model_copy(update={"is_possible": True, "delays": delays, "behind_millicents": in_millicents})

    def _score(self, slot: int) -> int:
        return int(self._plans.rules[slot, SCORE])

    def _cause_of_choice(self, slots: list[int], scores: list[int], own: list[int]) -> Cause:
        """Why a possible parcel was not sent."""
        if slots:
            return Cause("outranked", f"plan {slots[0]} would do it: another one was chosen")
        if scores:
            return Cause("dominated", f"{self._count} plans with less weighted cost, or best by a rule, were compared")
        without_limit = (self._completions.least_score(option, self._completions.num_blocks) for option in own)
        if all(score is None for score in without_limit):
            return Cause("incomplete", "the other lines cannot be sent beside it")
        most = int(self._snapshot.network.settings["max_parcels"][0])
        return Cause("split_limit", f"the order would need more than {most} parcels")

    def _delays(self, option: int) -> list[CauseAnswer]:
        """What makes this parcel leave later than the warehouse and the carrier's calendar would let it."""
        network, seen, row = self._snapshot.network, self._snapshot.seen, self._plans.priced[option]
        epoch, delays = int(network.settings["epoch_seconds"][0]), []
        if row["release_at"]:
            at = epoch + int(row["release_at"])
            delays.append(CauseAnswer(code="presale", detail=f"not before {format_utc(at)}"))
        if row["receipt"] != NONE:
            at = epoch + int(seen.receipts["expected_at"][row["receipt"]])
            delays.append(CauseAnswer(code="no_stock", detail=f"waits for a receipt expected at {format_utc(at)}"))
        pair = network.pairs[row["warehouse"], row["service"]]
        first, chosen = int(pair["first_collection"]), int(row["collection"])
        missed = np.arange(first, chosen)[network.collections["time_seconds"][first:chosen] >= row["ready_at"]]
        until = int(seen.interruptions["until_seconds"][row["warehouse"], row["service"]])
        is_out = network.collections["time_seconds"][missed] < until
        if is_out.any():
            delays.append(CauseAnswer(code="interrupted", detail=f"no collection before {format_utc(epoch + until)}"))
        if not is_out.all():
            number = int((~is_out).sum())
            delays.append(CauseAnswer(code="capacity", detail=f"{number} collections before are booked full"))
        return delays

    def _row(self, line: int, warehouse: int, service: int | None, cause: Cause) -> ExclusionAnswer:
        return ExclusionAnswer(
            sku=self._names.skus[self._snapshot.seen.lines["sku"][line]],
            warehouse=self._names.warehouses[warehouse],
            service=None if service is None else self._names.services[service],
            is_possible=False,
            code=cause.code,
            detail=cause.detail,
            delays=[],
            behind_millicents=None,
        )
