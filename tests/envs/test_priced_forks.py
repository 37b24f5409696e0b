"""Forks of a world whose bid prices are solved: they go on with those in force."""

from __future__ import annotations

import pytest

from envs import World
from envs.compiled_clock import CompiledClock
from envs.fork import fork, fork_on
from envs.prices import Pricing
from envs.state import NONE
from envs.tail import tail_of
from tests.priced import ONE_STEP, Noting, ToyPricer, closed_form
from tests.worlds import DAY, random_trace


def at_decision(number: int, pricer: ToyPricer) -> CompiledClock:
    clock = CompiledClock(World(random_trace(3, num_orders=60), pricing=Pricing.SCHEDULED, pricer=pricer))
    assert clock.start()
    for _ in range(number):
        assert clock.answer(0)
    return clock


def fork_on_its_own_tail(world: World) -> World:
    now, num_seen = int(world.seen.clock["now_seconds"][0]), int(world.hidden.counters["num_arrived"][0])
    return fork_on(world, tail_of(world.trace, now, num_seen=num_seen, salt=0))


@pytest.mark.parametrize("make", [fork, fork_on_its_own_tail])
@pytest.mark.parametrize("pricer", [ToyPricer(), ToyPricer(DAY, DAY - 1, 5 * DAY)], ids=str)
def test_a_fork_goes_on_with_the_prices_in_force_until_they_are_stale(make, pricer):
    noting = Noting(pricer)
    clock = at_decision(12, noting)
    num_jobs, before = len(noting.jobs), clock.world.seen.stock["bid_price_millicents"].copy()
    copy = CompiledClock(make(clock.world))
    solved_at, is_due, num_fresh, num_stale = int(clock.world.seen.clock["prices_solved_at"][0]), True, 0, 0
    while is_due:
        now = int(copy.world.seen.clock["now_seconds"][0])
        stock = copy.world.seen.stock
        if now - solved_at <= pricer.stale_seconds:
            assert stock["bid_price_millicents"].tolist() == before.tolist()
            num_fresh += 1
        else:
            assert copy.world.seen.clock["prices_solved_at"][0] == NONE
            wanted = closed_form(copy.world.network, stock)
            assert stock["bid_price_millicents"] == pytest.approx(wanted, abs=ONE_STEP)
            num_stale += 1
        is_due = copy.answer(0)
    assert num_fresh > 3
    assert bool(num_stale) == (pricer.stale_seconds < DAY)
    assert len(noting.jobs) == num_jobs
    assert clock.world.seen.stock["bid_price_millicents"].tolist() == before.tolist()
    assert copy.world.hidden.counters["num_open_orders"][0] == 0


def test_memory_of_a_fork_used_again_has_the_prices_of_its_world():
    """Also after new prices came into force here, or stale ones were replaced there."""
    clock, used, tables = at_decision(1, ToyPricer(6000, 0, 6000)), None, set()
    is_due = True
    while is_due:
        used = fork(clock.world, used)
        assert used.seen.stock.tobytes() == clock.world.seen.stock.tobytes()
        tables.add(used.seen.stock["bid_price_millicents"].tobytes())
        copy, is_open = CompiledClock(used), True
        for _ in range(int(clock.world.seen.clock["decision_id"][0]) % 30):
            is_open = is_open and copy.answer(0)
        is_due = clock.answer(0)
    assert len(tables) > 5
