"""Goods in what is retold from an event log: parcels, stock, receipts; see ``tests.retold``."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from envs import costs, tables
from envs.hidden import num_reordered
from envs.luck import LEAD, luck
from envs.state import NONE
from scenarios.trace import Trace
from tests.tariffs import Tariffs

CLAIMED, LATER, QUEUED, PICKING, DOCKED, DEPARTED, VOID = STAGES = (
    "claimed",
    "later",
    "queued",
    "picking",
    "docked",
    "departed",
    "void",
)
STOCK = ("on_hand", "allocated", "received", "shipped", "written_off")


@dataclass
class Parcel:
    """The life of a parcel."""

    order: int
    decision_id: int
    warehouse: int
    service: int
    attempt: int
    planned_at: int
    lines: list[int]
    stage: str = LATER
    receipt: int = NONE
    collection: int = NONE
    released_at: int = 0
    started_at: int = 0
    work_seconds: int = 0  # expected, of the pick that was started
    ready_at: int = 0
    departed_at: int = 0
    delivered_at: int = 0
    num_picked: int = 0


@dataclass
class Receipt:
    """Goods that are announced."""

    warehouse: int
    sku: int
    expected_units: int
    actual_at: int
    actual_units: int
    claims: list[int] = field(default_factory=list)  # parcels in booking order


class Goods:
    """Parcels, stock and receipts.

    Attributes:
        ended: how each line ended, 0 while it has not.
        parcel_of: the parcel of each line; -1 while it is undecided.
        parcels: their lives.
        in_stage: parcels by (stage, warehouse).
        stock: int64 (W, K) by name of ``STOCK``.
        receipts: those announced that have not arrived.
        booked: int64 (C,), parcels that were released with a collection and have not lost all lines.
        reorders: second and receipt of each.
        costs: what lines have cost: (decision, order, part) to millicents.
    """

    def __init__(self, trace: Trace) -> None:
        self.network, self.future, self.tariffs = trace.network, trace.future, Tariffs(trace.network, trace.future)
        self.ended = np.zeros(len(trace.future.lines), np.int64)
        self.parcel_of = np.full(len(trace.future.lines), -1)
        self.parcels: list[Parcel] = []
        self.in_stage: dict[tuple[str, int], set[int]] = defaultdict(set)
        self.stock = {name: np.zeros(trace.network.stock.shape, np.int64) for name in STOCK}
        self.stock["on_hand"] += trace.network.stock["on_hand_units"]
        self.receipts: dict[int, Receipt] = {}
        self.booked = np.zeros(len(trace.network.collections), np.int64)
        self.costs: dict[tuple[int, int, int], int] = defaultdict(int)
        self._now = 0
        self._attempts: Counter[tuple[int, int, int]] = Counter()
        self._loose: set[int] = set()  # orders with a line that left its parcel, or that are new
        self._shorts: list[tuple[int, int]] = []  # expected: parcel, line
        self._reopens: list[int] = []  # expected: lines
        self._reorders: list[int] = []  # expected: receipts
        self._announces: list[int] = []  # expected: receipts
        self._fresh: set[int] = set()  # parcels that may be released in this second
        self.reorders: list[tuple[int, Receipt]] = []
        self._due: dict[int, list[int]] = defaultdict(list)  # presale parcels by their date
        self._num_announced = 0
        self._first_receipt = num_reordered(trace.network)
        self._review_at: int | None = 0 if self._first_receipt else None

    # Lines and parcels.

    def _cost(self, decision_id: int, line: int, part: int, amount: int) -> None:
        self.costs[decision_id, self.tariffs.order[line], part] += amount

    def _end(self, line: int, status: int) -> None:
        assert not self.ended[line]
        self.ended[line] = status

    def _move(self, line: int, warehouse: int, **signs: int) -> None:
        for name, sign in signs.items():
            self.stock[name][warehouse, self.tariffs.sku[line]] += sign * self.tariffs.units[line]

    def _enter(self, parcel: int, stage: str) -> None:
        life = self.parcels[parcel]
        self.in_stage[life.stage, life.warehouse].discard(parcel)
        self.in_stage[stage, life.warehouse].add(parcel)
        life.stage = stage

    def _plan(self, order: int, decision_id: int, place: tuple[int, int], lines: list[int]) -> None:
        attempt = self._attempts[order, *place]
        self._attempts[order, *place] += 1
        for line in lines:
            self.parcel_of[line] = len(self.parcels)
            self._move(line, place[0], allocated=1)
        self.parcels.append(Parcel(order, decision_id, *place, attempt, self._now, lines))
        self._enter(len(self.parcels) - 1, LATER)
        self._fresh.add(len(self.parcels) - 1)

    def _leave(self, line: int) -> None:
        """A line leaves its parcel before it travels; the caller sees to what was picked."""
        parcel = int(self.parcel_of[line])
        life = self.parcels[parcel]
        life.lines.remove(line)
        self.parcel_of[line] = -1
        self._loose.add(self.tariffs.order[line])
        if life.stage in (CLAIMED, LATER):
            waited = self.tariffs.waited(line, life.planned_at, self._now)
            self._cost(life.decision_id, line, costs.WAITING, waited)
        if life.stage in (LATER, QUEUED):
            self._move(line, life.warehouse, allocated=-1)
        if life.lines:
            return
        for receipt in self.receipts.values():
            if parcel in receipt.claims:
                receipt.claims.remove(parcel)
        if life.collection != NONE:
            self.booked[life.collection] -= 1
        self._enter(parcel, VOID)

    def _reopened(self, _order, parcel, line, _place) -> None:
        assert self._reopens.pop(0) == line
        if self.parcel_of[line] >= 0:
            assert self.parcel_of[line] == parcel
            self._leave(line)

    # Goods come.

    def claimed_units(self, receipt: Receipt) -> int:
        """Units of a receipt that parcels wait for."""
        return sum(self.tariffs.units[line] for parcel in receipt.claims for line in self.parcels[parcel].lines)

    def _receipt_announced(self, receipt, _parcel, number, _place) -> None:
        if number >= self._first_receipt:
            row = self.future.receipts[number - self._first_receipt]
            assert max(0, row["announced_at"]) == self._now
            self._num_announced += 1
            names = ("warehouse", "sku", "expected_units", "actual_at", "actual_units")
            self.receipts[number] = Receipt(*(int(row[name]) for name in names))
        else:
            assert self._announces.pop(0) == number
        assert number in self.receipts

    def _reordered(self, _order, _parcel, number, _place) -> None:
        self._review(self._now)
        assert self._reorders.pop(0) == number
        warehouse, sku = divmod(number, self.network.stock.shape[1])
        units = int(self.network.stock["order_up_to_units"][warehouse, sku]) - self._position(warehouse, sku)
        key, times = self.future.suppliers["luck_key"][warehouse], self._now // self.tariffs.rule["review_seconds"]
        table = self.network.warehouses["lead_table"][warehouse]
        lead = tables.draw(self.network.tables, table, np.uint64(luck(key, LEAD, sku, times, 0)))
        self.receipts[number] = Receipt(warehouse, sku, units, self._now + max(1, int(lead)), units)
        self._announces.append(number)
        self.reorders.append((self._now, self.receipts[number]))

    def _position(self, warehouse: int, sku: int) -> int:
        """Units available and on order."""
        own = [row for row in self.receipts.values() if (row.warehouse, row.sku) == (warehouse, sku)]
        on_order = sum(row.expected_units - self.claimed_units(row) for row in own)
        return int(self.stock["on_hand"][warehouse, sku] - self.stock["allocated"][warehouse, sku]) + on_order

    def _review(self, until: int) -> None:
        """Works out what reviews up to a second order, once each."""
        cells = self.network.stock
        while self._review_at is not None and self._review_at <= until:
            for warehouse, sku in np.argwhere(cells["order_up_to_units"] > 0).tolist():
                number = warehouse * cells.shape[1] + sku
                is_due = self._position(warehouse, sku) <= cells["reorder_point_units"][warehouse, sku]
                if number not in self.receipts and is_due:
                    self._reorders.append(number)
            following = self._review_at + self.tariffs.rule["review_seconds"]
            self._review_at = following if following < self.tariffs.rule["horizon_seconds"] else None

    def _receipt_arrived(self, _order, _parcel, number, _place) -> None:
        row = self.receipts.pop(number)
        assert row.actual_at == self._now
        for name in ("on_hand", "received"):
            self.stock[name][row.warehouse, row.sku] += row.actual_units
        left, is_short = row.actual_units, False
        for parcel in row.claims:
            units = self.claimed_units(Receipt(0, 0, 0, 0, 0, [parcel]))
            is_short = is_short or units > left
            if is_short:
                self._reopens += self.parcels[parcel].lines
            else:
                left -= units
                self._enter(parcel, LATER)
                self._fresh.add(parcel)
                for line in self.parcels[parcel].lines:
                    self._move(line, row.warehouse, allocated=1)

    def _claimed(self, _order, parcel, number, _place) -> None:
        life, row = self.parcels[parcel], self.receipts[number]
        self._enter(parcel, CLAIMED)
        for line in life.lines:
            assert (life.warehouse, self.tariffs.sku[line]) == (row.warehouse, row.sku)
            self._move(line, life.warehouse, allocated=-1)
        row.claims.append(parcel)
        life.receipt = number
        assert self.claimed_units(row) <= row.expected_units

    def _release_due(self, _order, parcel, release_at, _place) -> None:
        self._due[release_at].remove(parcel)
        assert release_at == self._now
        assert self.parcels[parcel].stage == LATER
        self._fresh.add(parcel)

    def _end_goods(self) -> None:
        """What a second should have brought: announcements, arrivals, releases; nothing is promised twice."""
        announced = np.maximum(0, self.future.receipts["announced_at"])
        assert self._num_announced == (announced <= self._now).sum()
        assert all(row.actual_at > self._now for row in self.receipts.values())
        assert not [p for p in self._due.pop(self._now, ()) if self.parcels[p].stage == LATER], "not released"
        for parcel in self._fresh:
            life = self.parcels[parcel]
            if life.stage == LATER:
                date = max(self.tariffs.ship_from[line] for line in life.lines)
                assert date > self._now, "goods and date are there"
                self._due[date].append(parcel)
        self._fresh.clear()
        assert (self.stock["allocated"] <= self.stock["on_hand"]).all()
        assert not self._announces
