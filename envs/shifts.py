"""Shift calendars: when a pick may start."""

from __future__ import annotations

from envs.compiling import inlined


@inlined
def _last_shift_from(network, warehouse, seconds):
    """Index of the last shift that has opened by ``seconds``; first_shift - 1 if none has."""
    first = network.warehouses[warehouse]["first_shift"]
    low, high = first, first + network.warehouses[warehouse]["num_shifts"]
    while low < high:
        middle = (low + high) >> 1
        if network.shifts[middle]["open_seconds"] > seconds:
            high = middle
        else:
            low = middle + 1
    return low - 1


@inlined
def is_open(network, warehouse, seconds):
    """Whether a pick may start at ``seconds``: inside [open, close) of a shift."""
    shift = _last_shift_from(network, warehouse, seconds)
    if shift < network.warehouses[warehouse]["first_shift"]:
        return False
    return seconds < network.shifts[shift]["close_seconds"]


@inlined
def after_open_seconds(network, warehouse, start, work):
    """First open second at which ``work`` open seconds have passed since ``start``."""
    shifts = network.shifts
    first = network.warehouses[warehouse]["first_shift"]
    last = first + network.warehouses[warehouse]["num_shifts"] - 1
    shift = _last_shift_from(network, warehouse, start)
    passed = work
    if shift >= first:
        length = min(start, shifts[shift]["close_seconds"]) - shifts[shift]["open_seconds"]
        passed += shifts[shift]["open_before_seconds"] + length
    low, high = max(first, shift), last  # the last shift with open_before <= passed
    if low < high and shifts[low + 1]["open_before_seconds"] > passed:
        high = low  # nearly always: the work is done in the shift in which it starts
    while low < high:
        middle = (low + high + 1) >> 1
        if shifts[middle]["open_before_seconds"] > passed:
            high = middle - 1
        else:
            low = middle
    return shifts[low]["open_seconds"] + passed - shifts[low]["open_before_seconds"]
