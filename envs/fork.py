"""Forks: copies of a replication in the middle of an episode, which go on by themselves.

They are made for rollouts: given an earlier fork, they copy only what may differ, so that their time depends neither on
the length of the trace nor on the number of SKUs.
"""

from __future__ import annotations

import numpy as np

from envs.borrowing import borrowed
from envs.compiling import compiled, internal
from envs.copies import (
    ARRIVED,
    ORDERS,
    RECEIPTS,
    copy_agenda,
    copy_counters,
    copy_plans,
    copy_present,
    copy_touched,
    is_far,
)
from envs.due import fill
from envs.own_future import new_own_future
from envs.redraw import forget_journeys
from envs.splice import num_known, splice
from envs.tail import TAIL_DTYPES, Tail
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
    _check_forkable(world)
    if into is None:
        into = world.twin()
    elif into.origin is not world or into.future is not world.future:
        raise InputError("into", "another world", "an earlier fork of the same world", "leave it out")
    _make_room_for_parcels(world, into)
    copy_onto_the_same(world.handle, into.handle, into.synced)
    return into


def fork_on(world: World, tail: Tail, into: World | None = None) -> World:
    """A copy of ``world`` at its present decision that goes on in another future.

    What has been seen stays. Orders, receipts, outages and regimes to come are those of the tail; so is what comes of
    receipts that were announced and, unless its salt is 0, the luck of all that is under way: picks, journeys, goods
    that were reordered, customers who wait. What would have ended by now ends in the next second.

    Args:
        world: at a decision, played by the compiled clock.
        tail: see ``envs.tail.tail_of``. Of one that begins before now, only what comes later than now is taken.
        into: an earlier fork of the same world on a tail, this or another one; what it was playing is lost.

    Returns:
        The fork; it keeps no logs, only totals, and ends after the tail's ``until_seconds``. Its arrays of orders,
        lines and receipts have rows to spare: ``hidden.counters["num_orders"]`` orders will have arrived in the end.

    Raises:
        InputError: ``tail`` begins later than now, has ended, belongs to another network or contradicts an announced
            receipt; ``into`` is not a fork of ``world`` on a tail; or SimPy plays ``world``.
    """
    _check_forkable(world)
    _check_fits(world, tail)
    if into is None:
        into = _new_memory(world, tail)
    elif into.origin is not world or into.own is None:
        raise InputError("into", "another world", "an earlier fork of the same world on a tail", "leave it out")
    elif not into.own.has_room(world.future, tail):
        into.__dict__.update(_new_memory(world, tail).__dict__)
    _make_room_for_parcels(world, into)
    if copy_onto_a_tail(world.handle, into.handle, into.own, tail, into.synced) > 0:
        into.synced[:] = -1
        expected = "the receipts that were announced in this world, in their order"
        raise InputError("tail.outcomes", "another receipt", expected, "cut the tail out of a trace of this scenario")
    return into


def _check_forkable(world: World) -> None:
    if world.agenda.size[0] == 0:
        raise InputError(
            "fork", "a world that the compiled clock does not play", "clock='compiled'", "SimPy cannot be copied"
        )


def _check_fits(world: World, tail: Tail) -> None:
    now, network = int(world.seen.clock["now_seconds"][0]), world.network
    names = ("after_seconds", "until_seconds", "num_regions", "num_skus")
    after, until, num_regions, num_skus = (int(tail.rules[name][0]) for name in names)
    if after > now:
        raise InputError("tail after_seconds", after, f"at most {now}, now", "cut it earlier")
    if until < now:
        raise InputError("tail until_seconds", until, f"at least {now}, now", "look farther ahead")
    own = {"warehouses": len(tail.suppliers), "services": len(tail.weather), "regions": num_regions, "skus": num_skus}
    for name, size in own.items():
        if size != len(getattr(network, name)):
            expected = f"{len(getattr(network, name))}, as in the network of the world"
            raise InputError(f"tail {name}", size, expected, "cut it out of a trace of the same scenario")
    for name, dtype in TAIL_DTYPES.items():
        if getattr(tail, name).dtype != dtype:
            raise InputError(f"tail {name}", str(getattr(tail, name).dtype), str(dtype), "use envs.tail.tail_of")


def _new_memory(world: World, tail: Tail) -> World:
    return world.twin(new_own_future(world.future, tail, len(world.hidden.parcels)))


def _make_room_for_parcels(world: World, into: World) -> None:
    missing = len(world.hidden.parcels) - len(into.hidden.parcels)
    if missing > 0:
        parcels = np.concatenate([into.hidden.parcels, np.zeros(missing, into.hidden.parcels.dtype)])
        into.hidden = into.hidden._replace(parcels=parcels)
        into.rebind()
    if into.own is not None and len(into.own.journeys) < len(world.hidden.parcels):
        into.own = into.own.with_parcels(len(world.hidden.parcels))


@compiled
def copy_onto_the_same(source, target, synced):
    """Copies what may differ between a world and its fork on the same future.

    Args:
        source: handle of the world.
        target: handle of the fork.
        synced: see ``envs.copies``.
    """
    hidden = borrowed(source.hidden)
    synced[ORDERS], synced[RECEIPTS] = len(hidden.orders), len(hidden.arrivals)
    _copy_seen(source, target, synced)
    copy_agenda(borrowed(source.agenda), borrowed(target.agenda))


@compiled
def copy_onto_a_tail(source, target, own, tail, synced):
    """Copies what may differ between a world and its fork on a tail, and splices the tail.

    Args:
        source: handle of the world.
        target: handle of the fork.
        own: see ``envs.own_future.OwnFuture``.
        tail: see ``envs.tail.Tail``.
        synced: see ``envs.copies``.

    Returns:
        How many announced receipts the tail contradicts.
    """
    seen, hidden = borrowed(source.seen), borrowed(source.hidden)
    others, memory, added = borrowed(target.hidden), borrowed(own), borrowed(tail)
    is_new = is_far(hidden, others, synced)
    num_spliced = 0 if is_new else synced[ARRIVED]
    now = seen.clock[0]["now_seconds"]
    synced[ORDERS] = hidden.counters[0]["num_arrived"]
    synced[RECEIPTS] = num_known(borrowed(source.future), hidden, now)
    _copy_seen(source, target, synced)
    splice(source, target, memory, added, num_spliced)
    forget_journeys(memory, others, is_new)
    return fill(source, target, memory, added)


@internal
def _copy_seen(source, target, synced):
    """All but the agenda."""
    future, seen, hidden = borrowed(source.future), borrowed(source.seen), borrowed(source.hidden)
    other, others = borrowed(target.seen), borrowed(target.hidden)
    copy_present(seen, hidden, other, others)
    copy_touched(future, seen, hidden, other, others, synced)
    copy_counters(hidden, others, synced)
    copy_plans(borrowed(source.plans), borrowed(target.plans))
