"""A fork goes on like the unbroken run, leaves the world alone, and may go on in another future."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.compiled_clock import CompiledClock
from envs.fork import fork
from envs.other_future import fork_on
from envs.prices import Pricing
from envs.simulation import make_clock
from envs.world import World
from scenarios.errors import InputError
from tests.worlds import endless_search, every_trouble, random_trace, traces, with_future


def state_of(world: World) -> dict[str, bytes]:
    """All that a world is, but for logs and what is stale beyond the counters."""
    hidden, seen = world.hidden, world.seen
    counters = hidden.counters.copy()
    for name in ("num_events", "num_ledger_rows", "log_level", "num_touched"):
        counters[name] = 0
    size, count = int(world.agenda.size[0]), int(world.plans.counts[0])
    queued = sorted(world.agenda.keys[:size].tolist())
    state = {name: array.tobytes() for name, array in seen._asdict().items() if name != "lines"}
    state["asked lines"] = seen.lines[: seen.order["num_lines"][0]].tobytes()
    for name in ("orders", "lines", "queues", "docks", "arrivals", "claims", "weather", "totals", "order_costs"):
        state[f"hidden {name}"] = getattr(hidden, name).tobytes()
    state["parcels"] = hidden.parcels[: counters["num_parcels"][0]].tobytes()
    state["counters"] = counters.tobytes()
    state["agenda"] = repr(queued).encode()
    for name in ("slots", "costs", "rules", "features"):
        state[f"plans {name}"] = getattr(world.plans, name)[:count].tobytes()
    return state


def assert_same(one: World, other: World) -> None:
    """Names what differs."""
    left, right = state_of(one), state_of(other)
    assert [name for name in left if left[name] != right[name]] == []


def at_decision(trace, number: int, seed: int = 0, level: str = "ledger") -> CompiledClock | None:
    """A world played to its decision ``number`` with random slots; None if the trace ends before."""
    clock = CompiledClock(World(trace, level, pricing=Pricing.CLOSED_FORM))
    is_due, random = clock.start(), np.random.default_rng(seed)
    for _ in range(number):
        if not is_due:
            return None
        is_due = clock.answer(any_slot(clock, random))
    return clock if is_due else None


def any_slot(clock: CompiledClock, random: np.random.Generator) -> int:
    return int(random.integers(clock.world.plans.counts[0]))


def play_on(clock: CompiledClock, seed: int, most: int = 1_000_000) -> int:
    """Goes on with random slots; returns decisions played."""
    random, count, is_due = np.random.default_rng(seed), 0, True
    while is_due and count < most:
        is_due = clock.answer(any_slot(clock, random))
        count += 1
    return count


@settings(max_examples=60)
@given(traces(), st.integers(0, 60), st.integers(0, 99))
def test_a_fork_goes_on_like_the_unbroken_run(trace, number, seed):
    clock = at_decision(trace, number % trace.num_orders, seed)
    if clock is None:
        return
    copy = CompiledClock(fork(clock.world))
    assert_same(clock.world, copy.world)
    before = state_of(clock.world)
    assert play_on(copy, seed) > 0
    assert state_of(clock.world) == before, "the fork changed the world it came from"
    play_on(clock, seed)
    assert_same(clock.world, copy.world)


@settings(max_examples=60)
@given(traces(**every_trouble()), st.integers(0, 99), st.lists(st.integers(1, 12), min_size=2, max_size=6))
def test_memory_used_again_is_as_good_as_new(trace, seed, strides):
    """Whatever the fork played in between, and however far the world has gone on."""
    clock = at_decision(trace, 1, seed)
    if clock is None:
        return
    random, used = np.random.default_rng(seed), None
    for stride in strides:
        used = fork(clock.world, used)
        assert_same(clock.world, used)
        play_on(CompiledClock(used), int(random.integers(99)), int(random.integers(1, 40)))
        is_due = True
        for _ in range(stride):
            is_due = is_due and clock.answer(any_slot(clock, random))
        if not is_due:
            return


def test_a_world_that_has_grown_is_forked_into_memory_that_has_not():
    clock = at_decision(endless_search(5), 3)
    used, before = fork(clock.world), len(clock.world.hidden.parcels)
    assert_same(clock.world, used)
    while clock.world.hidden.counters["num_parcels"][0] <= before:
        assert clock.answer(0)
    assert len(clock.world.hidden.parcels) > before
    assert len(used.hidden.parcels) == before
    used = fork(clock.world, used)
    assert_same(clock.world, used)
    copy = CompiledClock(used)
    elsewhere = CompiledClock(fork_on(clock.world, clock.world.future))
    for one in (clock, copy, elsewhere):
        play_on(one, 1, 50)
        assert_same(clock.world, one.world)


@settings(max_examples=60)
@given(traces(), st.integers(0, 60), st.integers(0, 99))
def test_a_fork_on_the_same_future_is_a_fork(trace, number, seed):
    clock = at_decision(trace, number % trace.num_orders, seed)
    if clock is None:
        return
    copy = CompiledClock(fork_on(clock.world, trace.future))
    assert_same(clock.world, copy.world)
    play_on(clock, seed)
    play_on(copy, seed)
    assert_same(clock.world, copy.world)


def test_a_fork_goes_on_in_another_future():
    trace, other = (random_trace(seed, num_orders=40, **every_trouble()) for seed in (3, 4))
    clock = at_decision(trace, 12)
    arrived = int(clock.world.hidden.counters["num_arrived"][0])
    later = other.future.orders["arrival_seconds"] > clock.world.seen.clock["now_seconds"][0]
    new_orders = other.future.orders[later].copy()
    new_lines = other.future.lines[np.isin(other.future.lines["order"], np.flatnonzero(later))].copy()
    num_lines = int(trace.future.orders["num_lines"][:arrived].sum())
    new_orders["first_line"] = num_lines + np.cumsum(new_orders["num_lines"]) - new_orders["num_lines"]
    new_lines["order"] = arrived + np.repeat(np.arange(len(new_orders)), new_orders["num_lines"])
    tail = with_future(
        trace,
        orders=np.concatenate([trace.future.orders[:arrived], new_orders]),
        lines=np.concatenate([trace.future.lines[:num_lines], new_lines]),
    )
    copy = CompiledClock(fork_on(clock.world, tail.future))
    play_on(copy, 1)
    assert copy.world.hidden.counters["num_arrived"][0] == arrived + later.sum()
    assert copy.world.hidden.counters["num_open_orders"][0] == 0
    assert copy.world.agenda.size[0] == 0


def test_a_future_that_contradicts_the_past_is_refused():
    trace = random_trace(3)
    clock = at_decision(trace, 12)
    orders = trace.future.orders.copy()
    orders["region"][3] += 1
    with pytest.raises(InputError, match="region"):
        fork_on(clock.world, trace.future._replace(orders=orders))
    orders = trace.future.orders.copy()
    orders["arrival_seconds"][-1] = 0
    with pytest.raises(InputError, match="arrival_seconds"):
        fork_on(clock.world, trace.future._replace(orders=orders))


def test_what_cannot_be_forked_says_so():
    world = World(random_trace(3))
    make_clock(world, "simpy").start()
    with pytest.raises(InputError, match="compiled"):
        fork(world)
    one, other = at_decision(random_trace(3), 5), at_decision(random_trace(4), 5)
    with pytest.raises(InputError, match="earlier fork"):
        fork(one.world, fork(other.world))


def test_new_patience_reaches_customers_who_had_no_end_of_it():
    """A fork knows nothing of the old future's patience but what has shown."""
    trace = random_trace(5, num_orders=40, has_holds=True, num_receipts=30, most_units_on_shelf=1)
    clock = at_decision(trace, 20)
    orders = trace.future.orders.copy()
    now = int(clock.world.seen.clock["now_seconds"][0])
    orders["patience_seconds"] = np.maximum(1, now + 3600 - orders["arrival_seconds"])
    other = CompiledClock(fork_on(clock.world, trace.future._replace(orders=orders)))
    same = CompiledClock(fork(clock.world))
    play_on(other, 1)
    play_on(same, 1)
    arrived = int(clock.world.hidden.counters["num_arrived"][0])
    cancelled = other.world.hidden.orders["num_cancelled_lines"][:arrived].sum()
    assert cancelled > 0 == same.world.hidden.orders["num_cancelled_lines"].sum()


def test_bug_a_clock_played_on_arrays_that_had_been_replaced():
    """Who steps a world need not know that somebody else made room in it."""
    one, other = at_decision(random_trace(3), 5), at_decision(random_trace(3), 5)
    parcels = one.world.hidden.parcels
    one.world.hidden = one.world.hidden._replace(parcels=np.concatenate([parcels, np.zeros_like(parcels)]))
    one.world.rebind()
    play_on(one, 1)
    play_on(other, 1)
    assert_same(one.world, other.world)
