"""Demand seen: every order counts once, when it arrives, and rates forget."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from envs import World
from envs.compiled_clock import CompiledClock
from envs.fork import fork
from tests.played import decisions, is_over
from tests.retold_demand import HOUR, counted, recent
from tests.worlds import every_trouble, random_trace, traces


def rows(array: np.ndarray) -> list[list[int]]:
    return [list(map(int, row)) for row in array.tolist()]


def assert_counted(world: World) -> None:
    """As counted from the log, at a decision."""
    seen, num_events = world.seen, int(world.hidden.counters["num_events"][0])
    now = int(seen.clock["now_seconds"][0])
    regions, skus, whole = counted(world.trace, world.hidden.events[:num_events], now)
    assert rows(seen.demand) == regions
    assert rows(seen.goods) == skus
    assert [int(seen.clock[name][0]) for name in ("orders_this_hour", "orders_last_hour")] == whole


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@settings(max_examples=15)
@given(traces(**every_trouble()))
def test_counters_are_those_of_the_log_at_every_decision(clock, trace):
    """Also where a hold ends or a plan broke long after the last order, and whatever became of the orders."""
    num_decisions = 0
    for world in decisions(trace, clock=clock):
        if not is_over(world):
            assert_counted(world)
            num_decisions += 1
    assert num_decisions >= trace.num_orders


def test_a_named_scenario_is_counted(trace_of):
    num_late = 0
    for world in decisions(trace_of("metro-disrupted")):
        is_again = int(world.seen.order["is_again"][0])
        if not is_over(world) and (is_again or world.seen.clock["decision_id"][0] % 20 == 0):
            assert_counted(world)
            num_late += is_again
    assert num_late


def test_half_of_a_rate_is_forgotten_in_six_hours_and_all_of_it_one_day():
    steady = recent(np.full((200, 1), 8000))
    assert 8000 - 64 / 7 <= steady[0] <= 8000
    first = np.zeros((7, 1), np.int64)
    first[0] = 1_000_000
    assert recent(first)[0] / recent(first[:1])[0] == pytest.approx(0.5, abs=0.005)
    first = np.zeros((300, 1), np.int64)
    first[0] = 1_000_000
    assert recent(first)[0] == 0


def test_a_fork_knows_the_demand_of_its_world():
    clock = CompiledClock(World(random_trace(3, num_orders=40)))
    is_due, used = clock.start(), None
    while is_due:
        used = fork(clock.world, used)
        for name in ("demand", "goods"):
            assert getattr(used.seen, name).tobytes() == getattr(clock.world.seen, name).tobytes()
        assert used.seen.demand["num_orders"].sum() == clock.world.hidden.counters["num_arrived"][0]
        is_due = clock.answer(0)
    assert int(clock.world.seen.clock["now_seconds"][0]) > HOUR
