"""Changes of what is shared: units, claims, room, queues. The one place where any of them goes up or down.

Each is one ``UPDATE`` that holds only if what must not be will not be. They are made in one order of tables and keys,
so that transactions never wait for each other in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import Connection, case, update

from serve import tables
from serve.database import insert, insert_new, is_written

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
        room: capacity of those collections where it limits.
        queues: warehouse to [parcels, seconds].
    """

    stock: defaultdict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(_pair))
    claims: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    bookings: defaultdict[tuple[int, str, str], int] = field(default_factory=lambda: defaultdict(int))
    room: dict[tuple[int, str, str], int] = field(default_factory=dict)
    queues: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(_pair))

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
            Taken: units, claims or room are not there any more; the transaction must be given up.
        """
        for (sku, warehouse), (on_hand, allocated) in sorted(self.stock.items()):
            self._move(tx, sku, warehouse, on_hand, allocated)
        for receipt, units in sorted(self.claims.items()):
            row = tables.receipts.c
            left = row.expected_units - row.claimed_units
            guard = (row.claimed_units + units >= 0) & ((left >= units) & row.is_open if units > 0 else True)
            done = (
                update(tables.receipts).where(row.id == receipt, guard).values(claimed_units=row.claimed_units + units)
            )
            _check(tx.execute(done).rowcount, f"receipt {receipt}")
        for key, parcels in sorted(self.bookings.items()):
            self._book(tx, key, parcels)
        for warehouse, (parcels, seconds) in sorted(self.queues.items()):
            station = tables.stations.c
            tx.execute(
                update(tables.stations)
                .where(station.warehouse == warehouse)
                .values(
                    num_queued=_not_below_zero(station.num_queued + parcels),
                    queued_seconds=_not_below_zero(station.queued_seconds + seconds),
                )
            )

    @staticmethod
    def _move(tx: Connection, sku: str, warehouse: str, on_hand: int, allocated: int) -> None:
        if not on_hand and not allocated:
            return
        row = tables.stock.c
        done = tx.execute(
            update(tables.stock)
            .where(
                row.sku == sku,
                row.warehouse == warehouse,
                row.allocated_units + allocated >= 0,
                row.on_hand_units + on_hand >= row.allocated_units + allocated,
            )
            .values(on_hand_units=row.on_hand_units + on_hand, allocated_units=row.allocated_units + allocated)
        )
        if not done.rowcount and on_hand > 0 and not allocated:  # the first units that were ever here
            fresh = {"sku": sku, "warehouse": warehouse, "on_hand_units": on_hand}
            _check(insert_new(tx, tables.stock, **fresh), f"{sku} at {warehouse}")
            return
        _check(done.rowcount, f"{sku} at {warehouse}")

    def _book(self, tx: Connection, key: tuple[int, str, str], parcels: int) -> None:
        row = tables.bookings.c
        at, warehouse, service = key
        if parcels <= 0:
            where = (row.collection_at == at, row.warehouse == warehouse, row.service == service)
            fewer = _not_below_zero(row.booked_parcels + parcels)
            tx.execute(update(tables.bookings).where(*where).values(booked_parcels=fewer))
            return
        room = self.room.get(key, FOREVER_ROOM)
        _check(parcels <= room, f"room at {warehouse} for {service}")
        fresh = {"collection_at": at, "warehouse": warehouse, "service": service, "booked_parcels": parcels}
        booked = insert(tx, tables.bookings).values(**fresh)
        booked = booked.on_conflict_do_update(
            index_elements=["collection_at", "warehouse", "service"],
            set_={"booked_parcels": row.booked_parcels + parcels},
            where=row.booked_parcels + parcels <= room,
        )
        _check(is_written(tx, booked), f"room at {warehouse} for {service}")


def _not_below_zero(value):  # type: ignore[no-untyped-def]  # any SQL expression of an integer
    """A queue or a count of parcels that was corrected from outside may be lower than what leaves it."""
    return case((value > 0, value), else_=0)


def _check(is_done: int | bool, what: str) -> None:
    if not is_done:
        raise Taken(what)
