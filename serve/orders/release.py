"""The release of a parcel whose goods and date have come: it joins the pick queue and gets room on a collection."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, func, select

from envs.shifts import after_open_seconds
from serve.orders.changes import Changes
from serve.orders.known import Known
from serve.orders.parcel import book, set_stage
from serve.storage import tables


def release(tx: Connection, known: Known, changes: Changes, parcel: Row[Any], now: int) -> None:
    """Moves a parcel into the queue and onto the first collection with room; the rule is ``envs.receiving.release``."""
    network = known.network(now)
    start, w = int(network.settings["epoch_seconds"][0]), known.names.warehouses.index(parcel.warehouse)
    ahead = _seconds_ahead(tx, parcel.warehouse, now, changes.queues[parcel.warehouse])
    ready_at = start + int(after_open_seconds(network, w, now - start, ahead)) + parcel.pick_seconds
    pair = network.pairs[w, known.names.services.index(parcel.service)]
    first, count = int(pair["first_collection"]), int(pair["num_collections"])
    rows = network.collections[first : first + count]
    interrupted_until = _interrupted_until(tx, parcel)
    earliest = max(ready_at, interrupted_until)
    place = min(int(np.searchsorted(rows["time_seconds"], earliest - start)), count - 1)
    booked, told = _booked(tx, parcel, earliest)
    while place < count - 1:  # the last one is where the calendar ends: without limit, and not booked
        key = (start + int(rows["time_seconds"][place]), parcel.warehouse, parcel.service)
        room = told.get(key[0], int(rows["capacity_parcels"][place]))
        if booked.get(key[0], 0) + changes.bookings.get(key, 0) < room:
            break
        place += 1
    at = start + int(rows["time_seconds"][place])
    is_real = place < count - 1 or at == known.calendar_end
    if is_real:
        room = told.get(at, int(rows["capacity_parcels"][place]))
        book(changes, (at, parcel.warehouse, parcel.service), room)
    changes.queue(parcel.warehouse, 1, parcel.pick_seconds)
    changes.awaited[at, parcel.warehouse, parcel.service] = interrupted_until
    set_stage(tx, parcel, "queued", collection_at=at, is_booked=is_real, queued_at=now)


def _seconds_ahead(tx: Connection, warehouse: str, now: int, joined: list[int]) -> int:
    """Open seconds until the next pick starts, as ``envs.picking.start_of_next_pick`` expects them.

    ``joined`` are parcels and their work that join the queue in this transaction, too.
    """
    station, pick = tables.stations.c, tables.picks.c
    row = tx.execute(select(tables.stations).where(station.warehouse == warehouse)).one_or_none()
    if row is None:
        return 0
    finishes = tx.execute(select(pick.expected_finish_at).where(pick.warehouse == warehouse)).scalars().all()
    num_open = max(1, row.num_open)
    if row.num_queued + joined[0] <= 0 and len(finishes) < num_open:
        return 0
    work = row.queued_seconds + joined[1] + sum(max(0, at - now) for at in finishes)
    return -(-work // num_open)


def _interrupted_until(tx: Connection, parcel: Row[Any]) -> int:
    row = tables.interruptions.c
    where = (row.warehouse == parcel.warehouse, row.service == parcel.service)
    return int(tx.execute(select(func.max(row.until)).where(*where)).scalar() or 0)


def _booked(tx: Connection, parcel: Row[Any], earliest: int) -> tuple[dict[int, int], dict[int, int]]:
    """Parcels on collections, by their time, and capacities of those of which the carrier has said it."""
    row = tables.bookings.c
    where = (row.warehouse == parcel.warehouse, row.service == parcel.service, row.collection_at >= earliest)
    found = tx.execute(select(row.collection_at, row.booked_parcels, row.capacity_parcels).where(*where)).all()
    told = {at: capacity for at, _, capacity in found if capacity is not None}
    return {at: parcels for at, parcels, _ in found}, told
