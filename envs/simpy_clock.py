"""The SimPy clock tells the story: every noun is a short process, each wait followed by one rule.

Processes carry time; the arrays of ``envs.state`` own stock and queues. Simultaneous events run by rank, then
entity id: the pair is handed to SimPy as the event's priority. To extend the story, write a process that takes
the clock and pass it to ``envs.simulate(..., processes=[...])``; see ``docs/adding.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

import simpy
from simpy.events import URGENT, EventPriority

from envs import story
from envs.ranks import Rank
from envs.state import NONE
from envs.world import World

Story = Generator[simpy.Event, object, None]
Process = Callable[["SimpyClock"], Story]

_ENTITIES = 1 << 40


class Moment(simpy.Event):
    """Something due at an absolute second, in its place among simultaneous events."""

    def __init__(self, sim: simpy.Environment, seconds: int, rank: int, entity: int) -> None:
        self.env, self.callbacks = sim, []
        self._ok, self._value, self._defused = True, None, False
        # SimPy itself uses priorities 0 and 1 for starting and ending processes.
        sim.schedule(self, EventPriority(rank * _ENTITIES + entity), seconds - sim.now)


class Bell(simpy.Event):
    """Rung when there may be work; ``_ok`` tells whether it has been."""

    _ok = False


class SimpyClock:
    """Plays a world from decision to decision as SimPy processes.

    Attributes:
        sim: the SimPy environment; ``sim.now`` is in seconds.
        world: the arrays that all rules work on.
    """

    name = "simpy"

    def __init__(self, world: World, processes: Iterable[Process] = ()) -> None:
        self.world = world
        self.sim = simpy.Environment()
        self._asked: simpy.Event | None = None
        self._bells = [Bell(self.sim) for _ in world.network.warehouses]
        self._first_queued = world.hidden.queues["first_parcel"]
        self._num_busy, self._num_open = world.seen.stations["num_busy"], world.seen.stations["num_open"]
        for warehouse in range(len(world.network.warehouses)):
            self.sim.process(shift_plan(self, warehouse))
            self.sim.process(pick_stations(self, warehouse))
            for service in range(world.network.pairs.shape[1]):
                self.sim.process(collection_round(self, warehouse, service))
        for receipt in range(len(world.future.receipts)):
            self.sim.process(inbound_receipt(self, receipt))
        self.sim.process(customers(self))
        for process in processes:
            self.sim.process(process(self))

    def start(self) -> bool:
        """Plays to the first decision; False if the trace has none."""
        return self._advance()

    def answer(self, slot: int) -> bool:
        """Carries out the plan in ``slot`` and plays to the next decision; False at the end."""
        assert self._asked is not None
        asked, self._asked = self._asked, None
        asked._ok, asked._value = True, slot
        self.sim.schedule(asked, URGENT)
        return self._advance()

    def _advance(self) -> bool:
        step = self.sim.step
        try:
            while self._asked is None:
                step()
        except simpy.core.EmptySchedule:
            return False
        return True

    # What processes say.

    def at(self, seconds: int, rank: Rank, entity: int) -> Moment:
        """Wait until an absolute second and one's place in it."""
        return Moment(self.sim, int(seconds), rank, int(entity))

    def after(self, seconds: int, rank: Rank, entity: int) -> Moment:
        """Wait for some seconds."""
        return Moment(self.sim, int(self.sim.now + seconds), rank, int(entity))

    def decision(self) -> simpy.Event:
        """Wait for the router's answer, the slot of a plan."""
        self._asked = self.sim.event()
        return self._asked

    def bell(self, warehouse: int) -> simpy.Event:
        """Wait until there may be work for the pick stations."""
        return self._bells[warehouse]

    def ring(self, warehouse: int) -> None:
        """Stations look for work at the end of this second, once, if one is free and something waits."""
        bell = self._bells[warehouse]
        if bell._ok or self._first_queued[warehouse] == NONE or self._num_busy[warehouse] >= self._num_open[warehouse]:
            return
        bell._ok, bell._value = True, None
        self.sim.schedule(bell, EventPriority(Rank.PICKS_STARTED * _ENTITIES + warehouse))

    def hang_bell(self, warehouse: int) -> None:
        """Makes the bell ready to ring again."""
        self._bells[warehouse] = Bell(self.sim)


def customers(clock: SimpyClock) -> Story:
    """Customers order, one after the other; each order is decided at once."""
    world, moved = clock.world, clock.world.hidden.moved
    warehouses = world.hidden.parcels["warehouse"]
    for order, arrival in enumerate(world.future.orders["arrival_seconds"].tolist()):
        yield clock.at(arrival, Rank.ORDER_ARRIVED, order)
        story.ask(world.handle, clock.sim.now, order)
        slot = yield clock.decision()
        num_released = story.carry_out(world.handle, slot)
        for parcel in moved[:num_released].tolist():
            clock.ring(warehouses[parcel])


def shift_plan(clock: SimpyClock, warehouse: int) -> Story:
    """The shifts of a warehouse open; picks may start."""
    world = clock.world
    row = world.network.warehouses[warehouse]
    opens = world.network.shifts["open_seconds"][row["first_shift"] :][: row["num_shifts"]]
    for seconds in opens.tolist():
        yield clock.at(max(0, seconds), Rank.SHIFT_OPENED, warehouse)
        clock.ring(warehouse)


def pick_stations(clock: SimpyClock, warehouse: int) -> Story:
    """Free stations take the next parcels whenever there may be work."""
    world, moved, ready_at = clock.world, clock.world.hidden.moved, clock.world.hidden.parcels["ready_at"]
    while True:
        yield clock.bell(warehouse)
        clock.hang_bell(warehouse)
        num_started = story.start_picks(world.handle, clock.sim.now, warehouse)
        for parcel in moved[:num_started].tolist():
            clock.sim.process(pick(clock, parcel, warehouse, ready_at[parcel]))


def pick(clock: SimpyClock, parcel: int, warehouse: int, ready_at: int) -> Story:
    """One parcel is picked and brought to its dock."""
    yield clock.at(ready_at, Rank.PICK_FINISHED, parcel)
    leaves_at_once = story.finish_pick(clock.world.handle, clock.sim.now, parcel)
    clock.ring(warehouse)
    if leaves_at_once:
        clock.sim.process(journey(clock, parcel))


def collection_round(clock: SimpyClock, warehouse: int, service: int) -> Story:
    """The carrier's truck comes at its times and takes what is ready."""
    world = clock.world
    pair = world.network.pairs[warehouse, service]
    for collection in range(pair["first_collection"], pair["first_collection"] + pair["num_collections"]):
        yield clock.at(world.network.collections["time_seconds"][collection], Rank.COLLECTION, collection)
        num_left = story.collect(world.handle, clock.sim.now, collection)
        for parcel in world.hidden.moved[:num_left].tolist():
            clock.sim.process(journey(clock, parcel))


def journey(clock: SimpyClock, parcel: int) -> Story:
    """A parcel travels to its customer."""
    world = clock.world
    arrival = story.hand_over(world.handle, clock.sim.now, parcel)
    yield clock.at(arrival, Rank.DELIVERY, parcel)
    story.deliver(world.handle, clock.sim.now, parcel)


def inbound_receipt(clock: SimpyClock, receipt: int) -> Story:
    """A delivery of goods is announced, arrives, and serves the backorders that wait for it."""
    world = clock.world
    row = world.future.receipts[receipt]
    yield clock.at(max(0, row["announced_at"]), Rank.RECEIPT_ANNOUNCED, receipt)
    story.announce(world.handle, clock.sim.now, receipt)
    yield clock.at(row["actual_at"], Rank.RECEIPT_ARRIVED, receipt)
    if story.receive(world.handle, clock.sim.now, receipt) > 0:
        clock.ring(row["warehouse"])
