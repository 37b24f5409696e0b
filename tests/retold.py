"""What really happened, retold from the event log and the trace alone: an oracle beside the arrays of the rules.

Lives of lines and parcels, stock, receipts, bookings and what everything has cost in the end are worked out here
a second time, in plain Python. Whatever cannot happen fails where it is told; what must happen is expected, and fails
when the second is over.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from envs import costs
from envs.hidden import CANCELLED, DECLINED
from envs.log import Kind
from envs.pricer import Pricer
from envs.state import MAX_HOLD_SECONDS, MAX_HOLDS, MAX_LINES
from scenarios.trace import Trace
from tests.retold_goods import CLAIMED, DEPARTED, LATER, QUEUED, VOID
from tests.retold_trucks import Trucks

LINE_PARTS = (costs.LOST_MARGIN, costs.LATENESS, costs.WAITING)
"""Parts that belong to a line; the others belong to a parcel, which orders decided together may share."""


class Retold(Trucks):
    """The state of a world, told event by event.

    Attributes:
        num_decisions: told so far.
        impatient: orders with cancelled lines.
        closed: orders in the sequence in which they ended.
        num_kinds: events told, by kind.

    Args:
        trace: what happened.
        pricer: who solved bid prices, if anybody.
    """

    def __init__(self, trace: Trace, pricer: Pricer | None = None) -> None:
        super().__init__(trace)
        self._pricer, self._prices_at, self._solved_at = pricer, 0, 0
        self.num_decisions, self.latest, self.asked = 0, defaultdict(int), []
        self.closed: list[int] = []
        self.num_kinds: Counter[Kind] = Counter()
        self.members: dict[int, list[int]] = {}  # orders of a group
        self.group_of: dict[int, int] = {}
        self.held_since: dict[int, int] = {}
        self.impatient: set[int] = set()
        self._num_told = 0
        self._last_order: dict[tuple[int, int], int] = {}
        self._deadlines: dict[int, list[int]] = defaultdict(list)
        self._holds: dict[int, list[int]] = defaultdict(list)
        self._plans: dict[int, set[int]] = defaultdict(set)
        self._joins: list[int] = []  # expected: group that the order joins
        self._causes: list[int] = []  # groups about to be asked

    @property
    def now(self) -> int:
        """Second of the last event told."""
        return self._now

    def tell(self, events: np.ndarray) -> None:
        """Goes on with the rows of the event log that were not told yet."""
        for time, kind, order, parcel, warehouse, service, value in events[self._num_told :].tolist():
            if time != self._now:
                self._end_second(time)
            self.num_kinds[Kind(kind)] += 1
            if parcel >= 0 and kind not in (Kind.PLANNED, Kind.LINE_CANCELLED):
                assert (warehouse, service) == (self.parcels[parcel].warehouse, self.parcels[parcel].service)
            getattr(self, f"_{Kind(kind).name.lower()}")(order, parcel, value, (warehouse, service))
        self._num_told = len(events)

    def finish(self) -> None:
        """No event follows."""
        assert all(
            len(rows) == 0 or self._now >= rows["starts_at"][-1] for rows in (self.future.outages, self.future.regimes)
        )
        self._end_second(max(self._now + 1, int(self.network.settings["horizon_seconds"][0])))
        assert self.ended.all()
        assert sorted(self.closed) == list(range(len(self.future.orders)))
        assert {life.stage for life in self.parcels} <= {DEPARTED, VOID}

    def _end_second(self, time: int) -> None:
        """Nothing is left undecided unless it is held, and what was to be expected has happened."""
        assert time > self._now
        self._review(self._now)
        for order in self._loose:
            group = self.group_of[order]
            assert group in self.held_since or not self._undecided(group), "lines were not decided"
        self._loose.clear()
        for order in self._deadlines.pop(self._now, ()):
            for line in self.lines_of(order):
                assert self.ended[line] or self.tariffs.is_presale[line] or not self._is_waiting(line), "not cancelled"
        assert self._pricer is None or self._prices_at >= time or self.ended.all(), "prices did not come into force"
        assert not any((self._joins, self._shorts, self._reopens, self._reorders, self._causes))
        self._end_goods()
        self._end_trucks()
        self._review(time - 1)
        assert not self._reorders
        self._now = time

    def lines_of(self, order: int) -> range:
        """Numbers of an order's lines."""
        row = self.future.orders[order]
        return range(row["first_line"], row["first_line"] + row["num_lines"])

    def _undecided(self, group: int) -> list[int]:
        lines = (line for order in self.members[group] for line in self.lines_of(order))
        return [line for line in lines if not self.ended[line] and self.parcel_of[line] < 0]

    def _is_waiting(self, line: int) -> bool:
        parcel = self.parcel_of[line]
        return parcel < 0 or self.parcels[parcel].stage in (CLAIMED, LATER, QUEUED)

    def _order_arrived(self, order, _parcel, promise_at, _place) -> None:
        row = self.future.orders[order]
        assert (row["arrival_seconds"], row["promise_at"]) == (self._now, promise_at)
        self.members[order], self.group_of[order] = [order], order
        self._loose.add(order)
        self._deadlines[int(row["arrival_seconds"] + row["patience_seconds"])].append(order)
        customer = (int(row["customer_id"]), int(row["region"]))
        group = self.group_of.get(self._last_order.get(customer, -1))
        self._last_order[customer] = order
        if group in self.held_since and self._undecided(group):
            lines = [*self._undecided(group), *self.lines_of(order)]
            if len({self.tariffs.sku[line] for line in lines}) == len(lines) <= MAX_LINES:
                self._joins.append(group)
        self._causes.append(order)

    def _joined(self, order, _parcel, group, _place) -> None:
        assert self._joins.pop() == group
        assert group not in self.held_since
        assert self._causes == [group, order]  # the hold has ended
        self._causes.pop()
        self.members[group] += self.members.pop(order)
        self.group_of[order] = group

    def _held(self, group, _parcel, until, _place) -> None:
        assert self.group_of[group] == group
        assert until - self._now in {int(self.tariffs.rule[f"hold_{name}_seconds"]) for name in ("short", "long")}
        self.held_since[group] = self._now
        self._holds[group].append(until - self._now)
        assert len(self._holds[group]) <= MAX_HOLDS
        assert sum(self._holds[group]) <= MAX_HOLD_SECONDS

    def _hold_ended(self, group, _parcel, lasted, _place) -> None:
        assert self._now - self.held_since.pop(group) == lasted
        assert lasted <= self._holds[group][-1]
        self._holds[group][-1] = lasted
        self._loose.add(group)
        if self._undecided(group):
            self._causes.insert(0, group)
        for line in self._undecided(group):
            decision_id = self.latest[self.tariffs.order[line]]
            self._cost(decision_id, line, costs.WAITING, self.tariffs.held(lasted))

    def _prices_in(self, _order, _parcel, solved_at, _place) -> None:
        assert self._pricer is not None
        assert (self._now, solved_at) == (self._prices_at, self._solved_at)
        assert not self.ended.all()
        assert not self._causes
        self._solved_at += self._pricer.interval_seconds
        self._prices_at = self._solved_at + self._pricer.delay_seconds

    def _asked_again(self, order, _parcel, num_lines, _place) -> None:
        assert len(self._undecided(self.group_of[order])) == num_lines
        self._causes.append(self.group_of[order])

    def _decided(self, order, _parcel, _slot, _place) -> None:
        self._review(self._now)
        assert not self._joins
        assert self._causes == [self.group_of[order]]
        self._causes.clear()
        self.asked = self._undecided(self.group_of[order])
        assert self.tariffs.order[self.asked[0]] == order
        for line in self.asked:
            self.latest[self.tariffs.order[line]] = self.num_decisions
        self.num_decisions += 1

    def _declined(self, _order, _parcel, decision_id, _place) -> None:
        assert decision_id == self.num_decisions - 1
        for line in self.asked:
            self._cost(decision_id, line, costs.LOST_MARGIN, self.tariffs.margin[line])
            self._end(line, DECLINED)

    def _line_cancelled(self, order, parcel, line, _place) -> None:
        self._review(self._now)
        row = self.future.orders[order]
        assert row["arrival_seconds"] + row["patience_seconds"] == self._now
        assert self.tariffs.order[line] == order
        assert not self.tariffs.is_presale[line]
        assert self._is_waiting(line)
        assert self.parcel_of[line] == parcel
        if parcel >= 0:
            self._leave(line)
        elif self.group_of[order] in self.held_since:
            held = self.tariffs.held(self._now - self.held_since[self.group_of[order]])
            self._cost(self.latest[order], line, costs.WAITING, held)
        self._cost(self.latest[order], line, costs.LOST_MARGIN, self.tariffs.margin[line])
        self._end(line, CANCELLED)
        self.impatient.add(order)

    def _order_closed(self, order, _parcel, num_parcels, _place) -> None:
        assert all(self.ended[line] for line in self.lines_of(order))
        assert num_parcels == len(self._plans[order])
        self.closed.append(order)

    def _planned(self, order, parcel, mask, place) -> None:
        lines = [line for i, line in enumerate(self.asked) if mask >> i & 1]
        assert parcel == len(self.parcels)
        assert self.tariffs.order[lines[0]] == order
        for line in lines:
            assert not self.ended[line]
            assert self.parcel_of[line] == -1
            self._plans[self.tariffs.order[line]].add(parcel)
        self._plan(order, self.num_decisions - 1, place, lines)
