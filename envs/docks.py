"""Docks and collections: booking room, and what leaves when the truck comes."""

from __future__ import annotations

from envs import log
from envs.compiling import compiled
from envs.state import NONE


@compiled
def first_collection(network, seen, warehouse, service, ready_at):
    """First collection at or after ``ready_at`` with room for one more booking; NONE if none.

    The last one of each pair, at the calendar's end, has room without limit and also takes what gets
    ready after it.
    """
    times = network.collections["time_seconds"]
    count = network.pairs["num_collections"][warehouse, service]
    if count == 0:
        return NONE
    first = network.pairs["first_collection"][warehouse, service]
    last = first + count - 1
    low, high = first, last
    while low < high:
        middle = (low + high) >> 1
        if times[middle] >= ready_at:
            high = middle
        else:
            low = middle + 1
    while low < last and seen.bookings["booked_parcels"][low] >= network.collections["capacity_parcels"][low]:
        low += 1
    return low


@compiled
def bring_to_dock(network, seen, hidden, parcel):
    """A picked parcel waits at its dock by (ready time, id).

    Returns:
        True if the calendar has ended and the parcel leaves at once.
    """
    parcels, docks = hidden.parcels, hidden.docks
    warehouse, service = parcels["warehouse"][parcel], parcels["service"][parcel]
    if docks["next_collection"][warehouse, service] > _last_collection(network, warehouse, service):
        _depart(seen, hidden, parcel, parcels["collection"][parcel])
        return True
    parcels["next_parcel"][parcel] = NONE
    last = docks["last_parcel"][warehouse, service]
    if last == NONE:
        docks["first_parcel"][warehouse, service] = parcel
    else:
        parcels["next_parcel"][last] = parcel
    docks["last_parcel"][warehouse, service] = parcel
    docks["num_waiting"][warehouse, service] += 1
    return False


@compiled
def _last_collection(network, warehouse, service):
    return (
        network.pairs["first_collection"][warehouse, service] + network.pairs["num_collections"][warehouse, service] - 1
    )


@compiled
def _depart(seen, hidden, parcel, collection):
    now = seen.clock["now_seconds"][0]
    hidden.parcels["departed_at"][parcel] = now
    log.log_event(hidden, now, log.COLLECTED, hidden.parcels["order"][parcel], parcel, collection)


@compiled
def collect(network, seen, hidden, collection):
    """The truck takes waiting parcels up to its capacity; ``hidden.moved`` names them.

    Parcels beyond the capacity roll over to the next one, whether or not that is booked full.

    Returns:
        Number of parcels that left.
    """
    parcels, docks = hidden.parcels, hidden.docks
    warehouse, service = network.collections["warehouse"][collection], network.collections["service"][collection]
    docks["next_collection"][warehouse, service] = collection + 1
    capacity = network.collections["capacity_parcels"][collection]
    parcel = docks["first_parcel"][warehouse, service]
    num_left = 0
    while parcel != NONE and num_left < capacity:
        _depart(seen, hidden, parcel, collection)
        hidden.moved[num_left] = parcel
        num_left += 1
        parcel = parcels["next_parcel"][parcel]
    docks["first_parcel"][warehouse, service] = parcel
    if parcel == NONE:
        docks["last_parcel"][warehouse, service] = NONE
    docks["num_waiting"][warehouse, service] -= num_left
    while parcel != NONE:
        if parcels["collection"][parcel] == collection:
            order = parcels["order"][parcel]
            log.log_event(hidden, seen.clock["now_seconds"][0], log.ROLLED_OVER, order, parcel, collection)
        parcel = parcels["next_parcel"][parcel]
    hidden.counters["num_moved"][0] = num_left
    return num_left
