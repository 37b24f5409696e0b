"""Splicing: what a tail brings goes behind what has been seen, and is numbered on."""

from __future__ import annotations

import numpy as np

from envs import company
from envs.borrowing import borrowed
from envs.compiling import internal
from envs.copies import copy_orders, copy_rows
from envs.state import NONE


@internal
def num_known(future, hidden, now):
    """Receipts that reordering may bring, and those of the trace that have been announced."""
    receipt = len(hidden.arrivals) - len(future.receipts)
    while receipt < len(hidden.arrivals) and hidden.arrivals[receipt]["announced_at"] <= now:
        receipt += 1
    return receipt


@internal
def splice(source, target, own, tail, num_spliced):
    """Orders and receipts that the tail brings later than now, its outages and regimes, and the weather now.

    Args:
        source: handle of the world.
        target: handle of the fork, whose counters and observable state are those of the world already.
        own: see ``envs.own_future.OwnFuture``.
        tail: see ``envs.tail.Tail``.
        num_spliced: orders of the world that ``own`` has already.
    """
    future, hidden, seen = borrowed(source.future), borrowed(source.hidden), borrowed(source.seen)
    others, now = borrowed(target.hidden), seen.clock[0]["now_seconds"]
    count = hidden.counters[0]["num_arrived"]
    _append_arrived(future, hidden, others, own, num_spliced, count)
    skipped = 0
    if now > tail.rules[0]["after_seconds"]:
        while skipped < len(tail.orders) and tail.orders[skipped]["arrival_seconds"] <= now:
            skipped += 1
    size = len(tail.orders) - skipped
    salt = hidden.counters[0]["luck_salt"] ^ tail.rules[0]["salt"]
    others.counters[0]["luck_salt"], others.counters[0]["until_seconds"] = salt, tail.rules[0]["until_seconds"]
    others.counters[0]["num_orders"] = count + size
    others.counters[0]["num_open_orders"] += count + size - hidden.counters[0]["num_orders"]
    _append_orders(own, others, tail, skipped, count)
    network = borrowed(source.network)
    if network.settings[0]["hold_short_seconds"] > 0 or network.settings[0]["hold_long_seconds"] > 0:
        company.link_customers(seen, hidden, borrowed(source.agenda), own, others, tail)
    _append_receipts(others, tail, num_known(future, hidden, now), now)
    copy_rows(tail.outages, own.outages, 0, len(tail.outages))
    copy_rows(tail.regimes, own.regimes, 0, len(tail.regimes))
    copy_rows(tail.suppliers, own.suppliers, 0, len(tail.suppliers))
    copy_rows(tail.weather, others.weather, 0, len(tail.weather))
    for i in range(len(tail.regimes)):
        if tail.regimes[i]["starts_at"] <= now:
            others.weather[tail.regimes[i]["service"]]["transit_permille"] = tail.regimes[i]["transit_permille"]


@internal
def _append_arrived(future, hidden, others, own, first, last):
    """Orders that have arrived in the world since the last copy."""
    if first == last:
        return
    copy_orders(future, hidden, others, first, last)
    copy_rows(future.orders, own.orders, first, last)
    last_line = future.orders[last - 1]["first_line"] + future.orders[last - 1]["num_lines"]
    copy_rows(future.lines, own.lines, future.orders[first]["first_line"], last_line)


@internal
def _append_orders(own, others, tail, skipped, count):
    """Orders of the tail but the first ones, behind ``count``; their luck is the tail's whatever the salt of others."""
    if skipped == len(tail.orders):
        return
    salt, shift = np.uint64(others.counters[0]["luck_salt"]), count - skipped
    first_line = tail.orders[skipped]["first_line"]
    line_shift = own.orders[count - 1]["first_line"] + own.orders[count - 1]["num_lines"] - first_line
    for i in range(skipped, len(tail.orders)):
        order = i + shift
        own.orders[order] = tail.orders[i]
        own.orders[order]["first_line"] = tail.orders[i]["first_line"] + line_shift
        own.orders[order]["luck_key"] = tail.orders[i]["luck_key"] ^ salt
        others.orders[order] = tail.order_states[i]
        others.orders[order]["first_of_group"], others.orders[order]["last_in_group"] = order, order
        previous = tail.order_states[i]["previous_order"]
        others.orders[order]["previous_order"] = previous + shift if previous >= skipped else NONE
        for part in range(len(others.totals)):
            others.order_costs[order, part] = 0
    for line in range(first_line, len(tail.lines)):
        own.lines[line + line_shift] = tail.lines[line]
        own.lines[line + line_shift]["order"] = tail.lines[line]["order"] + shift
        others.lines[line + line_shift] = tail.line_states[line]


@internal
def _append_receipts(others, tail, known, now):
    """Receipts of the tail that are not announced yet, and behind them a row that never is."""
    for i in range(len(tail.receipts)):
        if tail.receipts[i]["announced_at"] > now:
            others.arrivals[known] = tail.receipts[i]
            known += 1
    if known < len(others.arrivals):
        others.arrivals[known]["announced_at"] = np.iinfo(np.int64).max
