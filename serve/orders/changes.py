"""Changes of what is shared: units, claims, room, queues. The one place where any of them goes up or down.

Each is one ``UPDATE`` that holds only if what must not be will not be. They are made in one order of tables and keys,
so that transactions never wait for each other in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, case, func, or_, select, update

from serve.storage import tables
from serve.storage.database import insert_new, is_written
from serve.storage.sending import change, change_each, fetch

FOREVER_ROOM = 1 << 62


class Taken(Exception):
    """What was free when it was looked at has gone meanwhile. The argument says what."""


def _pair() -> list[int]:
    return [0, 0]


@dataclass(slots=True)
class Changes:
    """Sums of changes, made at once by ``make``.

    Attributes:
        stock: (sku, warehouse) to [on hand, allocated] units.
        claims: receipt id to units.
        bookings: (collection at, warehouse, service) to parcels.
        room: capacity of those collections where it limits, unless the carrier has said another one by now.
        queues: warehouse to [parcels, seconds].
        awaited: the same collections as in ``bookings``, or others, for which parcels in the queues wait, to the UTC
            second until which the service was known to be interrupted there.
    """

    stock: defaultdict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(_pair))
    claims: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    bookings: defaultdict[tuple[int, str, str], int] = field(default_factory=lambda: defaultdict(int))
    room: dict[tuple[int, str, str], int] = field(default_factory=dict)
    queues: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(_pair))
    awaited: dict[tuple[int, str, str], int] = field(default_factory=dict)

    def move(self, sku: str, warehouse: str, *, on_hand: int = 0, allocated: int = 0) -> None:
        """Units that come, go, or are promised."""
        cell = self.stock[sku, warehouse]
        cell[0] += on_hand
        cell[1] += allocated

    def queue(self, warehouse: str, parcels: int, seconds: int) -> None:
        """Parcels that join or leave a pick queue, and their expected work."""
        row = self.queues[warehouse]
        row[0] += parcels
        row[1] += seconds

    def make(self, tx: Connection) -> None:
        """Makes all of them.

        Raises:
            Taken: units, claims, room or a collection are not there any more; the transaction must be given up.
        """
        moves: list[dict[str, Any]] = [
            {"of_sku": sku, "at": warehouse, "on_hand": on_hand, "allocated": allocated}
            for (sku, warehouse), (on_hand, allocated) in sorted(self.stock.items())
            if on_hand or allocated
        ]
        if any(0 <= row["allocated"] <= row["on_hand"] for row in moves):
            for row in moves:
                _move(tx, row)
        else:  # of what has a row already, as decisions take it
            done = change_each(tx, _MOVE, moves)
            _check(done == len(moves), ", ".join(f"{row['of_sku']} at {row['at']}" for row in moves))
        for receipt, units in sorted(self.claims.items()):
            done = change(tx, _CLAIM, of=receipt, units=units)
            _check(done, f"receipt {receipt}")
        for key, parcels in sorted(self.bookings.items()):
            self._book(tx, key, parcels)
        queues = [
            {"at": warehouse, "parcels": parcels, "seconds": seconds}
            for warehouse, (parcels, seconds) in sorted(self.queues.items())
        ]
        change_each(tx, _QUEUE, queues)
        if self.awaited:  # last: outages change the rows of queues, too, so one of both sees the other
            self._check_awaited(tx)

    def _check_awaited(self, tx: Connection) -> None:
        rows = fetch(tx, _INTERRUPTED, earliest=min(at for at, _, _ in self.awaited))
        until = {(warehouse, service): until for warehouse, service, until in rows}
        for (at, warehouse, service), known_until in self.awaited.items():
            # what was known has been minded, as far as the calendar goes
            comes = until.get((warehouse, service), 0) <= max(at, known_until)
            _check(comes, f"the collection at {warehouse} by {service}")

    def _book(self, tx: Connection, key: tuple[int, str, str], parcels: int) -> None:
        at, warehouse, service = key
        if parcels <= 0:
            change(tx, _UNBOOK, time=at, at=warehouse, by=service, parcels=parcels)
            return
        room = self.room.get(key, FOREVER_ROOM)
        booked = {"collection_at": at, "warehouse": warehouse, "service": service, "booked_parcels": parcels}
        has_room = parcels <= room and is_written(tx, tables.bookings, _add_booking, {**booked, "room": room})
        _check(has_room, f"room at {warehouse} for {service}")


def _not_below_zero(value: Any) -> Any:
    """A queue or a count of parcels that was corrected from outside may be lower than what leaves it."""
    return case((value > 0, value), else_=0)


_interruption = tables.interruptions.c
_INTERRUPTED = select(_interruption.warehouse, _interruption.service, _interruption.until).where(
    _interruption.until > bindparam("earliest", type_=BigInteger)
)
_cell, _receipt, _booking, _station = tables.stock.c, tables.receipts.c, tables.bookings.c, tables.stations.c
_on_hand, _allocated = (_cell.on_hand_units + bindparam("on_hand"), _cell.allocated_units + bindparam("allocated"))
_claimed = _receipt.claimed_units + bindparam("units", type_=BigInteger)
_parcels = bindparam("parcels", type_=BigInteger)

_MOVE = (
    update(tables.stock)
    .where(_cell.sku == bindparam("of_sku"), _cell.warehouse == bindparam("at"))
    .where(_allocated >= 0, _on_hand >= _allocated)
    .values(on_hand_units=_on_hand, allocated_units=_allocated)
)
_CLAIM = (
    update(tables.receipts)
    .where(_receipt.id == bindparam("of"), _claimed >= 0)
    # More can be claimed of what is to come only; less at any time.
    .where(or_(_claimed <= _receipt.claimed_units, (_claimed <= _receipt.expected_units) & _receipt.is_open))
    .values(claimed_units=_claimed)
)
_UNBOOK = (
    update(tables.bookings)
    .where(_booking.collection_at == bindparam("time"), _booking.warehouse == bindparam("at"))
    .where(_booking.service == bindparam("by"))
    .values(booked_parcels=_not_below_zero(_booking.booked_parcels + _parcels))
)
_QUEUE = (
    update(tables.stations)
    .where(_station.warehouse == bindparam("at"))
    .values(
        num_queued=_not_below_zero(_station.num_queued + _parcels),
        queued_seconds=_not_below_zero(_station.queued_seconds + bindparam("seconds", type_=BigInteger)),
    )
)


def _add_booking(statement: Any) -> Any:
    booked = _booking.booked_parcels + statement.excluded.booked_parcels
    return statement.on_conflict_do_update(
        index_elements=tables.bookings.primary_key.columns,
        set_={"booked_parcels": booked},
        where=booked <= func.coalesce(_booking.capacity_parcels, bindparam("room", type_=BigInteger)),
    )


def _move(tx: Connection, values: dict[str, Any]) -> None:
    done = bool(change(tx, _MOVE, **values))
    sku, warehouse, on_hand, allocated = values["of_sku"], values["at"], values["on_hand"], values["allocated"]
    if not done and 0 <= allocated <= on_hand:  # the first units that were ever here, unless the row is there
        first = {"sku": sku, "warehouse": warehouse, "on_hand_units": on_hand, "allocated_units": allocated}
        done = insert_new(tx, tables.stock, **first)
    _check(done, f"{sku} at {warehouse}")


def _check(is_done: int | bool, what: str) -> None:
    if not is_done:
        raise Taken(what)
