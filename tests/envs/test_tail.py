"""Tails: what they hold, what a fork takes from them, and which do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from envs.compiled_clock import CompiledClock
from envs.fork import fork, fork_on
from envs.simulation import make_clock
from envs.tail import tail_of
from envs.world import World
from scenarios.errors import InputError
from scenarios.network import FOREVER_SECONDS
from tests.forked import any_slot, assert_same, at_decision, now_of, own_tail, play_on
from tests.worlds import every_trouble, random_trace, with_future


def test_a_tail_is_what_comes_later_numbered_from_0():
    trace = random_trace(5, num_orders=60, **every_trouble())
    future, after, until = trace.future, 50_000, 120_000
    tail = tail_of(trace, after, until)
    arrivals = future.orders["arrival_seconds"]
    first, last = (arrivals > after).argmax(), (arrivals <= until).sum()
    assert 0 < first < last < trace.num_orders
    assert tail.orders["arrival_seconds"].tolist() == arrivals[first:last].tolist()
    assert tail.orders["luck_key"].tolist() == future.orders["luck_key"][first:last].tolist()
    lines = np.isin(future.lines["order"], np.arange(first, last))
    assert tail.lines["sku"].tolist() == future.lines["sku"][lines].tolist()
    assert (tail.lines["order"] == np.repeat(np.arange(last - first), tail.orders["num_lines"])).all()
    assert (tail.orders["first_line"] == np.cumsum(tail.orders["num_lines"]) - tail.orders["num_lines"]).all()
    assert len(tail.outcomes) == (future.receipts["announced_at"] <= after).sum()
    for rows, field in ((tail.receipts, "announced_at"), (tail.outages, "starts_at"), (tail.regimes, "starts_at")):
        assert ((rows[field] > after) & (rows[field] <= until)).all()
    for service, permille in enumerate(tail.weather["transit_permille"]):
        past = future.regimes[(future.regimes["service"] == service) & (future.regimes["starts_at"] <= after)]
        assert permille == (past["transit_permille"][-1] if len(past) else 1000)
    assert not any(np.shares_memory(array, other) for array in tail for other in future)


def test_salts_differ_and_only_0_keeps_the_luck():
    trace, other = random_trace(5), random_trace(6)
    salts = [int(tail_of(trace, 0, salt=salt).rules["salt"][0]) for salt in (0, 1, 2, 3, -1, None)]
    salts.append(int(tail_of(other, 0).rules["salt"][0]))
    assert salts[0] == 0 < min(salts[1:])
    assert len(set(salts)) == len(salts)
    assert salts[5] == tail_of(trace, 50_000).rules["salt"][0], "it belongs to the trace"


def test_a_fork_ends_at_its_horizon():
    trace = random_trace(3, num_orders=60, **every_trouble())
    clock = at_decision(trace, 12)
    now = now_of(clock.world)
    whole = play_on(CompiledClock(fork(clock.world)), 1)
    copy = CompiledClock(fork_on(clock.world, own_tail(clock.world, trace, until_seconds=now + 40_000)))
    played = play_on(copy, 1)
    assert played == [decision for decision in whole if decision[0] <= now + 40_000]
    assert len(clock.world.trace.future.orders) > len(played) > 1
    assert now < now_of(copy.world) <= now + 40_000


def test_a_tail_serves_later_decisions_too():
    """Of a tail that begins before now, what would have come by now is left out."""
    trace = random_trace(5, num_orders=60, **every_trouble())
    clock = at_decision(trace, 5)
    early = late = tail_of(trace, now_of(clock.world), salt=7)
    while len(late.regimes) == len(early.regimes):
        assert clock.answer(any_slot(clock.world, 0))
        late = tail_of(trace, now_of(clock.world), salt=7)
    assert len(early.orders) > len(late.orders) > 0
    assert len(early.outages) > len(late.outages)
    forks = [CompiledClock(fork_on(clock.world, tail)) for tail in (early, late)]
    assert play_on(forks[0], 1) == play_on(forks[1], 1)
    assert forks[0].world.totals.tolist() == forks[1].world.totals.tolist()


def test_customers_who_waited_for_ever_may_lose_patience_in_a_fork():
    """A fork with other luck knows nothing of the old future's patience but what has shown."""
    trace = random_trace(5, num_orders=40, has_holds=True, num_receipts=30, most_units_on_shelf=1)
    clock = at_decision(trace, 20)
    now, orders = now_of(clock.world), trace.future.orders.copy()
    orders["patience_seconds"] = np.maximum(1, now + 3600 - orders["arrival_seconds"])
    hasty = with_future(trace, orders=orders)
    other = CompiledClock(fork_on(clock.world, own_tail(clock.world, hasty, salt=1)))
    same = CompiledClock(fork_on(clock.world, own_tail(clock.world, hasty)))
    for one in (other, same):
        play_on(one, 1)
    arrived = int(clock.world.hidden.counters["num_arrived"][0])
    assert (trace.future.orders["patience_seconds"] == FOREVER_SECONDS).all()
    assert other.world.hidden.orders["num_cancelled_lines"][:arrived].sum() > 0
    assert same.world.hidden.orders["num_cancelled_lines"][:arrived].sum() == 0


def test_without_a_word_on_announced_receipts_they_come_as_announced():
    trace = random_trace(3, num_orders=40, num_receipts=20, has_surprising_receipts=True)
    clock = at_decision(trace, 20)
    tail = own_tail(clock.world, trace, salt=1)
    other = fork_on(clock.world, tail._replace(outcomes=tail.outcomes[:0], receipts=tail.receipts[:0]))
    is_open = clock.world.seen.receipts["is_open"][: trace.future.receipts.size] > 0
    rows = other.hidden.arrivals[: len(is_open)][is_open]
    assert len(rows) > 2
    assert (rows["actual_at"] == np.maximum(now_of(clock.world) + 1, rows["expected_at"])).all()
    assert (rows["actual_units"] == rows["expected_units"]).all()


def test_a_tail_that_does_not_fit_is_refused():
    trace = random_trace(3, num_orders=40, num_receipts=20)
    clock = at_decision(trace, 20)
    now, tail = now_of(clock.world), own_tail(clock.world, trace)
    with pytest.raises(InputError, match="after_seconds"):
        fork_on(clock.world, tail_of(trace, now + 1))
    with pytest.raises(InputError, match="until_seconds"):
        fork_on(clock.world, tail_of(trace, now - 10, now - 1))
    for changes in ({"num_warehouses": 2}, {"num_services": 3}, {"num_regions": 1}, {"num_skus": 9}):
        with pytest.raises(InputError, match=next(iter(changes)).removeprefix("num_")):
            fork_on(clock.world, tail_of(random_trace(3, **changes), now))
    with pytest.raises(InputError, match="patience"):
        fork_on(clock.world, tail._replace(patience=tail.patience.astype(float)))
    outcomes = tail.outcomes.copy()
    outcomes["expected_units"] += 1
    used = fork_on(clock.world, tail)
    with pytest.raises(InputError, match="receipt"):
        fork_on(clock.world, tail._replace(outcomes=outcomes), used)
    assert_same(fork_on(clock.world, tail), fork_on(clock.world, tail, used))


def test_what_cannot_be_forked_on_a_tail_says_so():
    trace = random_trace(3)
    world = World(trace)
    make_clock(world, "simpy").start()
    with pytest.raises(InputError, match="compiled"):
        fork_on(world, tail_of(trace, 0))
    clock = at_decision(trace, 5)
    tail = own_tail(clock.world, trace)
    with pytest.raises(InputError, match="on a tail"):
        fork_on(clock.world, tail, fork(clock.world))
    with pytest.raises(InputError, match="earlier fork"):
        fork(clock.world, fork_on(clock.world, tail))
    with pytest.raises(InputError, match="until_seconds"):
        tail_of(trace, 10, 9)
    with pytest.raises(InputError, match="num_seen"):
        tail_of(trace, now_of(clock.world), num_seen=trace.num_orders + 1)
