"""What can be played: traces that no rule could carry out are refused before the first event."""

from __future__ import annotations

import numpy as np

from envs.agenda import LAST_SECOND, MOST_ENTITIES
from envs.state import MAX_LINES
from scenarios.errors import InputError
from scenarios.network import FOREVER_SECONDS
from scenarios.trace import Trace

LATEST = LAST_SECOND // 2
"""The latest second of anything that a trace states; what follows from it still fits on an agenda."""


def check_playable(trace: Trace) -> None:
    """Refuses traces that no rule could play.

    Raises:
        InputError: an order with too many lines, a receipt that comes before its announcement or with less than
            nothing, and other times that make no sense.
    """
    future = trace.future
    most = int(future.orders["num_lines"].max(initial=0))
    if most > MAX_LINES:
        raise InputError("num_lines", most, f"at most {MAX_LINES} lines an order", "split the order")
    end = int(trace.network.settings["end_seconds"][0])
    receipts, orders, outages, regimes = future.receipts, future.orders, future.outages, future.regimes
    _refuse("receipts", receipts, "announced_at", receipts["announced_at"] > receipts["actual_at"], "at most actual_at")
    _refuse("receipts", receipts, "actual_units", receipts["actual_units"] < 0, "0 or more")
    _refuse("orders", orders, "patience_seconds", orders["patience_seconds"] < 1, "at least 1 second")
    patience = orders["patience_seconds"]
    is_too_long = (patience > LATEST) & (patience < FOREVER_SECONDS)
    allowed = f"at most {LATEST} seconds, or {FOREVER_SECONDS} for never"
    _refuse("orders", orders, "patience_seconds", is_too_long, allowed)
    slowest = int(trace.network.tables["value"].max()) * int(regimes["transit_permille"].max(initial=1000)) // 1000
    if slowest > LATEST:
        raise InputError(
            "longest transit", slowest, f"at most {LATEST} seconds", "correct the transit time or the regime"
        )
    for name, array in (("orders", orders), ("lines", future.lines), ("receipts", receipts)):
        if len(array) > MOST_ENTITIES // 4:
            raise InputError(f"number of {name}", len(array), f"at most {MOST_ENTITIES // 4}", "split the trace")
    for name, array, field in (
        ("orders", orders, "arrival_seconds"),
        ("receipts", receipts, "actual_at"),
        ("outages", outages, "starts_at"),
        ("regimes", regimes, "starts_at"),
    ):
        _refuse(name, array, field, array[field] > LATEST, f"at most {LATEST} seconds")
    _refuse("outages", outages, "starts_at", outages["starts_at"] < 0, "second 0 or later")
    _refuse("outages", outages, "ends_at", outages["ends_at"] > end, f"at most the calendar's end, {end}")
    _refuse("regimes", regimes, "starts_at", regimes["starts_at"] < 0, "second 0 or later")
    _refuse("regimes", regimes, "transit_permille", regimes["transit_permille"] < 1, "at least 1")
    for name, array in (("outages", outages), ("regimes", regimes)):
        _refuse(name, array, "starts_at", np.diff(array["starts_at"], prepend=0) < 0, "rows sorted by start")
    if len(future.suppliers) != len(trace.network.warehouses):
        raise InputError("suppliers", len(future.suppliers), "one row for each warehouse", "draw the trace again")


def _refuse(noun: str, array: np.ndarray, field: str, is_wrong: np.ndarray, expected: str) -> None:
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise InputError(f"{noun}[{row}].{field}", int(array[field][row]), expected, "correct the trace")
