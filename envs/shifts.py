"""Shift calendars: when a pick may start."""

from __future__ import annotations

from envs.compiling import compiled


@compiled
def _last_shift_from(network, warehouse, seconds):
    """Index of the last shift that has opened by ``seconds``; first_shift - 1 if none has."""
    opens = network.shifts["open_seconds"]
    first = network.warehouses["first_shift"][warehouse]
    low, high = first, first + network.warehouses["num_shifts"][warehouse]
    while low < high:
        middle = (low + high) >> 1
        if opens[middle] > seconds:
            high = middle
        else:
            low = middle + 1
    return low - 1


@compiled
def is_open(network, warehouse, seconds):
    """Whether a pick may start at ``seconds``: inside [open, close) of a shift."""
    shift = _last_shift_from(network, warehouse, seconds)
    if shift < network.warehouses["first_shift"][warehouse]:
        return False
    return seconds < network.shifts["close_seconds"][shift]


@compiled
def after_open_seconds(network, warehouse, start, work):
    """First open second at which ``work`` open seconds have passed since ``start``."""
    shifts = network.shifts
    first = network.warehouses["first_shift"][warehouse]
    last = first + network.warehouses["num_shifts"][warehouse] - 1
    shift = _last_shift_from(network, warehouse, start)
    passed = work
    if shift >= first:
        length = min(start, shifts["close_seconds"][shift]) - shifts["open_seconds"][shift]
        passed += shifts["open_before_seconds"][shift] + length
    low, high = max(first, shift), last  # the last shift with open_before <= passed
    while low < high:
        middle = (low + high + 1) >> 1
        if shifts["open_before_seconds"][middle] > passed:
            high = middle - 1
        else:
            low = middle
    return shifts["open_seconds"][low] + passed - shifts["open_before_seconds"][low]
