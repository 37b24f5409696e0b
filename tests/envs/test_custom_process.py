"""The SimPy clock is made to be extended: stations break down and wait for a technician."""

from __future__ import annotations

import pytest
import simpy

from agents import load_agent
from envs import story
from envs.log import Kind
from envs.ranks import Rank
from envs.simpy_clock import SimpyClock, Story
from envs.simulation import simulate
from scenarios.errors import InputError
from tests.envs.test_ledger import assert_sound
from tests.worlds import DAY, HOUR, random_trace

BREAKDOWN = Rank.SHIFT_OPENED  # stations change with the shifts, before the orders of the same second


def breakdowns(clock: SimpyClock) -> Story:
    """Every station breaks down once a day, one warehouse after the other; technicians repair them for six hours."""
    technicians = simpy.Resource(clock.sim, capacity=1)
    warehouses = clock.world.network.warehouses
    for day in range(2):
        for warehouse, stations in enumerate(warehouses["num_stations"].tolist()):
            for station in range(stations):
                yield clock.at(day * DAY + (8 + station) * HOUR, BREAKDOWN, 1000 + warehouse)
                clock.sim.process(repair(clock, warehouse, technicians))


def repair(clock: SimpyClock, warehouse: int, technicians: simpy.Resource) -> Story:
    """One station is down until a technician has come and mended it; a pick under way is finished."""
    story.change_stations(clock.world.handle, clock.sim.now, warehouse, -1)
    with technicians.request() as technician:
        yield technician
        yield clock.after(6 * HOUR, BREAKDOWN, 2000 + warehouse)
    story.change_stations(clock.world.handle, clock.sim.now, warehouse, +1)
    clock.ring(warehouse)


def test_breakdowns_make_picks_later_and_keep_the_books():
    trace = random_trace(21, num_orders=150, num_warehouses=2, most_units_on_shelf=60, share_without_lane=0.0)
    plain = simulate(trace, load_agent("nearest"), "simpy")
    broken = simulate(trace, load_agent("nearest"), "simpy", processes=[breakdowns])
    waited = [
        run.world.hidden.parcels["started_at"].sum() - run.world.hidden.parcels["released_at"].sum()
        for run in (plain, broken)
    ]
    assert waited[1] > waited[0]
    assert_sound(broken)
    stations = broken.world.seen.stations
    assert stations["num_open"].tolist() == trace.network.warehouses["num_stations"].tolist()
    again = simulate(trace, load_agent("nearest"), "simpy", processes=[breakdowns])
    assert again.events.equals(broken.events)


def test_no_pick_starts_while_all_stations_are_down():
    trace = random_trace(22, num_orders=150, num_warehouses=2, most_units_on_shelf=60, share_without_lane=0.0)

    def strike(clock: SimpyClock) -> Story:
        yield clock.at(10 * HOUR, BREAKDOWN, 1000)
        story.change_stations(clock.world.handle, clock.sim.now, 0, -99)
        yield clock.at(40 * HOUR, BREAKDOWN, 1000)
        story.change_stations(clock.world.handle, clock.sim.now, 0, +99)
        clock.ring(0)

    def starts(**processes):
        events = simulate(trace, load_agent("nearest"), "simpy", **processes).events.to_pandas()
        rows = events[(events["kind"] == Kind.PICK_STARTED) & (events["warehouse"] == 0)]["time_seconds"]
        return ((rows >= 10 * HOUR) & (rows < 40 * HOUR)).sum(), len(rows)

    assert starts()[0] > 0
    during, in_all = starts(processes=[strike])
    assert during == 0
    assert in_all > 0


def test_processes_that_only_watch_change_nothing():
    trace = random_trace(23)
    queue_lengths = []

    def observer(clock: SimpyClock) -> Story:
        for hour in range(48):
            yield clock.at(hour * HOUR, Rank.ORDER_ARRIVED, -1)
            queue_lengths.append(int(clock.world.seen.stations["num_queued"].sum()))

    watched = simulate(trace, load_agent("random"), "simpy", processes=[observer])
    assert watched.events.equals(simulate(trace, load_agent("random"), "simpy").events)
    assert len(queue_lengths) == 48


def test_the_compiled_clock_refuses_custom_processes():
    with pytest.raises(InputError, match="clock='simpy'"):
        simulate(random_trace(1), load_agent("nearest"), "compiled", processes=[breakdowns])
