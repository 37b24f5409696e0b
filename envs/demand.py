"""Demand seen so far, of each region and of each SKU: an order counts once, when it arrives, whatever becomes of it.

A recent rate r is brought up to date when a clock hour ends: r becomes (57 r + 7 n) / 64, rounded down, where n is what
came in that hour as a rate, in thousandths. So half of it is forgotten within six hours, and all of it one day.
"""

from __future__ import annotations

from envs.compiling import internal, woven
from envs.costs import HOUR

_KEPT, _NEW, _WHOLE = 57, 7, 64
"""Weights of the rate so far and of the hour that has ended: (57/64)^6 is 0.499."""

_HOURLY_MILLI, _DAILY_MILLI = 1000, 24_000
"""One order an hour, and one unit an hour as a rate a day, in thousandths."""


@internal
def count(future, seen, order):
    """Counts an order that arrives now, and the units of its lines."""
    turn(seen)
    region, first = future.orders[order]["region"], future.orders[order]["first_line"]
    seen.clock[0]["orders_this_hour"] += 1
    seen.demand[region]["num_orders"] += 1
    seen.demand[region]["orders_this_hour"] += 1
    for line in range(first, first + future.orders[order]["num_lines"]):
        sku, units = future.lines[line]["sku"], future.lines[line]["units"]
        seen.goods[sku]["demanded_units"] += units
        seen.goods[sku]["units_this_hour"] += units


@internal
def turn(seen):
    """Turns all counters to the present hour; whoever is shown them has this done first."""
    clock, demand, goods = seen.clock, seen.demand, seen.goods
    hour = clock[0]["now_seconds"] // HOUR
    num_hours = hour - clock[0]["hour"]
    if num_hours == 0:
        return
    clock[0]["orders_last_hour"] = clock[0]["orders_this_hour"] if num_hours == 1 else 0
    clock[0]["orders_this_hour"], clock[0]["hour"] = 0, hour
    for region in range(len(demand)):
        came = demand[region]["orders_this_hour"]
        demand[region]["recent_milli"] = _forget(demand[region]["recent_milli"], _HOURLY_MILLI * came, num_hours)
        demand[region]["orders_last_hour"] = came if num_hours == 1 else 0
        demand[region]["orders_this_hour"] = 0
    for sku in range(len(goods)):
        came = goods[sku]["units_this_hour"]
        goods[sku]["recent_milli"] = _forget(goods[sku]["recent_milli"], _DAILY_MILLI * came, num_hours)
        goods[sku]["units_this_hour"] = 0


@woven
def _forget(recent, came, num_hours):
    """A rate after some hours, of which all but the first were empty."""
    recent = (_KEPT * recent + _NEW * came) // _WHOLE
    for _ in range(num_hours - 1):
        if recent == 0:
            break
        recent = _KEPT * recent // _WHOLE
    return recent
