"""Weekly patterns in local time to seconds since the start of a window."""

from __future__ import annotations

import numpy as np

from scenarios.collection import UNCAPPED_PARCELS, Collection
from scenarios.local_time import local_days, minutes_of, utc_of, zone_of
from scenarios.network import COLLECTIONS, FOREVER_SECONDS, PAIRS, SHIFTS
from scenarios.warehouse import Warehouse


def expand_shifts(warehouse: Warehouse, start_seconds: int, end_seconds: int) -> np.ndarray:
    """Shifts of one warehouse, cut to the window ``0..end_seconds``; adjoining ones are joined.

    The last one closes at ``FOREVER_SECONDS`` and opens at the window's end at the latest, so that work that
    is still open then is done.

    Args:
        warehouse: whose pattern it is.
        start_seconds: UTC time of second 0.
        end_seconds: the window's end, seconds since its start.

    Returns:
        ``SHIFTS``, shape ``(N,)``, N at least 1, ascending, not overlapping.
    """
    zone = zone_of("time_zone", warehouse.time_zone)
    hours = []
    for day in local_days(zone, start_seconds, start_seconds + end_seconds):
        for shift in warehouse.shifts:
            if day.weekday() in shift.weekdays:
                opens = utc_of(zone, day, minutes_of("opens", shift.opens)) - start_seconds
                closes = utc_of(zone, day, minutes_of("closes", shift.closes)) - start_seconds
                opens, closes = max(opens, 0), min(closes, end_seconds)
                if opens < closes:
                    hours.append((opens, closes))
    joined: list[list[int]] = []
    for opens, closes in [*sorted(hours), (end_seconds, FOREVER_SECONDS)]:
        if joined and opens <= joined[-1][1]:
            joined[-1][1] = max(closes, joined[-1][1])
        else:
            joined.append([opens, closes])
    shifts = np.zeros(len(joined), SHIFTS)
    shifts["open_seconds"] = [opens for opens, _ in joined]
    shifts["close_seconds"] = [closes for _, closes in joined]
    lengths = shifts["close_seconds"] - shifts["open_seconds"]
    shifts["open_before_seconds"] = np.cumsum(lengths) - lengths
    return shifts


def expand_collections(
    warehouses: tuple[Warehouse, ...],
    services: tuple[str, ...],
    patterns: tuple[Collection, ...],
    start_seconds: int,
    end_seconds: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Collections of all pairs within ``0 <= time < end_seconds``, and an uncapped one at ``end_seconds``.

    Collections of a pair at the same second are joined, their capacities added.

    Returns:
        ``COLLECTIONS``, shape ``(C,)``, sorted by (warehouse, service, time), and ``PAIRS``, shape ``(W, S)``,
        with no collections where the service never comes.
    """
    warehouse_index = {warehouse.name: position for position, warehouse in enumerate(warehouses)}
    service_index = {name: position for position, name in enumerate(services)}
    room: dict[tuple[int, int, int], int] = {}
    for pattern in patterns:
        w, s = warehouse_index[pattern.warehouse], service_index[pattern.service]
        room[w, s, end_seconds] = UNCAPPED_PARCELS
        zone, minutes = zone_of("time_zone", warehouses[w].time_zone), minutes_of("at", pattern.at)
        for day in local_days(zone, start_seconds, start_seconds + end_seconds):
            time = utc_of(zone, day, minutes) - start_seconds
            if day.weekday() in pattern.weekdays and 0 <= time < end_seconds:
                room[w, s, time] = room.get((w, s, time), 0) + pattern.capacity_parcels
    collections = np.array([(*key, room[key]) for key in sorted(room)], COLLECTIONS)
    pairs = np.zeros((len(warehouses), len(services)), PAIRS)
    for position, (w, s) in enumerate(zip(collections["warehouse"], collections["service"], strict=True)):
        if not pairs["num_collections"][w, s]:
            pairs["first_collection"][w, s] = position
        pairs["num_collections"][w, s] += 1
    return collections, pairs
