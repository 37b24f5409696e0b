"""The compiled clock: the agenda of the story as one loop over a heap. Rules are those of all clocks."""

from __future__ import annotations

from envs import agenda as agenda_rules
from envs import cancelling, decisions, delivery, disruptions, docks, picking, prices, ranks, receiving, reordering
from envs.agenda import push
from envs.compiling import internal
from envs.hidden import QUEUED
from envs.room import what_is_full
from envs.world import World
from scenarios.network import FOREVER_SECONDS

OVER, DUE, FULL, PRICES = 0, 1, 2, 3
"""What ``advance`` returns: all has ended, a decision is due, an array must grow, bid prices are to be solved."""

BEGIN, CONTINUE = -1, -2
"""Instead of a slot."""


@internal
def _begin(network, future, hidden, agenda):
    """Puts all that is known at second 0 on the agenda; lists of later events are entered one by one."""
    if prices.are_wanted(hidden):
        push(agenda, 0, ranks.PRICES_DUE, 0)
    for warehouse in range(len(network.warehouses)):
        first = network.warehouses[warehouse]["first_shift"]
        push(agenda, max(0, network.shifts[first]["open_seconds"]), ranks.SHIFT_OPENED, warehouse)
        if network.settings[0]["review_seconds"] > 0:
            push(agenda, 0, ranks.REVIEW, warehouse)
        for service in range(network.pairs.shape[1]):
            if network.pairs[warehouse, service]["num_collections"] > 0:
                collection = network.pairs[warehouse, service]["first_collection"]
                push(agenda, network.collections[collection]["time_seconds"], ranks.COLLECTION, collection)
    for row in range(len(future.receipts)):
        receipt = len(hidden.arrivals) - len(future.receipts) + row
        push(agenda, max(0, future.receipts[row]["announced_at"]), ranks.RECEIPT_ANNOUNCED, receipt)
        push(agenda, future.receipts[row]["actual_at"], ranks.RECEIPT_ARRIVED, receipt)
    for outage in range(len(future.outages)):
        push(agenda, future.outages[outage]["starts_at"], ranks.OUTAGE, outage)
    for regime in range(len(future.regimes)):
        push(agenda, future.regimes[regime]["starts_at"], ranks.REGIME, regime)
    if len(future.orders):
        push(agenda, future.orders[0]["arrival_seconds"], ranks.ORDER_ARRIVED, 0)


@internal
def _wake(hidden, agenda, warehouse, now):
    """Stations look for work at the end of this second, once."""
    if hidden.queues[warehouse]["wake_at"] != now:
        hidden.queues[warehouse]["wake_at"] = now
        push(agenda, now, ranks.PICKS_STARTED, warehouse)


@internal
def _set_in_motion(hidden, agenda, num_moved, now):
    """Parcels that queue wake their stations, the others wait for their presale date."""
    for i in range(num_moved):
        parcel = hidden.moved[i]
        if hidden.parcels[parcel]["stage"] == QUEUED:
            _wake(hidden, agenda, hidden.parcels[parcel]["warehouse"], now)
        else:
            push(agenda, hidden.parcels[parcel]["release_at"], ranks.RELEASE_DUE, parcel)


@internal
def _reroute(hidden, agenda, now):
    """Groups whose plans broke are asked later in this second."""
    for i in range(hidden.counters[0]["num_broken"]):
        push(agenda, now, ranks.PLAN_BROKE, hidden.broken[i])
    hidden.counters[0]["num_broken"] = 0


@internal
def advance(network, future, seen, hidden, agenda):
    """Plays events until a decision is due, whose order is shown and whose plans are not yet made.

    Returns:
        OVER, DUE, FULL or PRICES.
    """
    while agenda.size[0] > 0 and agenda_rules.seconds_of(agenda.keys[0]) <= hidden.counters[0]["until_seconds"]:
        if what_is_full(hidden):
            return FULL
        now, rank, entity = agenda_rules.pop(agenda)
        if rank == ranks.PRICES_DUE or rank == ranks.PRICES_IN:
            num_others = agenda.size[0] - (1 if rank == ranks.PRICES_IN else 0)  # but for the next job
            if num_others == 0 or not prices.are_wanted(hidden):
                continue  # time does not go on for their sake
        seen.clock[0]["now_seconds"] = now
        if rank == ranks.ORDER_ARRIVED:
            if entity + 1 < hidden.counters[0]["num_orders"]:
                push(agenda, future.orders[entity + 1]["arrival_seconds"], ranks.ORDER_ARRIVED, entity + 1)
            if future.orders[entity]["patience_seconds"] < FOREVER_SECONDS:
                push(agenda, now + future.orders[entity]["patience_seconds"], ranks.IMPATIENCE, entity)
            decisions.arrive(network, future, seen, hidden, entity)
            return DUE
        if rank == ranks.PICKS_STARTED:
            for i in range(picking.start_picks(network, future, seen, hidden, entity)):
                parcel = hidden.moved[i]
                push(agenda, hidden.parcels[parcel]["ready_at"], ranks.PICK_FINISHED, parcel)
        elif rank == ranks.PICK_FINISHED:
            if picking.finish_pick(network, future, seen, hidden, entity):
                _travel(network, future, seen, hidden, agenda, entity)
            _wake(hidden, agenda, hidden.parcels[entity]["warehouse"], now)
            _reroute(hidden, agenda, now)
        elif rank == ranks.COLLECTION:
            for i in range(docks.collect(network, seen, hidden, entity)):
                _travel(network, future, seen, hidden, agenda, hidden.moved[i])
            if _has_next_collection(network, entity):
                push(agenda, network.collections[entity + 1]["time_seconds"], ranks.COLLECTION, entity + 1)
        elif rank == ranks.DELIVERY:
            delivery.deliver(network, future, seen, hidden, entity)
        elif rank == ranks.RECEIPT_ANNOUNCED:
            receiving.announce(seen, hidden, entity)
        elif rank == ranks.RECEIPT_ARRIVED:
            _set_in_motion(hidden, agenda, receiving.receive(network, future, seen, hidden, entity), now)
            _reroute(hidden, agenda, now)
        elif rank == ranks.SHIFT_OPENED:
            _wake(hidden, agenda, entity, now)
            _open_next_shift(network, agenda, entity, now)
        elif rank == ranks.RELEASE_DUE:
            if receiving.open_presale(network, future, seen, hidden, entity):
                _wake(hidden, agenda, hidden.parcels[entity]["warehouse"], now)
        elif rank == ranks.HOLD_ENDED:
            if decisions.end_hold(network, future, seen, hidden, entity):
                return DUE
        elif rank == ranks.PLAN_BROKE:
            if decisions.ask_again(network, future, seen, hidden, entity):
                return DUE
        elif rank == ranks.IMPATIENCE:
            cancelling.lose_patience(network, future, seen, hidden, entity)
        elif rank == ranks.OUTAGE:
            disruptions.start_outage(network, future, seen, hidden, entity)
            _reroute(hidden, agenda, now)
        elif rank == ranks.REGIME:
            disruptions.change_regime(future, seen, hidden, entity)
        elif rank == ranks.PRICES_DUE:
            if not hidden.counters[0]["are_prices_solved"]:
                push(agenda, now, ranks.PRICES_DUE, 0)  # comes again once they are
                prices.show_pricer(network, seen, hidden)
                return PRICES
            push(agenda, now + prices.job_seconds(seen), ranks.PRICES_IN, 0)
            push(agenda, now + seen.clock[0]["price_interval_seconds"], ranks.PRICES_DUE, 0)
        elif rank == ranks.PRICES_IN:
            prices.put_in_force(seen, hidden)
        elif rank == ranks.REVIEW:
            for i in range(reordering.review(network, future, seen, hidden, entity)):
                push(agenda, hidden.arrivals[hidden.moved[i]]["actual_at"], ranks.RECEIPT_ARRIVED, hidden.moved[i])
            following = now + network.settings[0]["review_seconds"]
            if following < network.settings[0]["horizon_seconds"]:
                push(agenda, following, ranks.REVIEW, entity)
    return OVER


@internal
def _travel(network, future, seen, hidden, agenda, parcel):
    push(agenda, delivery.hand_over(network, future, seen, hidden, parcel), ranks.DELIVERY, parcel)


@internal
def _has_next_collection(network, collection):
    following = collection + 1
    return (
        following < len(network.collections)
        and network.collections[following]["warehouse"] == network.collections[collection]["warehouse"]
        and network.collections[following]["service"] == network.collections[collection]["service"]
    )


@internal
def _open_next_shift(network, agenda, warehouse, now):
    first = network.warehouses[warehouse]["first_shift"]
    for shift in range(first, first + network.warehouses[warehouse]["num_shifts"]):
        if network.shifts[shift]["open_seconds"] > now:
            push(agenda, network.shifts[shift]["open_seconds"], ranks.SHIFT_OPENED, warehouse)
            return


@internal
def carry_on(network, future, seen, hidden, plans, agenda, slot):
    """Carries out ``slot``, or begins, or continues after an array has grown; ``advance`` goes on from there."""
    if slot == BEGIN:
        _begin(network, future, hidden, agenda)
    elif slot >= 0:
        now = seen.clock[0]["now_seconds"]
        num_moved = decisions.carry_out(network, future, seen, hidden, plans, slot)
        _set_in_motion(hidden, agenda, num_moved, now)
        group = hidden.orders[seen.order[0]["order"]]["first_of_group"]
        if hidden.orders[group]["hold_until"] > now:
            push(agenda, hidden.orders[group]["hold_until"], ranks.HOLD_ENDED, group)


def attend(world: World, outcome: int) -> None:
    """Does what ``advance`` has stopped for, if not for a decision or the end; it goes on with CONTINUE."""
    if outcome == FULL:
        world.make_room()
    elif outcome == PRICES:
        world.solve_prices()


class CompiledClock:
    """Plays a world from decision to decision, one compiled call each."""

    name = "compiled"

    def __init__(self, world: World) -> None:
        from envs.loop import Alone

        self.world = world
        self._alone = Alone(world)

    def start(self) -> bool:
        """Plays to the first decision; False if the trace has none."""
        return self.answer(BEGIN)

    def answer(self, slot: int) -> bool:
        """Carries out the plan in ``slot`` and plays to the next decision; False at the end.

        After an error, ``answer(CONTINUE)`` goes on where it was.
        """
        result = self._alone.step(slot)
        while result not in (DUE, OVER):
            attend(self.world, result)
            result = self._alone.step(CONTINUE)
        return result == DUE
