"""The compiled clock: the agenda of the story as one loop over a heap. Rules are those of all clocks."""

from __future__ import annotations

from envs import agenda as agenda_rules
from envs import decisions, delivery, docks, picking, ranks, receiving
from envs.agenda import push
from envs.compiling import compiled
from envs.world import World


@compiled
def _begin(network, future, agenda):
    """Puts all that is known at second 0 on the agenda; lists of later events are entered one by one."""
    for warehouse in range(len(network.warehouses)):
        first = network.warehouses[warehouse]["first_shift"]
        push(agenda, max(0, network.shifts[first]["open_seconds"]), ranks.SHIFT_OPENED, warehouse)
        for service in range(network.pairs.shape[1]):
            if network.pairs[warehouse, service]["num_collections"] > 0:
                collection = network.pairs[warehouse, service]["first_collection"]
                push(agenda, network.collections[collection]["time_seconds"], ranks.COLLECTION, collection)
    for receipt in range(len(future.receipts)):
        push(agenda, max(0, future.receipts[receipt]["announced_at"]), ranks.RECEIPT_ANNOUNCED, receipt)
        push(agenda, future.receipts[receipt]["actual_at"], ranks.RECEIPT_ARRIVED, receipt)
    if len(future.orders):
        push(agenda, future.orders[0]["arrival_seconds"], ranks.ORDER_ARRIVED, 0)


@compiled
def _wake(hidden, agenda, warehouse, now):
    """Stations look for work at the end of this second, once."""
    if hidden.queues[warehouse]["wake_at"] != now:
        hidden.queues[warehouse]["wake_at"] = now
        push(agenda, now, ranks.PICKS_STARTED, warehouse)


@compiled
def _advance(network, future, seen, hidden, plans, agenda):
    """Plays events until an order waits for its decision.

    Returns:
        True if a decision is due, False if everything has ended.
    """
    while agenda.size[0] > 0:
        now, rank, entity = agenda_rules.pop(agenda)
        seen.clock[0]["now_seconds"] = now
        if rank == ranks.ORDER_ARRIVED:
            if entity + 1 < len(future.orders):
                push(agenda, future.orders[entity + 1]["arrival_seconds"], ranks.ORDER_ARRIVED, entity + 1)
            decisions.ask(network, future, seen, hidden, plans, entity)
            return True
        if rank == ranks.PICKS_STARTED:
            for i in range(picking.start_picks(network, future, seen, hidden, entity)):
                parcel = hidden.moved[i]
                push(agenda, hidden.parcels[parcel]["ready_at"], ranks.PICK_FINISHED, parcel)
        elif rank == ranks.PICK_FINISHED:
            if picking.finish_pick(network, seen, hidden, entity):
                _travel(network, future, seen, hidden, agenda, entity)
            _wake(hidden, agenda, hidden.parcels[entity]["warehouse"], now)
        elif rank == ranks.COLLECTION:
            for i in range(docks.collect(network, seen, hidden, entity)):
                _travel(network, future, seen, hidden, agenda, hidden.moved[i])
            if _has_next_collection(network, entity):
                push(agenda, network.collections[entity + 1]["time_seconds"], ranks.COLLECTION, entity + 1)
        elif rank == ranks.DELIVERY:
            delivery.deliver(network, future, seen, hidden, entity)
        elif rank == ranks.RECEIPT_ANNOUNCED:
            receiving.announce(future, seen, hidden, entity)
        elif rank == ranks.RECEIPT_ARRIVED:
            if receiving.receive(network, future, seen, hidden, entity) > 0:
                _wake(hidden, agenda, future.receipts[entity]["warehouse"], now)
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
        and network.collections[following]["warehouse"] == network.collections[collection]["warehouse"]
        and network.collections[following]["service"] == network.collections[collection]["service"]
    )


@compiled
def _open_next_shift(network, agenda, warehouse, now):
    first = network.warehouses[warehouse]["first_shift"]
    for shift in range(first, first + network.warehouses[warehouse]["num_shifts"]):
        if network.shifts[shift]["open_seconds"] > now:
            push(agenda, network.shifts[shift]["open_seconds"], ranks.SHIFT_OPENED, warehouse)
            return


@compiled
def step(world, slot):
    """Carries out ``slot``, or begins if it is negative, and plays to the next decision; False at the end.

    One function for both, because every compiled entry costs seconds the first time.
    """
    network, future, seen, hidden, plans = world.network, world.future, world.seen, world.hidden, world.plans
    if slot < 0:
        _begin(network, future, world.agenda)
    else:
        for i in range(decisions.carry_out(network, seen, hidden, plans, slot)):
            warehouse = hidden.parcels[hidden.moved[i]]["warehouse"]
            _wake(hidden, world.agenda, warehouse, seen.clock[0]["now_seconds"])
    return _advance(network, future, seen, hidden, plans, world.agenda)


class CompiledClock:
    """Plays a world from decision to decision, one compiled call each."""

    name = "compiled"

    def __init__(self, world: World) -> None:
        self.world = world

    def start(self) -> bool:
        """Plays to the first decision; False if the trace has none."""
        return step(self.world.handle, -1)

    def answer(self, slot: int) -> bool:
        """Carries out the plan in ``slot`` and plays to the next decision; False at the end."""
        return step(self.world.handle, slot)
