"""Pick stations: first come, first served, several servers, starts only inside shifts."""

from __future__ import annotations

import numpy as np

from envs import docks, log, luck, parcels, shifts, stock, tables
from envs.compiling import compiled, inlined, internal
from envs.hidden import DOCKED, PICKING
from envs.state import NONE
from envs.touched import touch_order

_SHARE, _UNITS = np.uint64(48), np.uint64(0xFFFF)
"""Of the luck of a line: high bits whether it is short, low bits by how much."""


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


@internal
def enqueue(seen, hidden, parcel):
    """Puts a released parcel into its warehouse's queue, ordered by (release, parcel id)."""
    rows, queues = hidden.parcels, hidden.queues
    warehouse = rows[parcel]["warehouse"]
    now = seen.clock[0]["now_seconds"]
    rows[parcel]["released_at"] = now
    seen.stations[warehouse]["num_queued"] += 1
    seen.stations[warehouse]["queued_seconds"] += rows[parcel]["pick_seconds"]
    before, after = queues[warehouse]["last_parcel"], NONE
    if before != NONE and rows[before]["released_at"] == now and before > parcel:
        before, after = NONE, queues[warehouse]["first_parcel"]
        while rows[after]["released_at"] < now or after < parcel:
            before, after = after, rows[after]["next_parcel"]
    rows[parcel]["next_parcel"] = after
    if before == NONE:
        queues[warehouse]["first_parcel"] = parcel
    else:
        touch_order(hidden, rows[before]["order"])
        rows[before]["next_parcel"] = parcel
    if after == NONE:
        queues[warehouse]["last_parcel"] = parcel


@internal
def start_picks(network, future, seen, hidden, warehouse):
    """Starts as many queued picks as stations allow; ``hidden.moved`` names them.

    Returns:
        Number of picks started; each ends at ``parcels["ready_at"]``.
    """
    rows, queues = hidden.parcels, hidden.queues
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
            queues[warehouse]["first_parcel"] = rows[parcel]["next_parcel"]
            if queues[warehouse]["first_parcel"] == NONE:
                queues[warehouse]["last_parcel"] = NONE
            while seen.picks[warehouse, station]["parcel"] != NONE:
                station += 1
            expected = rows[parcel]["pick_seconds"]
            seen.picks[warehouse, station]["parcel"] = parcel
            seen.picks[warehouse, station]["expected_finish_seconds"] = now + expected
            seen.stations[warehouse]["num_busy"] += 1
            seen.stations[warehouse]["num_queued"] -= 1
            seen.stations[warehouse]["queued_seconds"] -= expected
            touch_order(hidden, rows[parcel]["order"])
            rows[parcel]["stage"] = PICKING
            rows[parcel]["started_at"] = now
            rows[parcel]["ready_at"] = now + realised_seconds(network, future, hidden, parcel)
            log.log_event(hidden, now, log.PICK_STARTED, rows[parcel]["order"], parcel, expected)
            hidden.moved[num_started] = parcel
            num_started += 1
    return num_started


@compiled
def realised_seconds(network, future, hidden, parcel):
    """How long the pick of a parcel takes, as luck has it."""
    rows = hidden.parcels
    warehouse = rows[parcel]["warehouse"]
    key = luck.luck(
        luck.key_of(future, hidden, rows[parcel]["order"]),
        luck.PICK,
        warehouse,
        rows[parcel]["service"],
        rows[parcel]["attempt"],
    )
    permille = tables.draw(network.tables, network.warehouses[warehouse]["pick_table"], key)
    return max(1, rows[parcel]["pick_seconds"] * permille // 1000)


@internal
def _free_station(seen, hidden, parcel):
    """The station of a finished pick is free again."""
    warehouse = hidden.parcels[parcel]["warehouse"]
    for i in range(seen.picks.shape[1]):
        if seen.picks[warehouse, i]["parcel"] == parcel:
            seen.picks[warehouse, i]["parcel"] = NONE
            break
    seen.stations[warehouse]["num_busy"] -= 1


@internal
def change_stations(seen, warehouse, change):
    """Opens or closes stations (running picks finish); never below zero or above what is built."""
    num_open = seen.stations[warehouse]["num_open"] + change
    seen.stations[warehouse]["num_open"] = min(max(0, num_open), seen.picks.shape[1])


@internal
def finish_pick(network, future, seen, hidden, parcel):
    """A pick is done: the station is free, what was found waits at its dock, other lines are decided again.

    Returns:
        True if the calendar has ended and the parcel leaves at once.
    """
    order = hidden.parcels[parcel]["order"]
    touch_order(hidden, order)
    _free_station(seen, hidden, parcel)
    log.log_event(hidden, seen.clock[0]["now_seconds"], log.PICK_FINISHED, order, parcel, 0)
    if network.warehouses[hidden.parcels[parcel]["warehouse"]]["short_weight"] > 0:
        _take_stock(network, future, seen, hidden, parcel)
        if hidden.parcels[parcel]["num_lines"] == 0:
            parcels.void(seen, hidden, parcel)
            return False
    hidden.parcels[parcel]["stage"] = DOCKED
    return docks.bring_to_dock(network, seen, hidden, parcel)


@internal
def _take_stock(network, future, seen, hidden, parcel):
    """Lines with missing units leave the parcel: the missing are written off, the others go back to the shelf."""
    rows, now = hidden.parcels, seen.clock[0]["now_seconds"]
    warehouse, service, attempt = rows[parcel]["warehouse"], rows[parcel]["service"], rows[parcel]["attempt"]
    line = rows[parcel]["first_line"]
    while line != NONE:
        following, order, sku = hidden.lines[line]["next_line"], future.lines[line]["order"], future.lines[line]["sku"]
        key = luck.luck(luck.key_of(future, hidden, order), luck.SHORT + (sku << 8), warehouse, service, attempt)
        if np.int64(key >> _SHARE) < network.warehouses[warehouse]["short_weight"]:
            units = future.lines[line]["units"]
            missing = 1 + np.int64(key & _UNITS) % units
            log.log_event(hidden, now, log.SHORT_PICKED, order, parcel, line)
            stock.write_off(network, seen, hidden, warehouse, sku, units, missing)
            parcels.drop_line(network, future, seen, hidden, parcel, line)
            parcels.break_plan(future, seen, hidden, parcel, line)
        line = following
