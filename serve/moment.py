"""The moment of a decision: what the database knows, as the snapshot document that a caller would have sent."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, select

from agents.documents import (
    SNAPSHOT_SCHEMA,
    BookingDocument,
    Document,
    InterruptionDocument,
    OrderDocument,
    PunctualityDocument,
    ReceiptDocument,
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
)
from scenarios.local_time import format_utc
from serve import tables
from serve.demand_seen import hour_of, read_demand
from serve.known import Known
from serve.sending import fetch, named, placeholders


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
    """
    skus = [line.sku for line in order.lines]
    return LightSnapshot(
        schema_version=SNAPSHOT_SCHEMA,
        now=format_utc(now),
        stock=_stock(tx, known, skus),
        stations=_stations(tx, known),
        demand=read_demand(tx, order, hour_of(now, known.epoch), fresh),
        bookings=[LightBooking(w, s, _utc(at), booked) for w, s, at, booked in fetch(tx, _BOOKINGS, now=now)],
        receipts=[
            LightReceipt(w, sku, _utc(at), expected, name, claimed)
            for name, w, sku, at, expected, claimed in fetch(tx, _receipts_of(len(skus)), **named(skus))
        ],
        punctuality=[LightPunctuality(*row) for row in fetch(tx, _PUNCTUALITY)],
        interruptions=[LightInterruption(w, s, _utc(until)) for w, s, until in fetch(tx, _INTERRUPTIONS, now=now)],
        calendar_end=None if known.calendar_end is None else _utc(known.calendar_end),
    )


def _columns(table: Table, document: type[Document], *left_out: str) -> list[Any]:
    """Those that a document has, in its order."""
    return [table.c[name] for name in document.model_fields if name not in left_out]


_stock_row, _receipt_row, _booking_row = tables.stock.c, tables.receipts.c, tables.bookings.c
_STATIONS = select(*_columns(tables.stations, StationDocument, "busy_until"))
_PICKS = select(tables.picks.c.warehouse, tables.picks.c.expected_finish_at).order_by(
    tables.picks.c.expected_finish_at.desc()
)
_PUNCTUALITY = select(*_columns(tables.punctuality, PunctualityDocument))
_BOOKINGS = select(*_columns(tables.bookings, BookingDocument)).where(
    _booking_row.collection_at >= bindparam("now"), _booking_row.booked_parcels > 0
)
_INTERRUPTIONS = select(*_columns(tables.interruptions, InterruptionDocument)).where(
    tables.interruptions.c.until > bindparam("now")
)


@cache
def _stock_of(number: int) -> Select[Any]:
    """Of so many SKUs."""
    return select(*_columns(tables.stock, StockDocument)).where(_stock_row.sku.in_(placeholders(number)))


@cache
def _receipts_of(number: int) -> Select[Any]:
    of_skus = _receipt_row.sku.in_(placeholders(number))
    rows = select(*_columns(tables.receipts, ReceiptDocument)).where(of_skus, _receipt_row.is_open)
    return rows.order_by(_receipt_row.number)


_utc = lru_cache(maxsize=8192)(format_utc)
"""Collections are many, and the same for all orders of a day."""


def _stock(tx: Connection, known: Known, skus: list[str]) -> list[StockDocument]:
    rows = [LightStock(*row) for row in fetch(tx, _stock_of(len(skus)), **named(skus))]
    nowhere = set(skus) - {row.sku for row in rows}
    return rows + [LightStock(known.names.warehouses[0], sku, 0) for sku in sorted(nowhere)]


def _stations(tx: Connection, known: Known) -> list[StationDocument]:
    running: dict[str, list[str]] = {}
    for warehouse, finish_at in fetch(tx, _PICKS):
        finishes = running.setdefault(warehouse, [])
        if len(finishes) < known.num_stations[warehouse]:
            finishes.append(format_utc(finish_at))
    return [
        # corrected counts may leave a rest of the queue's work
        LightStation(warehouse, num_open, running.get(warehouse, []), queued, seconds if queued else 0)
        for warehouse, num_open, queued, seconds in fetch(tx, _STATIONS)
    ]
