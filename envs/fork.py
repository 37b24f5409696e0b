"""Forks: copies of a replication in the middle of an episode, which go on by themselves.

``fork`` is made for rollouts: given an earlier fork it copies only what may differ, so that its time depends neither on
the length of the trace nor on the number of SKUs. For another future see ``envs.other_future``.
"""

from __future__ import annotations

from envs.compiling import compiled
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
    _copy_cells(source.seen.picks, target.seen.picks)
    _copy_cells(source.seen.interruptions, target.seen.interruptions)
    _copy_cells(source.hidden.docks, target.hidden.docks)
    _copy(source.seen.clock, target.seen.clock, 0, 1)
    _copy(source.seen.stations, target.seen.stations, 0, len(source.seen.stations))
    _copy(source.seen.bookings, target.seen.bookings, 0, len(source.seen.bookings))
    _copy(source.seen.punctuality, target.seen.punctuality, 0, len(source.seen.punctuality))
    _copy(source.seen.order, target.seen.order, 0, 1)
    _copy(source.seen.lines, target.seen.lines, 0, source.seen.order[0]["num_lines"])
    _copy(source.hidden.queues, target.hidden.queues, 0, len(source.hidden.queues))
    _copy(source.hidden.weather, target.hidden.weather, 0, len(source.hidden.weather))
    _copy(source.hidden.totals, target.hidden.totals, 0, len(source.hidden.totals))
    _copy_touched(source, target, synced)
    _copy_counters(source.hidden, target.hidden, synced)
    _copy_agenda(source.agenda, target.agenda)
    _copy_plans(source.plans, target.plans)


@compiled
def _copy(source, target, first, last):
    for i in range(first, last):
        target[i] = source[i]


@compiled
def _copy_cells(source, target):
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@compiled
def _copy_touched(source, target, synced):
    """Orders, stock cells and receipts that were written to, here or there, since the last copy; or all of them."""
    here, there = source.hidden.counters[0]["num_touched"], target.hidden.counters[0]["num_touched"]
    if synced[0] < 0 or here - synced[0] > RING or there - synced[1] > RING:
        _copy_everything(source, target)
        return
    for n in range(synced[1], there):
        _copy_entry(source, target, target.hidden, target.hidden.touched[n & (RING - 1)])
    for n in range(synced[0], here):
        _copy_entry(source, target, source.hidden, source.hidden.touched[n & (RING - 1)])


@compiled
def _copy_entry(source, target, owner, entry):
    """Copies what an entry of the ring of ``owner``, hidden state of either, is about."""
    kind, number = entry % KINDS, entry // KINDS
    if kind == CELL:
        warehouse, sku = number // source.seen.stock.shape[1], number % source.seen.stock.shape[1]
        target.seen.stock[warehouse, sku] = source.seen.stock[warehouse, sku]
    elif kind == RECEIPT:
        _copy_receipts(source, target, number, number + 1)
    else:
        parcel = owner.orders[number]["last_parcel"]
        while parcel != NONE:
            following = owner.parcels[parcel]["previous_of_order"]
            target.hidden.parcels[parcel] = source.hidden.parcels[parcel]
            parcel = following
        _copy_orders(source, target, number, number + 1)


@compiled
def _copy_everything(source, target):
    _copy_cells(source.seen.stock, target.seen.stock)
    _copy_receipts(source, target, 0, len(source.seen.receipts))
    here, there = source.hidden.counters, target.hidden.counters
    num_parcels = max(here[0]["num_parcels"], there[0]["num_parcels"])
    _copy(source.hidden.parcels, target.hidden.parcels, 0, num_parcels)
    _copy_orders(source, target, 0, max(here[0]["num_arrived"], there[0]["num_arrived"]))


@compiled
def _copy_receipts(source, target, first, last):
    _copy(source.seen.receipts, target.seen.receipts, first, last)
    _copy(source.hidden.arrivals, target.hidden.arrivals, first, last)
    _copy(source.hidden.claims, target.hidden.claims, first, last)


@compiled
def _copy_orders(source, target, first, last):
    """Orders and their lines."""
    if first == last:
        return
    rows = source.future.orders
    _copy(source.hidden.orders, target.hidden.orders, first, last)
    last_line = rows[last - 1]["first_line"] + rows[last - 1]["num_lines"]
    _copy(source.hidden.lines, target.hidden.lines, rows[first]["first_line"], last_line)
    for order in range(first, last):
        for part in range(len(source.hidden.totals)):
            target.hidden.order_costs[order, part] = source.hidden.order_costs[order, part]


@compiled
def _copy_counters(source, target, synced):
    """Counters; a fork keeps no logs and its own ring."""
    log_level, num_touched = target.counters[0]["log_level"], target.counters[0]["num_touched"]
    synced[0], synced[1] = source.counters[0]["num_touched"], num_touched
    target.counters[0] = source.counters[0]
    target.counters[0]["log_level"], target.counters[0]["num_touched"] = log_level, num_touched
    target.counters[0]["num_events"], target.counters[0]["num_ledger_rows"] = 0, 0


@compiled
def _copy_agenda(source, target):
    size = source.size[0]
    target.size[0] = size
    for i in range(size):
        target.times[i], target.ranks[i], target.entities[i] = source.times[i], source.ranks[i], source.entities[i]


@compiled
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
