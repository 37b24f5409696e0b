"""Forks: copies of a replication in the middle of an episode, which go on by themselves.

``fork`` is made for rollouts: given an earlier fork it copies only what may differ, so that its time depends on the work
under way, not on the length of the trace. For another future see ``envs.other_future``.
"""

from __future__ import annotations

from envs.compiling import compiled
from envs.hidden import DEPARTED, OPEN
from envs.plan_table import COUNT_OPTIONS, COUNT_PLANS
from envs.state import NONE
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
    copy_state(world.handle, into.handle)
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
def copy_state(source, target):
    """Copies what may differ between a world and its fork."""
    _copy_cells(source.seen.stock, target.seen.stock)
    _copy_cells(source.seen.picks, target.seen.picks)
    _copy_cells(source.seen.interruptions, target.seen.interruptions)
    _copy_cells(source.hidden.docks, target.hidden.docks)
    _copy(source.seen.clock, target.seen.clock, 0, 1)
    _copy(source.seen.stations, target.seen.stations, 0, len(source.seen.stations))
    _copy(source.seen.bookings, target.seen.bookings, 0, len(source.seen.bookings))
    _copy(source.seen.receipts, target.seen.receipts, 0, len(source.seen.receipts))
    _copy(source.seen.punctuality, target.seen.punctuality, 0, len(source.seen.punctuality))
    _copy(source.seen.order, target.seen.order, 0, 1)
    _copy(source.seen.lines, target.seen.lines, 0, source.seen.order[0]["num_lines"])
    _copy(source.hidden.queues, target.hidden.queues, 0, len(source.hidden.queues))
    _copy(source.hidden.arrivals, target.hidden.arrivals, 0, len(source.hidden.arrivals))
    _copy(source.hidden.claims, target.hidden.claims, 0, len(source.hidden.claims))
    _copy(source.hidden.weather, target.hidden.weather, 0, len(source.hidden.weather))
    _copy(source.hidden.totals, target.hidden.totals, 0, len(source.hidden.totals))
    _copy_open(source.future, source.hidden, target.hidden)
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
def _copy_open(future, source, target):
    """Orders, lines and parcels that can have changed, here or there, since they were last copied."""
    rows, counters = source.orders, source.counters
    other = target.counters
    order, parcel = other[0]["first_open_order"], other[0]["first_unsent_parcel"]
    last_order = max(counters[0]["num_arrived"], other[0]["num_arrived"])
    last_parcel = max(counters[0]["num_parcels"], other[0]["num_parcels"])
    _copy(rows, target.orders, order, last_order)
    if order < last_order:
        last_line = future.orders[last_order - 1]["first_line"] + future.orders[last_order - 1]["num_lines"]
        _copy(source.lines, target.lines, future.orders[order]["first_line"], last_line)
    for i in range(order, last_order):
        for part in range(len(source.totals)):
            target.order_costs[i, part] = source.order_costs[i, part]
    _copy(source.parcels, target.parcels, parcel, last_parcel)
    log_level, is_describing = other[0]["log_level"], other[0]["is_describing"]
    # From here on both agree up to what is still open; what has ended never changes.
    while counters[0]["first_open_order"] < counters[0]["num_arrived"] and _has_ended(
        rows, counters[0]["first_open_order"]
    ):
        counters[0]["first_open_order"] += 1
    while (
        counters[0]["first_unsent_parcel"] < counters[0]["num_parcels"]
        and source.parcels[counters[0]["first_unsent_parcel"]]["stage"] >= DEPARTED
    ):
        counters[0]["first_unsent_parcel"] += 1
    _copy(counters, other, 0, 1)
    other[0]["log_level"], other[0]["is_describing"] = log_level, is_describing
    other[0]["num_events"], other[0]["num_ledger_rows"] = 0, 0


@compiled
def _has_ended(rows, order):
    """Whether an order and all that were decided with it have ended."""
    member = rows[order]["first_of_group"]
    while member != NONE:
        if rows[member]["status"] == OPEN:
            return False
        member = rows[member]["next_in_group"]
    return True


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
