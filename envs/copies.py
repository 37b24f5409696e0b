"""Copies of a replication's state: all that may differ between a world and its fork, and as little else as possible."""

from __future__ import annotations

from envs.compiling import internal
from envs.plan_table import COUNT_OPTIONS, COUNT_PLANS
from envs.state import NONE
from envs.touched import CELL, KINDS, RECEIPT, RING

HERE, THERE, ARRIVED, ORDERS, RECEIPTS = range(5)
"""What ``World.synced`` of a fork holds: entries in the rings of the world and of the fork at the last copy, negative
before the first one; orders that had arrived then; and so many orders and receipts of the world the fork has too."""


@internal
def copy_present(seen, hidden, other, others):
    """What is small: it is copied whole."""
    _copy_cells(seen.picks, other.picks)
    _copy_cells(seen.interruptions, other.interruptions)
    _copy_cells(hidden.docks, others.docks)
    copy_rows(seen.clock, other.clock, 0, 1)
    copy_rows(seen.stations, other.stations, 0, len(seen.stations))
    copy_rows(seen.bookings, other.bookings, 0, len(seen.bookings))
    copy_rows(seen.punctuality, other.punctuality, 0, len(seen.punctuality))
    copy_rows(seen.demand, other.demand, 0, len(seen.demand))
    copy_rows(seen.goods, other.goods, 0, len(seen.goods))
    copy_rows(seen.order, other.order, 0, 1)
    copy_rows(seen.lines, other.lines, 0, seen.order[0]["num_lines"])
    copy_rows(hidden.queues, others.queues, 0, len(hidden.queues))
    copy_rows(hidden.weather, others.weather, 0, len(hidden.weather))
    others.totals[:] = hidden.totals


@internal
def copy_rows(source, target, first, last):
    """Rows first to last - 1."""
    for i in range(first, last):
        target[i] = source[i]


@internal
def _copy_cells(source, target):
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@internal
def is_far(hidden, others, synced):
    """Whether a ring has lost what was touched since the last copy, or there was none."""
    here, there = hidden.counters[0]["num_touched"], others.counters[0]["num_touched"]
    return synced[HERE] < 0 or here - synced[HERE] > RING or there - synced[THERE] > RING


@internal
def copy_touched(future, seen, hidden, other, others, synced):
    """Orders, stock cells and receipts that were written to, here or there, since the last copy; or all of them.

    Orders and receipts of the fork alone, beyond those that ``synced`` says, are made blank.
    """
    here, there = hidden.counters[0]["num_touched"], others.counters[0]["num_touched"]
    if is_far(hidden, others, synced):
        _copy_everything(future, seen, hidden, other, others, synced)
        return
    for n in range(synced[THERE], there):
        entry = others.touched[n & (RING - 1)]
        _copy_entry(future, seen, hidden, other, others, others, entry, synced)
    for n in range(synced[HERE], here):
        entry = hidden.touched[n & (RING - 1)]
        _copy_entry(future, seen, hidden, other, others, hidden, entry, synced)


@internal
def _copy_entry(future, seen, hidden, other, others, owner, entry, synced):
    """Copies what an entry of the ring of ``owner``, hidden state of either, is about."""
    kind, number = entry % KINDS, entry // KINDS
    if kind == CELL:
        warehouse, sku = number // seen.stock.shape[1], number % seen.stock.shape[1]
        other.stock[warehouse, sku] = seen.stock[warehouse, sku]
    elif kind == RECEIPT:
        if number < synced[RECEIPTS]:
            _copy_receipts(seen, hidden, other, others, number, number + 1)
        else:
            _blank_receipts(seen, other, others, number, number + 1)
    else:
        parcel = owner.orders[number]["last_parcel"]
        while parcel != NONE:
            following = owner.parcels[parcel]["previous_of_order"]
            _copy_parcel(hidden, others, parcel)
            parcel = following
        if number < synced[ORDERS]:
            copy_orders(future, hidden, others, number, number + 1)
        else:
            others.orders[number]["last_parcel"] = NONE


@internal
def _copy_everything(future, seen, hidden, other, others, synced):
    _copy_cells(seen.stock, other.stock)
    _copy_receipts(seen, hidden, other, others, 0, synced[RECEIPTS])
    _blank_receipts(seen, other, others, synced[RECEIPTS], len(others.arrivals))
    here, there = hidden.counters, others.counters
    for parcel in range(max(here[0]["num_parcels"], there[0]["num_parcels"])):
        _copy_parcel(hidden, others, parcel)
    last = min(synced[ORDERS], max(here[0]["num_arrived"], there[0]["num_arrived"]))
    copy_orders(future, hidden, others, 0, last)


@internal
def _copy_parcel(hidden, others, parcel):
    """A parcel that the world does not have is blank again, like the next one that it will have."""
    others.parcels[parcel] = hidden.parcels[min(parcel, hidden.counters[0]["num_parcels"])]


@internal
def _copy_receipts(seen, hidden, other, others, first, last):
    copy_rows(seen.receipts, other.receipts, first, last)
    copy_rows(hidden.arrivals, others.arrivals, first, last)
    copy_rows(hidden.claims, others.claims, first, last)


@internal
def _blank_receipts(seen, other, others, first, last):
    """Nobody knows them yet; the last row is always blank."""
    for receipt in range(first, last):
        other.receipts[receipt] = seen.receipts[len(seen.receipts) - 1]
        others.claims[receipt]["first_parcel"], others.claims[receipt]["last_parcel"] = NONE, NONE


@internal
def copy_orders(future, hidden, others, first, last):
    """Orders and their lines."""
    if first >= last:
        return
    rows = future.orders
    copy_rows(hidden.orders, others.orders, first, last)
    last_line = rows[last - 1]["first_line"] + rows[last - 1]["num_lines"]
    copy_rows(hidden.lines, others.lines, rows[first]["first_line"], last_line)
    for order in range(first, last):
        for part in range(len(hidden.totals)):
            others.order_costs[order, part] = hidden.order_costs[order, part]


@internal
def copy_counters(source, target, synced):
    """Counters; a fork keeps no logs and its own ring, which has moved on farther than its own forks could follow."""
    log_level, num_touched = target.counters[0]["log_level"], target.counters[0]["num_touched"] + RING + 1
    synced[HERE], synced[THERE] = source.counters[0]["num_touched"], num_touched
    synced[ARRIVED] = source.counters[0]["num_arrived"]
    target.counters[0] = source.counters[0]
    target.counters[0]["log_level"], target.counters[0]["num_touched"] = log_level, num_touched
    target.counters[0]["num_events"], target.counters[0]["num_ledger_rows"] = 0, 0


@internal
def copy_agenda(source, target):
    """All that is due."""
    size = source.size[0]
    target.size[0] = size
    target.keys[:size] = source.keys[:size]


@internal
def copy_plans(source, target):
    """The plans of the present decision."""
    num_plans, num_options = source.counts[COUNT_PLANS], source.counts[COUNT_OPTIONS]
    target.counts[:] = source.counts
    copy_rows(source.slots, target.slots, 0, num_plans)
    target.chosen[:num_plans] = source.chosen[:num_plans]
    target.costs[:num_plans] = source.costs[:num_plans]
    target.rules[:num_plans] = source.rules[:num_plans]
    target.features[:] = source.features
    target.context[:] = source.context
    target.start_at[:] = source.start_at
    copy_rows(source.options, target.options, 0, num_options)
    target.option_costs[:num_options] = source.option_costs[:num_options]
