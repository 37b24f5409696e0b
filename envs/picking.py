"""Pick stations: first come, first served, several servers, starts only inside shifts."""

from __future__ import annotations

from envs import docks, log, luck, shifts, tables
from envs.compiling import compiled, inlined
from envs.state import NONE


@inlined
def expected_pick_seconds(network, warehouse, num_lines, units):
    """Expected time to pick one parcel."""
    row = network.warehouses
    return (
        row[warehouse]["pick_parcel_seconds"]
        + row[warehouse]["pick_line_seconds"] * num_lines
        + row[warehouse]["pick_unit_seconds"] * units
    )


@inlined
def start_of_next_pick(network, seen, warehouse):
    """When a parcel released now is expected to be started.

    Open-shift seconds of (expected queued work + what running picks should still take) / stations;
    none while a station is idle. Realised durations of running picks stay hidden.
    """
    now = seen.clock[0]["now_seconds"]
    stations = seen.stations
    num_open = max(1, stations[warehouse]["num_open"])
    ahead = 0
    if stations[warehouse]["num_queued"] > 0 or stations[warehouse]["num_busy"] >= num_open:
        work = stations[warehouse]["queued_seconds"]
        for i in range(seen.picks.shape[1]):
            if seen.picks[warehouse, i]["parcel"] != NONE:
                work += max(0, seen.picks[warehouse, i]["expected_finish_seconds"] - now)
        ahead = (work + num_open - 1) // num_open
    return shifts.after_open_seconds(network, warehouse, now, ahead)


@compiled
def enqueue(seen, hidden, parcel):
    """Puts a released parcel into its warehouse's queue, ordered by (release, parcel id)."""
    parcels, queues = hidden.parcels, hidden.queues
    warehouse = parcels[parcel]["warehouse"]
    now = seen.clock[0]["now_seconds"]
    parcels[parcel]["released_at"] = now
    seen.stations[warehouse]["num_queued"] += 1
    seen.stations[warehouse]["queued_seconds"] += parcels[parcel]["pick_seconds"]
    before, after = queues[warehouse]["last_parcel"], NONE
    if before != NONE and parcels[before]["released_at"] == now and before > parcel:
        before, after = NONE, queues[warehouse]["first_parcel"]
        while parcels[after]["released_at"] < now or after < parcel:
            before, after = after, parcels[after]["next_parcel"]
    parcels[parcel]["next_parcel"] = after
    if before == NONE:
        queues[warehouse]["first_parcel"] = parcel
    else:
        parcels[before]["next_parcel"] = parcel
    if after == NONE:
        queues[warehouse]["last_parcel"] = parcel


@compiled
def start_picks(network, future, seen, hidden, warehouse):
    """Starts as many queued picks as stations allow; ``hidden.moved`` names them.

    Returns:
        Number of picks started; each ends at ``parcels["ready_at"]``.
    """
    parcels, queues = hidden.parcels, hidden.queues
    now = seen.clock[0]["now_seconds"]
    queues[warehouse]["wake_at"] = NONE
    num_started = 0
    if shifts.is_open(network, warehouse, now):
        station = 0
        while (
            seen.stations[warehouse]["num_busy"] < seen.stations[warehouse]["num_open"]
            and queues[warehouse]["first_parcel"] != NONE
        ):
            parcel = queues[warehouse]["first_parcel"]
            queues[warehouse]["first_parcel"] = parcels[parcel]["next_parcel"]
            if queues[warehouse]["first_parcel"] == NONE:
                queues[warehouse]["last_parcel"] = NONE
            while seen.picks[warehouse, station]["parcel"] != NONE:
                station += 1
            expected = parcels[parcel]["pick_seconds"]
            seen.picks[warehouse, station]["parcel"] = parcel
            seen.picks[warehouse, station]["expected_finish_seconds"] = now + expected
            seen.stations[warehouse]["num_busy"] += 1
            seen.stations[warehouse]["num_queued"] -= 1
            seen.stations[warehouse]["queued_seconds"] -= expected
            parcels[parcel]["started_at"] = now
            parcels[parcel]["ready_at"] = now + _realised_seconds(network, future, hidden, parcel)
            log.log_event(hidden, now, log.PICK_STARTED, parcels[parcel]["order"], parcel, expected)
            hidden.moved[num_started] = parcel
            num_started += 1
    return num_started


@compiled
def _realised_seconds(network, future, hidden, parcel):
    parcels = hidden.parcels
    warehouse = parcels[parcel]["warehouse"]
    key = luck.luck(
        future.orders[parcels[parcel]["order"]]["luck_key"],
        luck.PICK,
        warehouse,
        parcels[parcel]["service"],
        parcels[parcel]["attempt"],
    )
    permille = tables.draw(network.tables, network.warehouses[warehouse]["pick_table"], key)
    return max(1, parcels[parcel]["pick_seconds"] * permille // 1000)


@compiled
def _free_station(seen, hidden, parcel):
    """The station of a finished pick is free again."""
    warehouse = hidden.parcels[parcel]["warehouse"]
    for i in range(seen.picks.shape[1]):
        if seen.picks[warehouse, i]["parcel"] == parcel:
            seen.picks[warehouse, i]["parcel"] = NONE
            break
    seen.stations[warehouse]["num_busy"] -= 1


@compiled
def change_stations(seen, warehouse, change):
    """Opens or closes stations (running picks finish); never below zero or above what is built."""
    num_open = seen.stations[warehouse]["num_open"] + change
    seen.stations[warehouse]["num_open"] = min(max(0, num_open), seen.picks.shape[1])


@compiled
def finish_pick(network, seen, hidden, parcel):
    """A pick is done: the station is free, the parcel waits at its dock.

    Returns:
        True if the calendar has ended and the parcel leaves at once.
    """
    order = hidden.parcels[parcel]["order"]
    _free_station(seen, hidden, parcel)
    log.log_event(hidden, seen.clock[0]["now_seconds"], log.PICK_FINISHED, order, parcel, 0)
    return docks.bring_to_dock(network, seen, hidden, parcel)
