"""The compiled clock: the agenda of the story as one loop over a heap. Rules are those of all clocks."""

from __future__ import annotations

import numpy as np

from envs import agenda as agenda_rules
from envs import decisions, delivery, docks, picking, ranks, receiving
from envs.agenda import new_agenda, push
from envs.compiling import compiled
from envs.state import NONE
from envs.world import World


@compiled
def _begin(network, future, agenda):
    """Puts all that is known at second 0 on the agenda; lists of later events are entered one by one."""
    for warehouse in range(len(network.warehouses)):
        first = network.warehouses["first_shift"][warehouse]
        push(agenda, max(0, network.shifts["open_seconds"][first]), ranks.SHIFT_OPENED, warehouse)
        for service in range(network.pairs.shape[1]):
            if network.pairs["num_collections"][warehouse, service] > 0:
                collection = network.pairs["first_collection"][warehouse, service]
                push(agenda, network.collections["time_seconds"][collection], ranks.COLLECTION, collection)
    for receipt in range(len(future.receipts)):
        push(agenda, max(0, future.receipts["announced_at"][receipt]), ranks.RECEIPT_ANNOUNCED, receipt)
        push(agenda, future.receipts["actual_at"][receipt], ranks.RECEIPT_ARRIVED, receipt)
    if len(future.orders):
        push(agenda, future.orders["arrival_seconds"][0], ranks.ORDER_ARRIVED, 0)


@compiled
def _wake(hidden, agenda, warehouse, now):
    """Stations look for work at the end of this second, once."""
    if hidden.queues["wake_at"][warehouse] != now:
        hidden.queues["wake_at"][warehouse] = now
        push(agenda, now, ranks.PICKS_STARTED, warehouse)


@compiled
def _advance(network, future, seen, hidden, plans, agenda):
    """Plays events until an order waits for its decision.

    Returns:
        True if a decision is due, False if everything has ended.
    """
    while agenda.size[0] > 0:
        now, rank, entity = agenda_rules.pop(agenda)
        seen.clock["now_seconds"][0] = now
        if rank == ranks.ORDER_ARRIVED:
            if entity + 1 < len(future.orders):
                push(agenda, future.orders["arrival_seconds"][entity + 1], ranks.ORDER_ARRIVED, entity + 1)
            decisions.ask(network, future, seen, hidden, plans, entity)
            return True
        if rank == ranks.PICKS_STARTED:
            for i in range(picking.start_picks(network, future, seen, hidden, entity)):
                parcel = hidden.moved[i]
                push(agenda, hidden.parcels["ready_at"][parcel], ranks.PICK_FINISHED, parcel)
        elif rank == ranks.PICK_FINISHED:
            if picking.finish_pick(network, seen, hidden, entity):
                _travel(network, future, seen, hidden, agenda, entity)
            _wake(hidden, agenda, hidden.parcels["warehouse"][entity], now)
        elif rank == ranks.COLLECTION:
            for i in range(docks.collect(network, seen, hidden, entity)):
                _travel(network, future, seen, hidden, agenda, hidden.moved[i])
            if _has_next_collection(network, entity):
                push(agenda, network.collections["time_seconds"][entity + 1], ranks.COLLECTION, entity + 1)
        elif rank == ranks.DELIVERY:
            delivery.deliver(network, future, seen, hidden, entity)
        elif rank == ranks.RECEIPT_ANNOUNCED:
            receiving.announce(future, seen, hidden, entity)
        elif rank == ranks.RECEIPT_ARRIVED:
            if receiving.receive(network, future, seen, hidden, entity) > 0:
                _wake(hidden, agenda, future.receipts["warehouse"][entity], now)
        elif rank == ranks.SHIFT_OPENED:
            _wake(hidden, agenda, entity, now)
            _open_next_shift(network, agenda, entity, now)
    return False


@compiled
def _travel(network, future, seen, hidden, agenda, parcel):
    push(agenda, delivery.hand_over(network, future, seen, hidden, parcel), ranks.DELIVERY, parcel)


@compiled
def _has_next_collection(network, collection):
    following = collection + 1
    return (
        following < len(network.collections)
        and network.collections["warehouse"][following] == network.collections["warehouse"][collection]
        and network.collections["service"][following] == network.collections["service"][collection]
    )


@compiled
def _open_next_shift(network, agenda, warehouse, now):
    first = network.warehouses["first_shift"][warehouse]
    for shift in range(first, first + network.warehouses["num_shifts"][warehouse]):
        if network.shifts["open_seconds"][shift] > now:
            push(agenda, network.shifts["open_seconds"][shift], ranks.SHIFT_OPENED, warehouse)
            return


@compiled
def _answer(network, future, seen, hidden, plans, agenda, slot):
    """Carries out ``slot`` and plays on until the next decision."""
    decisions.carry_out(network, future, seen, hidden, plans, slot)
    for i in range(plans.slots["num_parcels"][slot]):
        option = plans.chosen[slot, i]
        if plans.options["receipt"][option] == NONE:
            _wake(hidden, agenda, plans.options["warehouse"][option], seen.clock["now_seconds"][0])
    return _advance(network, future, seen, hidden, plans, agenda)


class CompiledClock:
    """Plays a world from decision to decision, one compiled call each."""

    name = "compiled"

    def __init__(self, world: World) -> None:
        self.world = world
        future, network = world.future, world.network
        capacity = (
            2 * len(network.warehouses) + network.pairs.size + 2 * len(future.receipts) + len(future.lines) + 8
        )
        self.agenda = new_agenda(capacity)
        self._arrays = (world.network, world.future, world.seen, world.hidden, world.plans, self.agenda)

    def start(self) -> bool:
        """Plays to the first decision; False if the trace has none."""
        _begin(self.world.network, self.world.future, self.agenda)
        return bool(_advance(*self._arrays))

    def answer(self, slot: int) -> bool:
        """Carries out the plan in ``slot`` and plays to the next decision; False at the end."""
        return bool(_answer(*self._arrays, np.int64(slot)))


