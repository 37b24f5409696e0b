"""The moment of a decision: what the database knows, as the snapshot document that a caller would have sent."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from agents.documents import SNAPSHOT_SCHEMA, OrderDocument, ReceiptDocument, SnapshotDocument
from scenarios.local_time import format_utc
from serve import tables
from serve.demand_seen import hour_of, read_demand
from serve.known import Known


def read_moment(tx: Connection, known: Known, order: OrderDocument, now: int, is_new: bool) -> SnapshotDocument:
    """What a router may know now of all that the order can depend on.

    Args:
        tx: a reading transaction.
        known: the bundle's network.
        order: what is to be decided.
        now: UTC seconds.
        is_new: whether the order itself counts as demand now.
    """
    skus = [line.sku for line in order.lines]
    return SnapshotDocument.model_validate(
        {
            "schema": SNAPSHOT_SCHEMA,
            "now": format_utc(now),
            "stock": _stock(tx, known, skus),
            "stations": _stations(tx, known),
            "demand": read_demand(tx, order, hour_of(now, known.epoch), is_new),
            "bookings": _timed(_rows(tx, _BOOKINGS, now=now), "collection_at"),
            "receipts": _timed(_rows(tx, _RECEIPTS, skus=skus), "expected_at"),
            "punctuality": _rows(tx, _PUNCTUALITY),
            "interruptions": _timed(_rows(tx, _INTERRUPTIONS, now=now), "until"),
        }
    )


_stock_row, _receipt_row, _booking_row = tables.stock.c, tables.receipts.c, tables.bookings.c
_STOCK = select(tables.stock).where(_stock_row.sku.in_(bindparam("skus", expanding=True)))
_STATIONS = select(tables.stations)
_PICKS = select(tables.picks).order_by(tables.picks.c.expected_finish_at.desc())
_PUNCTUALITY = select(tables.punctuality)
_BOOKINGS = select(tables.bookings).where(
    _booking_row.collection_at >= bindparam("now"), _booking_row.booked_parcels > 0
)
_INTERRUPTIONS = select(tables.interruptions).where(tables.interruptions.c.until > bindparam("now"))
_RECEIPTS = (
    select(*(_receipt_row[name] for name in ReceiptDocument.model_fields))
    .where(_receipt_row.sku.in_(bindparam("skus", expanding=True)), _receipt_row.is_open)
    .order_by(_receipt_row.number)
)

_utc = lru_cache(maxsize=8192)(format_utc)
"""Collections are many, and the same for all orders of a day."""


def _rows(tx: Connection, query: Select[Any], **values: Any) -> list[dict[str, Any]]:
    found = tx.execute(query, values)
    names = list(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]


def _stock(tx: Connection, known: Known, skus: list[str]) -> list[dict[str, Any]]:
    rows = _rows(tx, _STOCK, skus=skus)
    nowhere = set(skus) - {row["sku"] for row in rows}
    return rows + [{"sku": sku, "warehouse": known.names.warehouses[0], "on_hand_units": 0} for sku in sorted(nowhere)]


def _stations(tx: Connection, known: Known) -> list[dict[str, Any]]:
    running: dict[str, list[str]] = {}
    for pick in tx.execute(_PICKS):
        finishes = running.setdefault(pick.warehouse, [])
        if len(finishes) < known.num_stations[pick.warehouse]:
            finishes.append(format_utc(pick.expected_finish_at))
    rows = _rows(tx, _STATIONS)
    for row in rows:
        row["busy_until"] = running.get(row["warehouse"], [])
        if not row["num_queued"]:  # corrected counts may leave a rest
            row["queued_seconds"] = 0
    return rows


def _timed(rows: list[dict[str, Any]], field: str) -> list[dict[str, Any]]:
    """With a time as documents write it."""
    for row in rows:
        row[field] = _utc(row[field])
    return rows
