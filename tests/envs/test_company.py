"""Company in forks on tails of strangers: who waits orders again as often and as soon as customers of the past did."""

from __future__ import annotations

import numpy as np
import pytest

from envs.compiled_clock import CompiledClock
from envs.fork import fork_on
from envs.tail import Tail, of_strangers, tail_of
from envs.world import World
from scenarios.errors import InputError
from scenarios.network import FOREVER_SECONDS
from scenarios.trace import Trace
from tests.forked import assert_same, at_decision, now_of, play_on
from tests.worlds import GRID, random_trace, with_future

SOON = 400


def quiet_world(seed: int = 4) -> Trace:
    """Everybody orders once, ten minutes after the one before at most; holds are offered."""
    trace = random_trace(
        seed, num_orders=60, num_skus=40, has_holds=True, most_units_on_shelf=60, share_without_lane=0.0
    )
    orders = trace.future.orders.copy()
    orders["customer_id"] = np.arange(len(orders))
    orders["arrival_seconds"] = np.minimum(orders["arrival_seconds"], GRID * np.arange(len(orders)))
    return with_future(trace, orders=orders)


def asked_alone(trace: Trace, number: int = 5) -> World:
    """At a decision about a new order for which a hold is offered."""
    clock = at_decision(trace, number)
    while not (clock.world.seen.order["num_holds"][0] == 0 and hold_of(clock.world) >= 0):
        assert clock.answer(0)
    return clock.world


def hold_of(world: World) -> int:
    """The slot of the longest hold, negative without one."""
    seconds = world.plans.slots["hold_seconds"][: world.plans.counts[0]]
    return int(seconds.argmax()) if (seconds > 0).any() else -1


def after(trace: Trace, world: World, gaps: list[list[int]], place: int = 0, num_places: int = 1) -> Tail:
    """The rest of the trace as if it were strangers'."""
    tail = tail_of(trace, now_of(world), num_seen=int(world.hidden.counters["num_arrived"][0]), salt=1 + place)
    return of_strangers(tail, np.array(gaps), place, num_places)


def company_of(fork: World) -> list[tuple[int, int]]:
    """Orders to come whose customer waits: how many seconds after now they come, and the order before them."""
    count, size = (int(fork.hidden.counters[name][0]) for name in ("num_arrived", "num_orders"))
    previous = fork.hidden.orders["previous_order"][count:size]
    arrivals = fork.future.orders["arrival_seconds"][count:size] - now_of(fork)
    return [(int(arrivals[i]), int(previous[i])) for i in np.flatnonzero((previous >= 0) & (previous < count))]


def test_the_next_order_after_the_gap_joins_the_one_that_is_held():
    trace = quiet_world()
    world = asked_alone(trace)
    asked = int(world.seen.order["order"][0])
    fork = fork_on(world, after(trace, world, [[SOON], [FOREVER_SECONDS]]))
    assert company_of(fork) == [(SOON, asked)]
    assert (np.diff(fork.future.orders["arrival_seconds"][: trace.num_orders]) >= 0).all()
    clock = CompiledClock(fork)
    assert clock.answer(hold_of(world))
    while fork.seen.order["order"][0] != asked:
        assert clock.answer(0)
    assert now_of(fork) == now_of(world) + SOON
    assert fork.seen.order["num_orders"][0] == 2
    assert fork.seen.order["num_lines"][0] > world.seen.order["num_lines"][0]


def test_nobody_comes_again_if_nobody_ever_did_and_numbers_mean_nothing():
    """Customers of the tail may have the numbers of ours: they are others."""
    trace = quiet_world()
    world = asked_alone(trace)
    orders = trace.future.orders.copy()
    orders["customer_id"], orders["region"] = (
        orders[name][world.seen.order["order"][0]] for name in ("customer_id", "region")
    )
    same = with_future(trace, orders=orders)
    never = [[FOREVER_SECONDS], [FOREVER_SECONDS]]
    assert company_of(fork_on(world, after(same, world, never))) == []
    count = int(world.hidden.counters["num_arrived"][0])
    known = fork_on(world, tail_of(same, now_of(world), num_seen=count, salt=3))
    assert len(company_of(known)) >= 1


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_draws_of_one_customer_are_spread_over_the_tails(share):
    trace = quiet_world()
    world = asked_alone(trace)
    gaps = np.full((2, 100), FOREVER_SECONDS)
    gaps[0, : int(100 * share)] = np.linspace(1, 3600, int(100 * share)).astype(int)
    forks, asked = (
        [fork_on(world, after(trace, world, gaps.tolist(), k, 8)) for k in range(8)],
        world.seen.order["order"][0],
    )
    soon = sorted(comes for fork in forks for comes, before in company_of(fork) if before == asked)
    assert len(soon) == 8 * share
    assert np.abs(np.array(soon) - (np.arange(len(soon)) + 0.5) * 3600 / len(soon)).max() < 3600 / len(soon)


def test_whoever_has_waited_draws_from_the_gaps_that_are_longer():
    trace = quiet_world()
    clock = CompiledClock(asked_alone(trace))
    world, first = clock.world, int(clock.world.seen.order["order"][0])
    begun = now_of(world)
    clock.answer(hold_of(world))
    while now_of(world) == begun:
        assert clock.answer(0)
    waited = now_of(world) - begun
    assert world.hidden.orders["hold_until"][first] > now_of(world)
    gaps = [[waited, waited + 77], [FOREVER_SECONDS] * 2]
    for place in range(2):
        fork = fork_on(world, after(trace, world, gaps, place, 2))
        assert (77, first) in company_of(fork)


def test_a_customer_who_has_come_again_is_another_kind_of_customer():
    trace = quiet_world()
    orders = trace.future.orders.copy()
    world = asked_alone(trace)
    asked = int(world.seen.order["order"][0])
    for name in ("customer_id", "region"):
        orders[name][asked] = orders[name][asked - 1]
    again = with_future(trace, orders=orders)
    world = at_decision(again, int(world.seen.clock["decision_id"][0])).world
    gaps = [[SOON], [2 * SOON]]
    assert (2 * SOON, asked) in company_of(fork_on(world, after(again, world, gaps)))


def test_memory_used_again_is_as_good_as_new_among_strangers():
    trace = random_trace(8, num_orders=60, has_holds=True)
    clock, used, gaps = at_decision(trace, 4), None, [[300, 900, 2000], [100, 5000, FOREVER_SECONDS]]
    found = 0
    for place in range(12):
        tail = after(trace, clock.world, gaps, place % 3, 3)
        used, fresh = fork_on(clock.world, tail, used), fork_on(clock.world, tail)
        assert_same(fresh, used)
        found += len(company_of(fresh))
        assert play_on(CompiledClock(used), place) == play_on(CompiledClock(fresh), place)
        clock.answer(hold_of(clock.world) if hold_of(clock.world) >= 0 else 0)
    assert found > 6


def test_gaps_and_places_that_are_none_are_refused():
    trace = quiet_world()
    tail = tail_of(trace, 0)
    for gaps in ([[1, 2]], [[2, 1], [1, 2]], [[], []]):
        with pytest.raises(InputError, match="gaps"):
            of_strangers(tail, np.array(gaps))
    with pytest.raises(InputError, match="place"):
        of_strangers(tail, np.ones((2, 1), np.int64), 3, 3)
