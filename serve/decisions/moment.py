"""The moment of a decision: what the database knows, as the snapshot document that a caller would have sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, or_, select

from agents.documents import (
    SNAPSHOT_SCHEMA,
    OrderDocument,
    SnapshotDocument,
    StationDocument,
    StockDocument,
)
from agents.light_documents import (
    LightBooking,
    LightInterruption,
    LightPunctuality,
    LightReceipt,
    LightSnapshot,
    LightStation,
    LightStock,
    light_table,
)
from scenarios.local_time import format_utc
from serve.orders.demand_seen import hour_of, read_demand
from serve.orders.known import Known
from serve.storage import tables
from serve.storage.sending import fetch, named, placeholders


def read_moment(
    tx: Connection, known: Known, order: OrderDocument, now: int, fresh: OrderDocument | None
) -> SnapshotDocument:
    """What a router may know now of all that the order can depend on.

    Args:
        tx: a reading transaction.
        known: the bundle's network.
        order: what is to be decided.
        now: UTC seconds.
        fresh: what of it is new and counts as demand now.

    Raises:
        InputError: the calendar of a replayed simulation has ended.
    """
    known.check_time(now)
    skus = [line.sku for line in order.lines]
    return LightSnapshot(
        schema_version=SNAPSHOT_SCHEMA,
        now=format_utc(now),
        stock=_stock(tx, known, skus),
        stations=_stations(tx, known),
        demand=read_demand(tx, order, hour_of(now, known.epoch), fresh),
        bookings=light_table(LightBooking, fetch(tx, _BOOKINGS, now=now)),
        receipts=light_table(LightReceipt, fetch(tx, _receipts_of(len(skus)), **named(skus))),
        punctuality=light_table(LightPunctuality, fetch(tx, _PUNCTUALITY)),
        interruptions=light_table(LightInterruption, fetch(tx, _INTERRUPTIONS, now=now)),
        calendar_end=None if known.calendar_end is None else _utc(known.calendar_end),
    )


def _columns(table: Table, document: Any, *left_out: str) -> list[Any]:
    """Those that a document has, in its order."""
    return [table.c[name] for name in document.__struct_fields__ if name not in left_out]


_stock_row, _receipt_row, _booking_row = tables.stock.c, tables.receipts.c, tables.bookings.c
_STATIONS = select(*_columns(tables.stations, LightStation, "busy_until"))
_PICKS = select(tables.picks.c.warehouse, tables.picks.c.expected_finish_at).order_by(
    tables.picks.c.expected_finish_at.desc()
)
_PUNCTUALITY = select(*_columns(tables.punctuality, LightPunctuality))
_BOOKINGS = select(*_columns(tables.bookings, LightBooking)).where(
    _booking_row.collection_at >= bindparam("now"),
    or_(_booking_row.booked_parcels > 0, _booking_row.capacity_parcels.is_not(None)),
)
_INTERRUPTIONS = select(*_columns(tables.interruptions, LightInterruption)).where(
    tables.interruptions.c.until > bindparam("now")
)


@cache
def _stock_of(number: int) -> Select[Any]:
    """Of so many SKUs."""
    return select(*_columns(tables.stock, LightStock)).where(_stock_row.sku.in_(placeholders(number)))


@cache
def _receipts_of(number: int) -> Select[Any]:
    of_skus = _receipt_row.sku.in_(placeholders(number))
    rows = select(*_columns(tables.receipts, LightReceipt)).where(of_skus, _receipt_row.is_open)
    return rows.order_by(_receipt_row.number)


_utc = lru_cache(maxsize=8192)(format_utc)

_SKU = LightStock.__struct_fields__.index("sku")  # type: ignore[attr-defined]


def _stock(tx: Connection, known: Known, skus: list[str]) -> Sequence[StockDocument]:
    rows = fetch(tx, _stock_of(len(skus)), **named(skus))
    found = {row[_SKU] for row in rows}
    nowhere = known.names.warehouses[0]
    return light_table(LightStock, rows + [(nowhere, sku, 0, 0, 0, None) for sku in sorted(set(skus) - found)])


def _stations(tx: Connection, known: Known) -> Sequence[StationDocument]:
    running: dict[str, list[str]] = {}
    for warehouse, finish_at in fetch(tx, _PICKS):
        finishes = running.setdefault(warehouse, [])
        if len(finishes) < known.num_stations[warehouse]:
            finishes.append(_utc(finish_at))
    rows = [
        # corrected counts may leave a rest of the queue's work
        (warehouse, num_open, running.get(warehouse, ()), queued, seconds if queued else 0)
        for warehouse, num_open, queued, seconds in fetch(tx, _STATIONS)
    ]
    return light_table(LightStation, rows)
