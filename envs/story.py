"""The rules as the SimPy clock calls them: one handle, the present second, and who is concerned."""

from __future__ import annotations

from envs import decisions, delivery, docks, picking, receiving
from envs.compiling import compiled


@compiled
def ask(world, now, order):
    """See ``envs.decisions.ask``."""
    world.seen.clock[0]["now_seconds"] = now
    decisions.ask(world.network, world.future, world.seen, world.hidden, world.plans, order)


@compiled
def carry_out(world, slot):
    """See ``envs.decisions.carry_out``."""
    return decisions.carry_out(world.network, world.seen, world.hidden, world.plans, slot)


@compiled
def start_picks(world, now, warehouse):
    """See ``envs.picking.start_picks``."""
    world.seen.clock[0]["now_seconds"] = now
    return picking.start_picks(world.network, world.future, world.seen, world.hidden, warehouse)


@compiled
def finish_pick(world, now, parcel):
    """See ``envs.picking.finish_pick``."""
    world.seen.clock[0]["now_seconds"] = now
    return picking.finish_pick(world.network, world.seen, world.hidden, parcel)


@compiled
def collect(world, now, collection):
    """See ``envs.docks.collect``."""
    world.seen.clock[0]["now_seconds"] = now
    return docks.collect(world.network, world.seen, world.hidden, collection)


@compiled
def hand_over(world, now, parcel):
    """See ``envs.delivery.hand_over``."""
    world.seen.clock[0]["now_seconds"] = now
    return delivery.hand_over(world.network, world.future, world.seen, world.hidden, parcel)


@compiled
def deliver(world, now, parcel):
    """See ``envs.delivery.deliver``."""
    world.seen.clock[0]["now_seconds"] = now
    delivery.deliver(world.network, world.future, world.seen, world.hidden, parcel)


@compiled
def announce(world, now, receipt):
    """See ``envs.receiving.announce``."""
    world.seen.clock[0]["now_seconds"] = now
    receiving.announce(world.future, world.seen, world.hidden, receipt)


@compiled
def receive(world, now, receipt):
    """See ``envs.receiving.receive``."""
    world.seen.clock[0]["now_seconds"] = now
    return receiving.receive(world.network, world.future, world.seen, world.hidden, receipt)


@compiled
def change_stations(world, now, warehouse, change):
    """See ``envs.picking.change_stations``."""
    world.seen.clock[0]["now_seconds"] = now
    picking.change_stations(world.seen, warehouse, change)
