"""``orders.csv`` and ``order_lines.csv`` to an order log, and the window of time that they span."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from scenarios.checks import MAX_MILLICENTS
from scenarios.local_time import DAY_SECONDS, format_utc, utc_of, zone_of
from scenarios.order_log import LOG_LINES, LOG_ORDERS, OrderLog
from scenarios.region import Region
from scenarios.tables.moments import utc_seconds
from scenarios.tables.problems import Problems
from scenarios.tables.rows import Rows

MAX_DAYS = 3660


class Window(NamedTuple):
    """Time that is simulated: ``start`` in UTC seconds, days in which orders come, days after them."""

    start: int
    horizon_days: int
    drain_days: int

    @property
    def end(self) -> int:
        return self.start + (self.horizon_days + self.drain_days) * DAY_SECONDS


class OrderTimes(NamedTuple):
    """UTC seconds of each row of ``orders.csv``, 0 for unusable rows; shape ``(N,)``."""

    placed: np.ndarray
    promised: np.ndarray


def order_times(tables: dict[str, Rows], regions: Mapping[int, Region], problems: Problems) -> OrderTimes:
    """Converts the times of orders; reports promises that are not later than their order."""
    orders = tables["orders"]
    names = sorted({region.time_zone for region in regions.values()})
    code = np.full(len(tables["regions"]) + 1, -1)
    for row, region in regions.items():
        code[row] = names.index(region.time_zone)
    orders.is_usable &= code[orders["region_id"]] >= 0
    usable = np.flatnonzero(orders.is_usable)
    zones = code[orders["region_id"][usable]]
    times = OrderTimes(np.zeros(len(orders), np.int64), np.zeros(len(orders), np.int64))
    for name, seconds in (("placed_at", times.placed), ("promise_at", times.promised)):
        seconds[usable] = utc_seconds(orders[name][usable], names, zones)
    for row in usable[times.promised[usable] <= times.placed[usable]]:
        value, expected = format_utc(int(times.promised[row])), f"later than placed_at {format_utc(times.placed[row])}"
        orders.report(problems, int(row), "promise_at", value, expected, "correct one of the two times")
    return times


def check_lines(tables: dict[str, Rows], problems: Problems) -> None:
    """Reports orders without lines, and lines whose margin is too large."""
    orders, lines, skus = tables["orders"], tables["order_lines"], tables["skus"]
    if len(lines) and lines.has_all_ids:
        known = lines["order_id"][lines["order_id"] >= 0]
        has_line = np.bincount(known, minlength=len(orders)) > 0
        for row in np.flatnonzero(orders.is_usable & ~has_line):
            expected, remedy = "a line in order_lines.csv", "add its lines or remove the order"
            orders.report(problems, int(row), "order_id", orders.ids[row], expected, remedy)
    usable = np.flatnonzero(lines.is_usable)
    each = skus["margin_currency"][lines["sku_id"][usable]].astype(np.float64)
    is_own = lines["margin_currency"][usable] >= 0
    for row in usable[~is_own & (each * lines["units"][usable] > MAX_MILLICENTS)]:
        expected = f"units times the SKU's margin at most {MAX_MILLICENTS // 100_000} currency"
        lines.report(problems, int(row), "units", int(lines["units"][row]), expected, "correct the units or the margin")


def window_of(
    tables: dict[str, Rows], times: OrderTimes, settings: Mapping[str, Any], problems: Problems
) -> Window | None:
    """The settings' window, or else the days of the orders; reports orders outside of it.

    Returns:
        None if the window is not known, because it hangs on settings or orders that have problems.
    """
    if not tables["settings"].is_usable.all():
        return None
    orders, usable = tables["orders"], np.flatnonzero(tables["orders"].is_usable)
    is_certain = bool(orders.is_usable.all() and len(orders)) or min(settings["start_at"], settings["horizon_days"]) > 0
    start, days = _span(times.placed[usable], settings)
    end = start + days * DAY_SECONDS
    for row in usable[(times.placed[usable] < start) | (times.placed[usable] >= end)]:
        value, remedy = format_utc(times.placed[row]), "correct the time, or start_at and horizon_days in settings.csv"
        expected = f"a time from {format_utc(start)} to before {format_utc(end)}, the time simulated"
        orders.report(problems, int(row), "placed_at", value, expected, remedy)
    if is_certain and settings["warmup_hours"] > 24 * days:
        value, expected = settings["warmup_hours"], f"at most {24 * days}, the hours in which orders come"
        problems.add("settings.csv", _line_of(tables["settings"], "warmup_hours"), "value", value, expected, "lower it")
    return Window(start, days, settings["drain_days"]) if is_certain else None


def _span(placed: np.ndarray, settings: Mapping[str, Any]) -> tuple[int, int]:
    """Start in UTC seconds and number of days; orders many years away from the median are mistakes and not spanned."""
    zone_name, days = settings["time_zone"], settings["horizon_days"]
    if len(placed):
        placed = placed[np.abs(placed - np.median(placed)) < (MAX_DAYS // 2 - 1) * DAY_SECONDS]
    if settings["start_at"] >= 0:
        start = int(utc_seconds(np.array([settings["start_at"]]), [zone_name], np.zeros(1, np.int64))[0])
    else:
        zone = zone_of("time_zone", zone_name)
        start = utc_of(zone, datetime.fromtimestamp(int(placed.min(initial=1 << 33)), zone).date(), 0)
    if days < 0:
        days = min(MAX_DAYS, max(1, (int(placed.max(initial=start)) - start) // DAY_SECONDS + 1))
    return start, days


def order_log(tables: dict[str, Rows], times: OrderTimes) -> OrderLog:
    """The log of sound tables, sorted by time; orders of the same second keep the file's sequence."""
    orders, lines, skus = tables["orders"], tables["order_lines"], tables["skus"]
    sequence = np.argsort(times.placed, kind="stable")
    rank = np.empty(len(sequence), np.int64)
    rank[sequence] = np.arange(len(sequence))
    log = np.zeros(len(orders), LOG_ORDERS)
    log["placed_at"], log["promise_at"] = times.placed[sequence], times.promised[sequence]
    log["region"] = orders["region_id"][sequence]
    log["requirements"] = orders["requirements"][sequence]
    log["customer_id"] = _customers(orders["customer_id"])[sequence]
    log["num_lines"] = np.bincount(rank[lines["order_id"]], minlength=len(orders))
    log["first_line"] = np.cumsum(log["num_lines"]) - log["num_lines"]
    by_order = np.argsort(rank[lines["order_id"]], kind="stable")
    rows = np.zeros(len(lines), LOG_LINES)
    rows["sku"], rows["units"] = lines["sku_id"][by_order], lines["units"][by_order]
    own = lines["margin_currency"][by_order]
    rows["margin_millicents"] = np.where(own >= 0, own, rows["units"] * skus["margin_currency"][rows["sku"]])
    return OrderLog(log, rows)


def _customers(names: np.ndarray) -> np.ndarray:
    """A number for each customer, in the sequence of the file; one of its own for each blank."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(name or row, len(numbers)) for row, name in enumerate(names)], np.int64)


def _line_of(settings: Rows, key: str) -> int:
    return int(settings.lines[settings.index[key]]) if key in settings.index else 0
