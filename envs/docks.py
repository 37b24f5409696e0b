"""Docks and collections: booking room, and what leaves when the truck comes."""

from __future__ import annotations

from envs import log
from envs.compiling import inlined, internal
from envs.hidden import DEPARTED
from envs.state import NONE
from envs.touched import touch_order


@inlined
def first_collection(network, seen, warehouse, service, ready_at):
    """First collection at or after ``ready_at`` that comes and has room for one more booking; NONE if none.

    During an interruption none comes but the last one of the pair. That one, at the calendar's end, has room without
    limit and also takes what gets ready after it.
    """
    count = network.pairs[warehouse, service]["num_collections"]
    if count == 0:
        return NONE
    first = network.pairs[warehouse, service]["first_collection"]
    return collection_from(network, seen, warehouse, service, first, ready_at)


@inlined
def collection_from(network, seen, warehouse, service, known, ready_at):
    """``first_collection`` of a pair that has some; those before ``known`` are known to come before ``ready_at``."""
    pair = network.pairs
    last = pair[warehouse, service]["first_collection"] + pair[warehouse, service]["num_collections"] - 1
    earliest = max(ready_at, seen.interruptions[warehouse, service]["until_seconds"])
    found = due_from(network, known, last, earliest)
    while found < last and seen.bookings[found]["booked_parcels"] >= network.collections[found]["capacity_parcels"]:
        found += 1
    return found


@inlined
def due_from(network, low, last, earliest):
    """First collection of low..last at or after ``earliest``, else the last: a few steps, then halving."""
    near = min(last, low + 4)
    while low < near and network.collections[low]["time_seconds"] < earliest:
        low += 1
    if low < near or near == last:
        return low
    high = last
    while low < high:
        middle = (low + high) >> 1
        if network.collections[middle]["time_seconds"] >= earliest:
            high = middle
        else:
            low = middle + 1
    return low


@internal
def bring_to_dock(network, seen, hidden, parcel):
    """A picked parcel waits at its dock by (ready time, id).

    Returns:
        True if the calendar has ended and the parcel leaves at once.
    """
    parcels, docks = hidden.parcels, hidden.docks
    warehouse, service = parcels[parcel]["warehouse"], parcels[parcel]["service"]
    if docks[warehouse, service]["next_collection"] > _last_collection(network, warehouse, service):
        _depart(seen, hidden, parcel, parcels[parcel]["collection"])
        return True
    parcels[parcel]["next_parcel"] = NONE
    last = docks[warehouse, service]["last_parcel"]
    if last == NONE:
        docks[warehouse, service]["first_parcel"] = parcel
    else:
        touch_order(hidden, parcels[last]["order"])
        parcels[last]["next_parcel"] = parcel
    docks[warehouse, service]["last_parcel"] = parcel
    return False


@internal
def _last_collection(network, warehouse, service):
    return (
        network.pairs[warehouse, service]["first_collection"] + network.pairs[warehouse, service]["num_collections"] - 1
    )


@internal
def _depart(seen, hidden, parcel, collection):
    now = seen.clock[0]["now_seconds"]
    touch_order(hidden, hidden.parcels[parcel]["order"])
    hidden.parcels[parcel]["stage"] = DEPARTED
    hidden.parcels[parcel]["departed_at"] = now
    hidden.counters[0]["num_waiting_lines"] -= hidden.parcels[parcel]["num_lines"]
    log.log_event(hidden, now, log.COLLECTED, hidden.parcels[parcel]["order"], parcel, collection)


@internal
def collect(network, seen, hidden, collection):
    """The truck, unless an outage keeps it away, takes waiting parcels up to its capacity; ``hidden.moved`` names them.

    Parcels beyond the capacity roll over to the next one, whether or not that is booked full.

    Returns:
        Number of parcels that left.
    """
    parcels, docks = hidden.parcels, hidden.docks
    warehouse, service = network.collections[collection]["warehouse"], network.collections[collection]["service"]
    docks[warehouse, service]["next_collection"] = collection + 1
    capacity = network.collections[collection]["capacity_parcels"]
    if network.collections[collection]["time_seconds"] < seen.interruptions[warehouse, service]["until_seconds"]:
        log.log_event(hidden, seen.clock[0]["now_seconds"], log.COLLECTION_CANCELLED, NONE, NONE, collection)
        capacity = 0
    parcel = docks[warehouse, service]["first_parcel"]
    num_left = 0
    while parcel != NONE and num_left < capacity:
        _depart(seen, hidden, parcel, collection)
        hidden.moved[num_left] = parcel
        num_left += 1
        parcel = parcels[parcel]["next_parcel"]
    docks[warehouse, service]["first_parcel"] = parcel
    if parcel == NONE:
        docks[warehouse, service]["last_parcel"] = NONE
    while parcel != NONE:
        if parcels[parcel]["collection"] == collection:
            order = parcels[parcel]["order"]
            log.log_event(hidden, seen.clock[0]["now_seconds"], log.ROLLED_OVER, order, parcel, collection)
        parcel = parcels[parcel]["next_parcel"]
    return num_left
