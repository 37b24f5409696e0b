"""The SimPy clock tells the story: every noun is a short process, each wait followed by one rule.

Processes carry time; the arrays of ``envs.state`` own stock and queues. Simultaneous events run by rank, then
entity id: the pair is handed to SimPy as the event's priority. To extend the story, write a process that takes
the clock and pass it to ``envs.simulate(..., processes=[...])``; see ``docs/adding.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from itertools import count
from math import inf

import simpy
from simpy.events import URGENT

from envs import story
from envs.hidden import QUEUED, num_reordered
from envs.moment import Bell, Moment, place
from envs.pricer import Pricer
from envs.ranks import Rank
from envs.room import what_is_full
from envs.state import NONE
from envs.world import World
from scenarios.network import FOREVER_SECONDS

Story = Generator[simpy.Event, object, None]
Process = Callable[["SimpyClock"], Story]

_LOOK_FOR_ROOM = 32
"""Events between two looks whether parcels and logs have room."""


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
        self._steps_to_look = _LOOK_FOR_ROOM
        self._bells = [Bell(self.sim) for _ in world.network.warehouses]
        self._first_queued = world.hidden.queues["first_parcel"]
        self._num_busy, self._num_open = world.seen.stations["num_busy"], world.seen.stations["num_open"]
        for warehouse in range(len(world.network.warehouses)):
            self.sim.process(shift_plan(self, warehouse))
            self.sim.process(pick_stations(self, warehouse))
            if world.network.settings["review_seconds"][0] > 0:
                self.sim.process(replenishment(self, warehouse))
            for service in range(world.network.pairs.shape[1]):
                self.sim.process(collection_round(self, warehouse, service))
        for receipt in range(num_reordered(world.network), len(world.hidden.arrivals)):
            self.sim.process(inbound_receipt(self, receipt))
        for outage in range(len(world.future.outages)):
            self.sim.process(carrier_outage(self, outage))
        for regime in range(len(world.future.regimes)):
            self.sim.process(carrier_regime(self, regime))
        if world.pricer is not None:
            self.sim.process(pricing(self, world.pricer))
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
                self._steps_to_look -= 1
                if self._steps_to_look == 0:
                    self._steps_to_look = _LOOK_FOR_ROOM
                    while what_is_full(self.world.hidden):
                        self.world.make_room()
                step()
        except simpy.core.EmptySchedule:
            return False
        return True

    def at(self, seconds: int, rank: Rank, entity: int) -> Moment:
        """Wait until an absolute second and one's place in it."""
        return Moment(self.sim, int(seconds), rank, int(entity))

    def after(self, seconds: int, rank: Rank, entity: int) -> Moment:
        """Wait for some seconds."""
        return Moment(self.sim, int(self.sim.now + seconds), rank, int(entity))

    def is_idle(self) -> bool:
        """Whether nothing else is due any more."""
        return self.sim.peek() == inf

    def decision(self) -> simpy.Event:
        """Wait for the router's answer, the slot of a plan."""
        self._asked = self.sim.event()
        return self._asked

    def set_in_motion(self, num_moved: int) -> None:
        """Parcels that queue ring for their stations, the others wait for their presale date."""
        parcels = self.world.hidden.parcels
        for parcel in self.world.hidden.moved[:num_moved].tolist():
            if parcels[parcel]["stage"] == QUEUED:
                self.ring(parcels[parcel]["warehouse"])
            else:
                self.sim.process(presale(self, parcel))

    def reroute(self) -> None:
        """Groups whose plans broke are asked later in this second."""
        counters, broken = self.world.hidden.counters, self.world.hidden.broken
        for group in broken[: counters[0]["num_broken"]].tolist():
            self.sim.process(rerouting(self, group))
        counters[0]["num_broken"] = 0

    def bell(self, warehouse: int) -> simpy.Event:
        """Wait until there may be work for the pick stations."""
        return self._bells[warehouse]

    def ring(self, warehouse: int) -> None:
        """Stations look for work at the end of this second, once, if one is free and something waits."""
        bell = self._bells[warehouse]
        if bell._ok or self._first_queued[warehouse] == NONE or self._num_busy[warehouse] >= self._num_open[warehouse]:
            return
        bell._ok, bell._value = True, None
        self.sim.schedule(bell, place(Rank.PICKS_STARTED, warehouse))

    def hang_bell(self, warehouse: int) -> None:
        """Makes the bell ready to ring again."""
        self._bells[warehouse] = Bell(self.sim)


def customers(clock: SimpyClock) -> Story:
    """Customers order, one after the other; each order is decided at once."""
    world = clock.world
    patience = world.future.orders["patience_seconds"].tolist()
    for order, arrival in enumerate(world.future.orders["arrival_seconds"].tolist()):
        yield clock.at(arrival, Rank.ORDER_ARRIVED, order)
        if patience[order] < FOREVER_SECONDS:
            clock.sim.process(impatience(clock, order, arrival + patience[order]))
        story.arrive(world.handle, clock.sim.now, order)
        yield from deciding(clock)


def deciding(clock: SimpyClock) -> Story:
    """A router is asked; its plan is carried out, or the order is held and decided later."""
    world = clock.world
    story.make_table(world.handle)
    slot = yield clock.decision()
    clock.set_in_motion(story.carry_out(world.handle, slot))
    group = world.hidden.orders[world.seen.order[0]["order"]]["first_of_group"]
    hold_until = world.hidden.orders[group]["hold_until"]
    if hold_until > clock.sim.now:
        clock.sim.process(hold(clock, int(group), hold_until))


def hold(clock: SimpyClock, group: int, until: int) -> Story:
    """A held order waits for company; who came in time has ended it before."""
    yield clock.at(until, Rank.HOLD_ENDED, group)
    if story.end_hold(clock.world.handle, clock.sim.now, group):
        yield from deciding(clock)


def rerouting(clock: SimpyClock, group: int) -> Story:
    """What broke in this second is decided again, all at once."""
    yield clock.after(0, Rank.PLAN_BROKE, group)
    if story.ask_again(clock.world.handle, clock.sim.now, group):
        yield from deciding(clock)


def impatience(clock: SimpyClock, order: int, at: int) -> Story:
    """A customer has waited long enough and cancels what nobody has begun to pick."""
    yield clock.at(at, Rank.IMPATIENCE, order)
    story.lose_patience(clock.world.handle, clock.sim.now, order)


def presale(clock: SimpyClock, parcel: int) -> Story:
    """Allocated goods wait for the date from which they may be sent."""
    yield clock.at(clock.world.hidden.parcels[parcel]["release_at"], Rank.RELEASE_DUE, parcel)
    if story.open_presale(clock.world.handle, clock.sim.now, parcel):
        clock.ring(clock.world.hidden.parcels[parcel]["warehouse"])


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
    world, moved = clock.world, clock.world.hidden.moved
    while True:
        yield clock.bell(warehouse)
        clock.hang_bell(warehouse)
        num_started = story.start_picks(world.handle, clock.sim.now, warehouse)
        for parcel in moved[:num_started].tolist():
            clock.sim.process(pick(clock, parcel, warehouse, world.hidden.parcels[parcel]["ready_at"]))


def pick(clock: SimpyClock, parcel: int, warehouse: int, ready_at: int) -> Story:
    """One parcel is picked and brought to its dock; what cannot be found is decided again."""
    yield clock.at(ready_at, Rank.PICK_FINISHED, parcel)
    outcome = story.finish_pick(clock.world.handle, clock.sim.now, parcel)
    clock.ring(warehouse)
    if outcome & story.BREAKS_PLANS:
        clock.reroute()
    if outcome & story.LEAVES_AT_ONCE:
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
    row = world.hidden.arrivals[receipt]
    yield clock.at(max(0, row["announced_at"]), Rank.RECEIPT_ANNOUNCED, receipt)
    story.announce(world.handle, clock.sim.now, receipt)
    yield clock.at(row["actual_at"], Rank.RECEIPT_ARRIVED, receipt)
    clock.set_in_motion(story.receive(world.handle, clock.sim.now, receipt))
    clock.reroute()


def replenishment(clock: SimpyClock, warehouse: int) -> Story:
    """A warehouse reviews its stock at regular times and orders what is due."""
    world, settings = clock.world, clock.world.network.settings[0]
    for seconds in range(0, int(settings["horizon_seconds"]), int(settings["review_seconds"])):
        yield clock.at(seconds, Rank.REVIEW, warehouse)
        num_ordered = story.review(world.handle, clock.sim.now, warehouse)
        for receipt in world.hidden.moved[:num_ordered].tolist():
            clock.sim.process(reordered_goods(clock, receipt))


def reordered_goods(clock: SimpyClock, receipt: int) -> Story:
    """Goods ordered by the review arrive."""
    yield clock.at(clock.world.hidden.arrivals[receipt]["actual_at"], Rank.RECEIPT_ARRIVED, receipt)
    clock.set_in_motion(story.receive(clock.world.handle, clock.sim.now, receipt))
    clock.reroute()


def pricing(clock: SimpyClock, pricer: Pricer) -> Story:
    """Bid prices are solved at regular times and are in force a while later, until every order has ended."""
    for due in count(0, pricer.interval_seconds):
        yield clock.at(due, Rank.PRICES_DUE, 0)
        if clock.is_idle() or not story.ask_for_prices(clock.world.handle, clock.sim.now):
            return
        clock.world.solve_prices()
        yield clock.after(pricer.delay_seconds if due > 0 else 0, Rank.PRICES_IN, 0)
        if clock.is_idle() or not story.put_prices_in_force(clock.world.handle, clock.sim.now):
            return


def carrier_outage(clock: SimpyClock, outage: int) -> Story:
    """A carrier service stops collecting; everybody sees it, and what was planned with it is planned again."""
    yield clock.at(clock.world.future.outages[outage]["starts_at"], Rank.OUTAGE, outage)
    story.start_outage(clock.world.handle, clock.sim.now, outage)
    clock.reroute()


def carrier_regime(clock: SimpyClock, regime: int) -> Story:
    """The weather on a carrier's roads changes; nobody is told."""
    yield clock.at(clock.world.future.regimes[regime]["starts_at"], Rank.REGIME, regime)
    story.change_regime(clock.world.handle, clock.sim.now, regime)
