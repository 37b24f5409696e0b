"""The moment of a decision: what the database knows, as the snapshot document that a caller would have sent."""

from __future__ import annotations

from sqlalchemy import Connection, select

from agents.documents import SNAPSHOT_SCHEMA, OrderDocument, SnapshotDocument
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
            "bookings": _bookings(tx, now),
            "receipts": _receipts(tx, skus),
            "punctuality": [dict(row._mapping) for row in tx.execute(select(tables.punctuality))],
            "interruptions": _interruptions(tx, now),
        }
    )


def _stock(tx: Connection, known: Known, skus: list[str]) -> list[dict[str, object]]:
    rows = [dict(row._mapping) for row in tx.execute(select(tables.stock).where(tables.stock.c.sku.in_(skus)))]
    nowhere = set(skus) - {row["sku"] for row in rows}
    return rows + [{"sku": sku, "warehouse": known.names.warehouses[0], "on_hand_units": 0} for sku in sorted(nowhere)]


def _stations(tx: Connection, known: Known) -> list[dict[str, object]]:
    running: dict[str, list[str]] = {}
    for pick in tx.execute(select(tables.picks).order_by(tables.picks.c.expected_finish_at.desc())):
        finishes = running.setdefault(pick.warehouse, [])
        if len(finishes) < known.num_stations[pick.warehouse]:
            finishes.append(format_utc(pick.expected_finish_at))
    return [
        dict(row._mapping)
        | {
            "busy_until": running.get(row.warehouse, []),
            "queued_seconds": row.queued_seconds if row.num_queued else 0,  # corrected counts may leave a rest
        }
        for row in tx.execute(select(tables.stations))
    ]


def _bookings(tx: Connection, now: int) -> list[dict[str, object]]:
    row = tables.bookings.c
    coming = select(tables.bookings).where(row.collection_at >= now, row.booked_parcels > 0)
    return [dict(found._mapping) | {"collection_at": format_utc(found.collection_at)} for found in tx.execute(coming)]


def _receipts(tx: Connection, skus: list[str]) -> list[dict[str, object]]:
    row = tables.receipts.c
    columns = (row.id, row.warehouse, row.sku, row.expected_at, row.expected_units, row.claimed_units)
    announced = select(*columns).where(row.sku.in_(skus), row.is_open).order_by(row.number)
    return [dict(found._mapping) | {"expected_at": format_utc(found.expected_at)} for found in tx.execute(announced)]


def _interruptions(tx: Connection, now: int) -> list[dict[str, object]]:
    lasting = select(tables.interruptions).where(tables.interruptions.c.until > now)
    return [dict(row._mapping) | {"until": format_utc(row.until)} for row in tx.execute(lasting)]
