"""Pick stations: first come, first served, several servers, starts only inside shifts."""

from __future__ import annotations

from envs import docks, log, luck, shifts, tables
from envs.compiling import compiled
from envs.state import NONE


@compiled
def expected_pick_seconds(network, warehouse, num_lines, units):
    """Expected time to pick one parcel."""
    row = network.warehouses
    return (
        row["pick_parcel_seconds"][warehouse]
        + row["pick_line_seconds"][warehouse] * num_lines
        + row["pick_unit_seconds"][warehouse] * units
    )


@compiled
def start_of_next_pick(network, seen, warehouse):
    """When a parcel released now is expected to be started.

    Open-shift seconds of (expected queued work + what running picks should still take) / stations;
    none while a station is idle. Realised durations of running picks stay hidden.
    """
    now = seen.clock["now_seconds"][0]
    stations = seen.stations
    num_open = max(1, stations["num_open"][warehouse])
    ahead = 0
    if stations["num_queued"][warehouse] > 0 or stations["num_busy"][warehouse] >= num_open:
        work = stations["queued_seconds"][warehouse]
        for i in range(seen.picks.shape[1]):
            if seen.picks["parcel"][warehouse, i] != NONE:
                work += max(0, seen.picks["expected_finish_seconds"][warehouse, i] - now)
        ahead = (work + num_open - 1) // num_open
    return shifts.after_open_seconds(network, warehouse, now, ahead)


@compiled
def enqueue(seen, hidden, parcel):
    """Puts a released parcel into its warehouse's queue, ordered by (release, parcel id)."""
    parcels, queues = hidden.parcels, hidden.queues
    warehouse = parcels["warehouse"][parcel]
    now = seen.clock["now_seconds"][0]
    parcels["released_at"][parcel] = now
    seen.stations["num_queued"][warehouse] += 1
    seen.stations["queued_seconds"][warehouse] += parcels["pick_seconds"][parcel]
    before, after = queues["last_parcel"][warehouse], NONE
    if before != NONE and parcels["released_at"][before] == now and before > parcel:
        before, after = NONE, queues["first_parcel"][warehouse]
        while parcels["released_at"][after] < now or after < parcel:
            before, after = after, parcels["next_parcel"][after]
    parcels["next_parcel"][parcel] = after
    if before == NONE:
        queues["first_parcel"][warehouse] = parcel
    else:
        parcels["next_parcel"][before] = parcel
    if after == NONE:
        queues["last_parcel"][warehouse] = parcel


@compiled
def start_picks(network, future, seen, hidden, warehouse):
    """Starts as many queued picks as stations allow; ``hidden.moved`` names them.

    Returns:
        Number of picks started; each ends at ``parcels["ready_at"]``.
    """
    parcels, queues, counters = hidden.parcels, hidden.queues, hidden.counters
    now = seen.clock["now_seconds"][0]
    queues["wake_at"][warehouse] = NONE
    num_started = 0
    if shifts.is_open(network, warehouse, now):
        station = 0
        while (
            seen.stations["num_busy"][warehouse] < seen.stations["num_open"][warehouse]
            and queues["first_parcel"][warehouse] != NONE
        ):
            parcel = queues["first_parcel"][warehouse]
            queues["first_parcel"][warehouse] = parcels["next_parcel"][parcel]
            if queues["first_parcel"][warehouse] == NONE:
                queues["last_parcel"][warehouse] = NONE
            while seen.picks["parcel"][warehouse, station] != NONE:
                station += 1
            expected = parcels["pick_seconds"][parcel]
            seen.picks["parcel"][warehouse, station] = parcel
            seen.picks["expected_finish_seconds"][warehouse, station] = now + expected
            seen.stations["num_busy"][warehouse] += 1
            seen.stations["num_queued"][warehouse] -= 1
            seen.stations["queued_seconds"][warehouse] -= expected
            parcels["started_at"][parcel] = now
            parcels["ready_at"][parcel] = now + _realised_seconds(network, future, hidden, parcel)
            log.log_event(hidden, now, log.PICK_STARTED, parcels["order"][parcel], parcel, expected)
            hidden.moved[num_started] = parcel
            num_started += 1
    counters["num_moved"][0] = num_started
    return num_started


@compiled
def _realised_seconds(network, future, hidden, parcel):
    parcels = hidden.parcels
    warehouse = parcels["warehouse"][parcel]
    key = luck.luck(
        future.orders["luck_key"][parcels["order"][parcel]],
        luck.PICK,
        warehouse,
        parcels["service"][parcel],
        parcels["attempt"][parcel],
    )
    permille = tables.draw(network.tables, network.warehouses["pick_table"][warehouse], key)
    return max(1, parcels["pick_seconds"][parcel] * permille // 1000)


@compiled
def _free_station(seen, hidden, parcel):
    """The station of a finished pick is free again."""
    warehouse = hidden.parcels["warehouse"][parcel]
    for i in range(seen.picks.shape[1]):
        if seen.picks["parcel"][warehouse, i] == parcel:
            seen.picks["parcel"][warehouse, i] = NONE
            break
    seen.stations["num_busy"][warehouse] -= 1


@compiled
def change_stations(seen, warehouse, change):
    """Opens or closes stations (running picks finish); never below zero or above what is built."""
    num_open = seen.stations["num_open"][warehouse] + change
    seen.stations["num_open"][warehouse] = min(max(0, num_open), seen.picks.shape[1])


@compiled
def finish_pick(network, seen, hidden, parcel):
    """A pick is done: the station is free, the parcel waits at its dock.

    Returns:
        True if the calendar has ended and the parcel leaves at once.
    """
    order = hidden.parcels["order"][parcel]
    _free_station(seen, hidden, parcel)
    log.log_event(hidden, seen.clock["now_seconds"][0], log.PICK_FINISHED, order, parcel, 0)
    return docks.bring_to_dock(network, seen, hidden, parcel)
