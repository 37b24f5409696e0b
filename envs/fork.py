"""Forks: copies of a replication in the middle of an episode, which go on by themselves.

``fork`` is made for rollouts: given an earlier fork it copies only what may differ, so that its time depends neither on
the length of the trace nor on the number of SKUs. For another future see ``envs.other_future``.
"""

from __future__ import annotations

from envs.borrowing import borrowed
from envs.compiling import compiled, internal
from envs.plan_table import COUNT_OPTIONS, COUNT_PLANS
from envs.state import NONE
from envs.touched import CELL, KINDS, RECEIPT, RING
from envs.world import World
from scenarios.errors import InputError


def fork(world: World, into: World | None = None) -> World:
    """A copy of ``world`` at its present decision that shares nothing it may change.

    Args:
        world: at a decision, played by the compiled clock: SimPy's processes cannot be copied.
        into: an earlier fork of the same world, whose memory is used again; what it was playing is lost.

    Returns:
        The fork. It keeps no logs, only totals; ``envs.compiled_clock.CompiledClock(fork).answer(slot)`` goes on.

    Raises:
        InputError: ``into`` is not a fork of ``world``, or SimPy plays it.
    """
    check_forkable(world)
    if into is None:
        into = world.twin()
    elif into.origin is not world:
        raise InputError("into", "another world", "an earlier fork of the same world", "leave it out")
    if len(into.hidden.parcels) < len(world.hidden.parcels):
        into.hidden = into.hidden._replace(parcels=world.hidden.parcels.copy())
        into.rebind()
    copy_state(world.handle, into.handle, into.synced)
    return into


def check_forkable(world: World) -> None:
    """Raises:
    InputError: nothing is to come on the compiled clock's agenda.
    """
    if world.agenda.size[0] == 0:
        raise InputError(
            "fork", "a world that the compiled clock does not play", "clock='compiled'", "SimPy cannot be copied"
        )


@compiled
def copy_state(source, target, synced):
    """Copies what may differ between a world and its fork.

    Args:
        source: handle of the world.
        target: handle of the fork.
        synced: int64 (2,): entries in both rings at the last copy; negative for a new fork.
    """
    future = borrowed(source.future)
    seen, hidden = borrowed(source.seen), borrowed(source.hidden)
    other, others = borrowed(target.seen), borrowed(target.hidden)
    _copy_cells(seen.picks, other.picks)
    _copy_cells(seen.interruptions, other.interruptions)
    _copy_cells(hidden.docks, others.docks)
    _copy(seen.clock, other.clock, 0, 1)
    _copy(seen.stations, other.stations, 0, len(seen.stations))
    _copy(seen.bookings, other.bookings, 0, len(seen.bookings))
    _copy(seen.punctuality, other.punctuality, 0, len(seen.punctuality))
    _copy(seen.demand, other.demand, 0, len(seen.demand))
    _copy(seen.goods, other.goods, 0, len(seen.goods))
    _copy(seen.order, other.order, 0, 1)
    _copy(seen.lines, other.lines, 0, seen.order[0]["num_lines"])
    _copy(hidden.queues, others.queues, 0, len(hidden.queues))
    _copy(hidden.weather, others.weather, 0, len(hidden.weather))
    others.totals[:] = hidden.totals
    _copy_touched(future, seen, hidden, other, others, synced)
    _copy_counters(hidden, others, synced)
    _copy_agenda(borrowed(source.agenda), borrowed(target.agenda))
    _copy_plans(borrowed(source.plans), borrowed(target.plans))


@internal
def _copy(source, target, first, last):
    for i in range(first, last):
        target[i] = source[i]


@internal
def _copy_cells(source, target):
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@internal
def _copy_touched(future, seen, hidden, other, others, synced):
    """Orders, stock cells and receipts that were written to, here or there, since the last copy; or all of them."""
    here, there = hidden.counters[0]["num_touched"], others.counters[0]["num_touched"]
    if synced[0] < 0 or here - synced[0] > RING or there - synced[1] > RING:
        _copy_everything(future, seen, hidden, other, others)
        return
    for n in range(synced[1], there):
        _copy_entry(future, seen, hidden, other, others, others, others.touched[n & (RING - 1)])
    for n in range(synced[0], here):
        _copy_entry(future, seen, hidden, other, others, hidden, hidden.touched[n & (RING - 1)])


@internal
def _copy_entry(future, seen, hidden, other, others, owner, entry):
    """Copies what an entry of the ring of ``owner``, hidden state of either, is about."""
    kind, number = entry % KINDS, entry // KINDS
    if kind == CELL:
        warehouse, sku = number // seen.stock.shape[1], number % seen.stock.shape[1]
        other.stock[warehouse, sku] = seen.stock[warehouse, sku]
    elif kind == RECEIPT:
        _copy_receipts(seen, hidden, other, others, number, number + 1)
    else:
        parcel = owner.orders[number]["last_parcel"]
        while parcel != NONE:
            following = owner.parcels[parcel]["previous_of_order"]
            others.parcels[parcel] = hidden.parcels[parcel]
            parcel = following
        _copy_orders(future, hidden, others, number, number + 1)


@internal
def _copy_everything(future, seen, hidden, other, others):
    _copy_cells(seen.stock, other.stock)
    _copy_receipts(seen, hidden, other, others, 0, len(hidden.arrivals))
    here, there = hidden.counters, others.counters
    num_parcels = max(here[0]["num_parcels"], there[0]["num_parcels"])
    _copy(hidden.parcels, others.parcels, 0, num_parcels)
    _copy_orders(future, hidden, others, 0, max(here[0]["num_arrived"], there[0]["num_arrived"]))


@internal
def _copy_receipts(seen, hidden, other, others, first, last):
    _copy(seen.receipts, other.receipts, first, last)
    _copy(hidden.arrivals, others.arrivals, first, last)
    _copy(hidden.claims, others.claims, first, last)


@internal
def _copy_orders(future, hidden, others, first, last):
    """Orders and their lines."""
    if first == last:
        return
    rows = future.orders
    _copy(hidden.orders, others.orders, first, last)
    last_line = rows[last - 1]["first_line"] + rows[last - 1]["num_lines"]
    _copy(hidden.lines, others.lines, rows[first]["first_line"], last_line)
    for order in range(first, last):
        for part in range(len(hidden.totals)):
            others.order_costs[order, part] = hidden.order_costs[order, part]


@internal
def _copy_counters(source, target, synced):
    """Counters; a fork keeps no logs and its own ring."""
    log_level, num_touched = target.counters[0]["log_level"], target.counters[0]["num_touched"]
    synced[0], synced[1] = source.counters[0]["num_touched"], num_touched
    target.counters[0] = source.counters[0]
    target.counters[0]["log_level"], target.counters[0]["num_touched"] = log_level, num_touched
    target.counters[0]["num_events"], target.counters[0]["num_ledger_rows"] = 0, 0


@internal
def _copy_agenda(source, target):
    size = source.size[0]
    target.size[0] = size
    target.keys[:size] = source.keys[:size]


@internal
def _copy_plans(source, target):
    """The plans of the present decision."""
    num_plans, num_options = source.counts[COUNT_PLANS], source.counts[COUNT_OPTIONS]
    target.counts[:] = source.counts
    _copy(source.slots, target.slots, 0, num_plans)
    target.chosen[:num_plans] = source.chosen[:num_plans]
    target.costs[:num_plans] = source.costs[:num_plans]
    target.rules[:num_plans] = source.rules[:num_plans]
    target.features[:] = source.features
    target.context[:] = source.context
    target.start_at[:] = source.start_at
    _copy(source.options, target.options, 0, num_options)
    target.option_costs[:num_options] = source.option_costs[:num_options]
