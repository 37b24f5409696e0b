"""The rules as the SimPy clock calls them: one handle, the present second, and who is concerned."""

from __future__ import annotations

from envs import cancelling, decisions, delivery, disruptions, docks, picking, receiving, reordering
from envs.compiling import compiled

LEAVES_AT_ONCE, BREAKS_PLANS = 1, 2


@compiled
def arrive(world, now, order):
    """See ``envs.decisions.arrive``."""
    world.seen.clock[0]["now_seconds"] = now
    decisions.arrive(world.network, world.future, world.seen, world.hidden, world.plans, order)


@compiled
def end_hold(world, now, group):
    """See ``envs.decisions.end_hold``."""
    world.seen.clock[0]["now_seconds"] = now
    return decisions.end_hold(world.network, world.future, world.seen, world.hidden, world.plans, group)


@compiled
def ask_again(world, now, group):
    """See ``envs.decisions.ask_again``."""
    world.seen.clock[0]["now_seconds"] = now
    return decisions.ask_again(world.network, world.future, world.seen, world.hidden, world.plans, group)


@compiled
def carry_out(world, slot):
    """See ``envs.decisions.carry_out``."""
    return decisions.carry_out(world.network, world.future, world.seen, world.hidden, world.plans, slot)


@compiled
def lose_patience(world, now, order):
    """See ``envs.cancelling.lose_patience``."""
    world.seen.clock[0]["now_seconds"] = now
    cancelling.lose_patience(world.network, world.future, world.seen, world.hidden, order)


@compiled
def start_picks(world, now, warehouse):
    """See ``envs.picking.start_picks``."""
    world.seen.clock[0]["now_seconds"] = now
    return picking.start_picks(world.network, world.future, world.seen, world.hidden, warehouse)


@compiled
def finish_pick(world, now, parcel):
    """See ``envs.picking.finish_pick``; returns LEAVES_AT_ONCE and BREAKS_PLANS as bits."""
    world.seen.clock[0]["now_seconds"] = now
    leaves = picking.finish_pick(world.network, world.future, world.seen, world.hidden, parcel)
    breaks = world.hidden.counters[0]["num_broken"] > 0
    return (LEAVES_AT_ONCE if leaves else 0) | (BREAKS_PLANS if breaks else 0)


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
    receiving.announce(world.seen, world.hidden, receipt)


@compiled
def receive(world, now, receipt):
    """See ``envs.receiving.receive``."""
    world.seen.clock[0]["now_seconds"] = now
    return receiving.receive(world.network, world.future, world.seen, world.hidden, receipt)


@compiled
def open_presale(world, now, parcel):
    """See ``envs.receiving.open_presale``."""
    world.seen.clock[0]["now_seconds"] = now
    return receiving.open_presale(world.network, world.future, world.seen, world.hidden, parcel)


@compiled
def review(world, now, warehouse):
    """See ``envs.reordering.review``."""
    world.seen.clock[0]["now_seconds"] = now
    return reordering.review(world.network, world.future, world.seen, world.hidden, warehouse)


@compiled
def start_outage(world, now, outage):
    """See ``envs.disruptions.start_outage``."""
    world.seen.clock[0]["now_seconds"] = now
    disruptions.start_outage(world.network, world.future, world.seen, world.hidden, outage)


@compiled
def change_regime(world, now, regime):
    """See ``envs.disruptions.change_regime``."""
    world.seen.clock[0]["now_seconds"] = now
    disruptions.change_regime(world.future, world.seen, world.hidden, regime)


@compiled
def change_stations(world, now, warehouse, change):
    """See ``envs.picking.change_stations``."""
    world.seen.clock[0]["now_seconds"] = now
    picking.change_stations(world.seen, warehouse, change)
