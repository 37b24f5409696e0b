"""The rules as the SimPy clock calls them: one handle, the present second, and who is concerned."""

from __future__ import annotations

from envs import cancelling, decisions, delivery, disruptions, docks, picking, prices, receiving, reordering
from envs.borrowing import borrowed
from envs.compiling import compiled

LEAVES_AT_ONCE, BREAKS_PLANS = 1, 2


@compiled
def arrive(world, now, order):
    """See ``envs.decisions.arrive``."""
    world.seen.clock[0]["now_seconds"] = now
    decisions.arrive(
        borrowed(world.network),
        borrowed(world.future),
        borrowed(world.seen),
        borrowed(world.hidden),
        order,
    )


@compiled
def end_hold(world, now, group):
    """See ``envs.decisions.end_hold``."""
    world.seen.clock[0]["now_seconds"] = now
    return decisions.end_hold(
        borrowed(world.network),
        borrowed(world.future),
        borrowed(world.seen),
        borrowed(world.hidden),
        group,
    )


@compiled
def ask_again(world, now, group):
    """See ``envs.decisions.ask_again``."""
    world.seen.clock[0]["now_seconds"] = now
    return decisions.ask_again(
        borrowed(world.network),
        borrowed(world.future),
        borrowed(world.seen),
        borrowed(world.hidden),
        group,
    )


@compiled
def make_table(world):
    """See ``envs.decisions.make_table``."""
    decisions.make_table(borrowed(world.network), borrowed(world.seen), borrowed(world.hidden), borrowed(world.plans))


@compiled
def carry_out(world, slot):
    """See ``envs.decisions.carry_out``."""
    return decisions.carry_out(
        borrowed(world.network),
        borrowed(world.future),
        borrowed(world.seen),
        borrowed(world.hidden),
        borrowed(world.plans),
        slot,
    )


@compiled
def lose_patience(world, now, order):
    """See ``envs.cancelling.lose_patience``."""
    world.seen.clock[0]["now_seconds"] = now
    cancelling.lose_patience(
        borrowed(world.network), borrowed(world.future), borrowed(world.seen), borrowed(world.hidden), order
    )


@compiled
def start_picks(world, now, warehouse):
    """See ``envs.picking.start_picks``."""
    world.seen.clock[0]["now_seconds"] = now
    return picking.start_picks(
        borrowed(world.network),
        borrowed(world.future),
        borrowed(world.seen),
        borrowed(world.hidden),
        warehouse,
    )


@compiled
def finish_pick(world, now, parcel):
    """See ``envs.picking.finish_pick``; returns LEAVES_AT_ONCE and BREAKS_PLANS as bits."""
    world.seen.clock[0]["now_seconds"] = now
    leaves = picking.finish_pick(
        borrowed(world.network), borrowed(world.future), borrowed(world.seen), borrowed(world.hidden), parcel
    )
    breaks = world.hidden.counters[0]["num_broken"] > 0
    return (LEAVES_AT_ONCE if leaves else 0) | (BREAKS_PLANS if breaks else 0)


@compiled
def collect(world, now, collection):
    """See ``envs.docks.collect``."""
    world.seen.clock[0]["now_seconds"] = now
    return docks.collect(borrowed(world.network), borrowed(world.seen), borrowed(world.hidden), collection)


@compiled
def hand_over(world, now, parcel):
    """See ``envs.delivery.hand_over``."""
    world.seen.clock[0]["now_seconds"] = now
    return delivery.hand_over(
        borrowed(world.network), borrowed(world.future), borrowed(world.seen), borrowed(world.hidden), parcel
    )


@compiled
def deliver(world, now, parcel):
    """See ``envs.delivery.deliver``."""
    world.seen.clock[0]["now_seconds"] = now
    delivery.deliver(
        borrowed(world.network), borrowed(world.future), borrowed(world.seen), borrowed(world.hidden), parcel
    )


@compiled
def announce(world, now, receipt):
    """See ``envs.receiving.announce``."""
    world.seen.clock[0]["now_seconds"] = now
    receiving.announce(borrowed(world.seen), borrowed(world.hidden), receipt)


@compiled
def receive(world, now, receipt):
    """See ``envs.receiving.receive``."""
    world.seen.clock[0]["now_seconds"] = now
    return receiving.receive(
        borrowed(world.network), borrowed(world.future), borrowed(world.seen), borrowed(world.hidden), receipt
    )


@compiled
def open_presale(world, now, parcel):
    """See ``envs.receiving.open_presale``."""
    world.seen.clock[0]["now_seconds"] = now
    return receiving.open_presale(
        borrowed(world.network), borrowed(world.future), borrowed(world.seen), borrowed(world.hidden), parcel
    )


@compiled
def review(world, now, warehouse):
    """See ``envs.reordering.review``."""
    world.seen.clock[0]["now_seconds"] = now
    return reordering.review(
        borrowed(world.network),
        borrowed(world.future),
        borrowed(world.seen),
        borrowed(world.hidden),
        warehouse,
    )


@compiled
def ask_for_prices(world, now):
    """See ``envs.prices.show_pricer``; False if no prices are wanted any more."""
    if not prices.are_wanted(borrowed(world.hidden)):
        return False
    world.seen.clock[0]["now_seconds"] = now
    prices.show_pricer(borrowed(world.network), borrowed(world.seen), borrowed(world.hidden))
    return True


@compiled
def put_prices_in_force(world, now):
    """See ``envs.prices.put_in_force``; False if no prices are wanted any more."""
    if not prices.are_wanted(borrowed(world.hidden)):
        return False
    world.seen.clock[0]["now_seconds"] = now
    prices.put_in_force(borrowed(world.seen), borrowed(world.hidden))
    return True


@compiled
def start_outage(world, now, outage):
    """See ``envs.disruptions.start_outage``."""
    world.seen.clock[0]["now_seconds"] = now
    disruptions.start_outage(
        borrowed(world.network), borrowed(world.future), borrowed(world.seen), borrowed(world.hidden), outage
    )


@compiled
def change_regime(world, now, regime):
    """See ``envs.disruptions.change_regime``."""
    world.seen.clock[0]["now_seconds"] = now
    disruptions.change_regime(borrowed(world.future), borrowed(world.seen), borrowed(world.hidden), regime)


@compiled
def change_stations(world, now, warehouse, change):
    """See ``envs.picking.change_stations``."""
    world.seen.clock[0]["now_seconds"] = now
    picking.change_stations(borrowed(world.seen), warehouse, change)
