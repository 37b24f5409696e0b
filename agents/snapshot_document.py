"""Snapshots to documents: what the simulator shows, in names and UTC times.

Only rows that the asked order can depend on are written. ``agents.document_reader`` is the way back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.documents import SNAPSHOT_SCHEMA
from envs.prices import Pricing
from envs.snapshot import Snapshot
from envs.state import NONE, Observable
from scenarios.handling import handling_names
from scenarios.local_time import format_utc
from scenarios.network import Network
from scenarios.trace import Names


def to_document(snapshot: Snapshot, names: Names) -> dict[str, Any]:
    """The order being decided and all that its decision may depend on, as JSON values (a ``CaseDocument``)."""
    network, seen = snapshot.network, snapshot.seen
    epoch = int(network.settings["epoch_seconds"][0])
    return {"order": _order(seen, names, epoch), "snapshot": _snapshot(network, seen, names, epoch)}


def _order(seen: Observable, names: Names, epoch: int) -> dict[str, Any]:
    asked = seen.order[0]
    rows = seen.lines[: asked["num_lines"]]
    orders = sorted(set(rows["order"].tolist()))
    lines = []
    for row in rows:
        line: dict[str, Any] = {"sku": names.skus[row["sku"]], "units": int(row["units"])}
        if row["ship_from_seconds"] > 0:
            line["ship_from"] = format_utc(epoch + int(row["ship_from_seconds"]))
        if row["ship_from_seconds"] > 0 or row["promise_at"] != asked["promise_at"]:
            line["promise_at"] = format_utc(epoch + int(row["promise_at"]))
        if asked["num_orders"] > 1:
            line["order"] = orders.index(row["order"])
            line["requirements"] = handling_names(int(row["requirements"]))
        lines.append(line)
    return {
        "id": f"order-{asked['order']}",
        "region": names.regions[asked["region"]],
        "placed_at": format_utc(epoch + int(asked["arrival_seconds"])),
        "promise_at": format_utc(epoch + int(asked["promise_at"])),
        "requirements": handling_names(int(asked["requirements"])),
        "lines": lines,
        "margin_millicents": int(asked["margin_millicents"]),
        "num_holds": int(asked["num_holds"]),
        "held_seconds": int(asked["held_seconds"]),
        "is_again": bool(asked["is_again"]),
    }


def _snapshot(network: Network, seen: Observable, names: Names, epoch: int) -> dict[str, Any]:
    clock = seen.clock[0]
    now = int(clock["now_seconds"])
    skus = [int(sku) for sku in seen.lines["sku"][: seen.order["num_lines"][0]]]
    return {
        "schema": SNAPSHOT_SCHEMA,
        "now": format_utc(epoch + now),
        "stock": _stock(seen, names, skus),
        "stations": [
            {
                "warehouse": names.warehouses[w],
                "num_open": int(row["num_open"]),
                "busy_until": [
                    format_utc(epoch + int(pick["expected_finish_seconds"]))
                    for pick in seen.picks[w]
                    if pick["parcel"] != NONE
                ],
                "num_queued": int(row["num_queued"]),
                "queued_seconds": int(row["queued_seconds"]),
            }
            for w, row in enumerate(seen.stations)
        ],
        "bookings": [
            {
                "warehouse": names.warehouses[row["warehouse"]],
                "service": names.services[row["service"]],
                "collection_at": format_utc(epoch + int(row["time_seconds"])),
                "booked_parcels": int(seen.bookings["booked_parcels"][c]),
            }
            for c in np.flatnonzero(seen.bookings["booked_parcels"])
            if (row := network.collections[c])["time_seconds"] >= now
        ],
        "receipts": [
            {
                "id": f"receipt-{m}",
                "warehouse": names.warehouses[row["warehouse"]],
                "sku": names.skus[row["sku"]],
                "expected_at": format_utc(epoch + int(row["expected_at"])),
                "expected_units": int(row["expected_units"]),
                "claimed_units": int(row["claimed_units"]),
            }
            for m in np.flatnonzero(seen.receipts["is_open"])
            if (row := seen.receipts[m])["sku"] in skus
        ],
        "punctuality": [{"service": names.services[s]} | _fields(row) for s, row in enumerate(seen.punctuality)],
        "interruptions": [
            {
                "warehouse": names.warehouses[w],
                "service": names.services[s],
                "until": format_utc(epoch + int(seen.interruptions["until_seconds"][w, s])),
            }
            for w, s in np.argwhere(seen.interruptions["until_seconds"] > now)
        ],
        "demand": _demand(seen, names, skus),
        "weights": {goal: int(clock[f"weight_{goal}_permille"]) / 1000 for goal in ("cost", "lateness", "carbon")},
        "calendar_end": format_utc(epoch + int(network.settings["end_seconds"][0])),
    }


def _demand(seen: Observable, names: Names, skus: list[int]) -> dict[str, Any]:
    """Orders of the present hour and of the one before; regions that have ordered; the goods that are asked for."""
    return {
        **{field: int(seen.clock[field][0]) for field in ("orders_this_hour", "orders_last_hour")},
        "regions": [
            {"region": names.regions[r]} | _fields(seen.demand[r]) for r in np.flatnonzero(seen.demand["num_orders"])
        ],
        "goods": [
            {"sku": names.skus[sku]} | _fields(seen.goods[sku]) for sku in skus if seen.goods["demanded_units"][sku]
        ],
    }


def _fields(row: np.void) -> dict[str, int]:
    return {str(field): int(row[field]) for field in row.dtype.names or ()}


def _stock(seen: Observable, names: Names, skus: list[int]) -> list[dict[str, Any]]:
    has_prices = seen.clock["pricing"][0] != Pricing.NONE
    rows = []
    for sku in skus:
        for w, cell in enumerate(seen.stock[:, sku]):
            row: dict[str, Any] = {"warehouse": names.warehouses[w], "sku": names.skus[sku]}
            row |= {key: int(cell[key]) for key in ("on_hand_units", "allocated_units", "reference_units")}
            if has_prices:
                row["bid_price_millicents"] = int(cell["bid_price_millicents"])
            rows.append(row)
    return rows
