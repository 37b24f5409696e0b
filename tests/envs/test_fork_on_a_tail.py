"""A fork on a tail is the world that its past and the tail make together, and memory used again leaves no trace."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from envs.agenda import event, key_of
from envs.compiled_clock import CompiledClock
from envs.fork import fork, fork_on
from envs.hidden import PICKING, num_reordered
from envs.ranks import Rank
from envs.tail import tail_of
from envs.world import World
from tests.forked import (
    any_slot,
    assert_same,
    at_decision,
    decision_id_of,
    now_of,
    own_tail,
    play_agent,
    play_on,
    state_of,
)
from tests.named_traces import NAMES
from tests.spliced import another, steady, whole_trace
from tests.worlds import endless_search, every_trouble, random_trace, traces

TOYS = [name for name in NAMES if name.startswith("toy-") and name != "toy-mmc"]
SOME_AGENTS = ("myopic", "primal-dual", "consolidate", "random")


@settings(max_examples=60)
@given(traces(), st.integers(0, 60), st.integers(0, 99))
def test_a_fork_on_its_own_tail_goes_on_like_the_unbroken_run(trace, number, seed):
    clock = at_decision(trace, number % trace.num_orders, seed)
    if clock is None:
        return
    copy = CompiledClock(fork_on(clock.world, own_tail(clock.world, trace)))
    before = state_of(clock.world)
    played = play_on(copy, seed)
    assert state_of(clock.world) == before, "the fork changed the world it came from"
    assert played == play_on(clock, seed)
    assert copy.world.totals.tolist() == clock.world.totals.tolist()
    states = [one.world.hidden.orders[: trace.num_orders].copy() for one in (copy, clock)]
    for state in states:
        state["previous_order"] = 0  # a fork knows it only of those that may still join
    assert states[0].tobytes() == states[1].tobytes()


@pytest.mark.parametrize("name", [*TOYS, "tiny", "metro-small", "metro-disrupted"])
def test_agents_go_on_in_a_fork_on_the_own_tail_as_in_the_unbroken_run(trace_of, name):
    trace = trace_of(name)
    for agent in map(load_agent, SOME_AGENTS):
        worlds = [World(trace, "none", pricing=agent.pricing, describes=agent.needs_features) for _ in range(2)]
        clocks = [CompiledClock(world) for world in worlds]
        for one in clocks:
            one.start()
        agent.start(worlds[0].network)
        whole = play_agent(clocks[0], agent)
        used = None
        for place in sorted({0, len(whole) // 3, 2 * len(whole) // 3, len(whole) - 1}):
            play_agent(clocks[1], agent, place - decision_id_of(worlds[1]))
            used = fork_on(worlds[1], own_tail(worlds[1], trace), used)
            assert play_agent(CompiledClock(used), agent) == whole[place:]
            assert used.totals.tolist() == worlds[0].totals.tolist()
            assert used.agenda.size[0] == used.hidden.counters["num_open_orders"][0] == 0


def events_of(world: World) -> bytes:
    return world.hidden.events[: world.hidden.counters["num_events"][0]].tobytes()


@pytest.mark.parametrize("kind", ["picks", "journeys"])
def test_another_tail_with_other_luck_is_what_a_fresh_world_plays(kind):
    """The fresh world plays past and tail as one trace; luck is drawn again where it would have changed the past."""
    seen: Counter[str] = Counter()
    for seed in range(150):
        trace = steady(seed, kind)
        clock = at_decision(trace, 8 + seed % 20, seed, "events")
        if clock is None:
            continue
        world, number = clock.world, decision_id_of(clock.world)
        for salt in range(1, 8):
            tail = tail_of(another(trace, world, seed + salt), now_of(world), salt=salt)
            copy = CompiledClock(fork_on(world, tail))
            together = whole_trace(trace, world, tail, copy.world, kind)
            whole = None if together is None else at_decision(together, number, seed, "events")
            if whole is not None and events_of(whole.world) == events_of(world):
                break
        else:
            continue
        seen["worlds"] += 1
        for noun, rank in (("picks", Rank.PICK_FINISHED), ("journeys", Rank.DELIVERY), ("patience", Rank.IMPATIENCE)):
            seen[noun] += len(due(world, rank) - due(copy.world, rank))
        offset = num_reordered(world.network)
        is_open = world.seen.receipts["is_open"][: len(world.hidden.arrivals)] > 0
        both = [one.hidden.arrivals["actual_at"][: len(is_open)] for one in (world, copy.world)]
        seen["reorders"] += (both[0] != both[1])[:offset][is_open[:offset]].sum()
        seen["receipts"] += (both[0] != both[1])[offset:][is_open[offset:]].sum()
        start = copy.world.totals.copy()
        decisions = play_on(copy, seed + 1)
        assert decisions == play_on(whole, seed + 1), f"seed {seed}"
        assert copy.world.totals.tolist() == whole.world.totals.tolist()
        assert copy.world.hidden.counters["num_open_orders"][0] == 0
        seen["decisions"] += len(decisions)
        seen["amounts"] += (copy.world.totals != start).sum()
    assert seen["worlds"] >= 75
    assert seen["decisions"] >= 75 * 20
    del seen["worlds"], seen["decisions"], seen[kind]
    assert min(seen.values()) >= 5, seen


def due(world: World, rank: Rank) -> set[tuple[int, int]]:
    """Events of a kind to come: second and entity."""
    rows = map(event, world.agenda.keys[: world.agenda.size[0]].tolist())
    return {(time, entity) for time, kind, entity in rows if kind == rank}


@settings(max_examples=60)
@given(traces(**every_trouble()), st.integers(0, 99), st.lists(st.integers(1, 9), min_size=2, max_size=7))
def test_memory_used_again_is_as_good_as_new(trace, seed, strides):
    """Whatever the fork played in between, on whichever tail, however long, and however far the world has gone on."""
    clock = at_decision(trace, 1, seed)
    if clock is None:
        return
    random, used, old = np.random.default_rng(seed), None, None
    for stride in strides:
        world = clock.world
        for _ in range(2):
            other = another(trace, world, int(random.integers(99)))
            horizon = [None, now_of(world) + int(random.integers(0, 2 * 86_400))][random.integers(2)]
            tails = [own_tail(world, trace), own_tail(world, trace, until_seconds=horizon, salt=None)]
            tails += [tail_of(other, now_of(world), horizon), *([] if old is None else [old])]
            tail = tails[random.integers(len(tails))]
            used = fork_on(world, tail, used)
            fresh = fork_on(world, tail)
            assert_same(fresh, used)
            many = int(random.choice([3, 20, 1000]))
            assert play_on(CompiledClock(used), seed, many) == play_on(CompiledClock(fresh), seed, many)
            assert_same(fresh, used)
        old = tail_of(other, now_of(world))
        is_due = True
        for _ in range(stride):
            is_due = is_due and clock.answer(any_slot(world, seed))
        if not is_due:
            return


def test_a_fork_of_a_fork_is_new_when_that_is_forked_again():
    """What a fork was is not what it is; whoever copied it before copies it whole."""
    trace = random_trace(3, num_orders=60, **every_trouble())
    clock = at_decision(trace, 12)
    first, on_tail, second, third = None, None, None, None
    for seed in range(4):
        first = fork(clock.world, first)
        play_on(CompiledClock(first), seed, 9)
        second = fork(first, second)
        assert_same(first, second)
        tail = tail_of(another(trace, first, seed), now_of(first))
        third = fork_on(first, tail, third)
        assert_same(fork_on(first, tail), third)
        on_tail = fork_on(clock.world, tail_of(another(trace, clock.world, seed), now_of(clock.world)), on_tail)
        play_on(CompiledClock(on_tail), seed, 9)
        again = fork(on_tail)
        assert play_on(CompiledClock(again), seed) == play_on(CompiledClock(on_tail), seed)
        clock.answer(0)


def test_a_fork_that_has_played_long_in_a_world_that_has_grown():
    clock = at_decision(endless_search(5), 3)
    trace = clock.world.trace
    used, before = fork_on(clock.world, own_tail(clock.world, trace)), len(clock.world.hidden.parcels)
    play_on(CompiledClock(used), 1, 4000)
    assert len(used.hidden.parcels) > before
    used = fork_on(clock.world, own_tail(clock.world, trace), used)
    assert_same(fork_on(clock.world, own_tail(clock.world, trace)), used)
    while clock.world.hidden.counters["num_parcels"][0] <= before:
        assert clock.answer(0)
    fresh = fork_on(clock.world, own_tail(clock.world, trace))
    used = fork_on(clock.world, own_tail(clock.world, trace), used)
    assert_same(fresh, used)
    assert play_on(CompiledClock(used), 1, 50) == play_on(clock, 1, 50)


def test_nothing_of_the_true_future_is_in_a_fork_with_other_luck():
    """Two worlds that have seen the same and differ in all else go on alike on the same tail."""
    trace = random_trace(6, num_orders=40, **every_trouble(has_reordering=False))
    clock = at_decision(trace, 12)
    world, random = clock.world, np.random.default_rng(1)
    tail = tail_of(another(trace, world, 2), now_of(world))
    before = play_on(CompiledClock(fork_on(world, tail)), 1)
    size, hidden = int(world.agenda.size[0]), world.hidden
    hidden.arrivals["actual_at"][world.seen.receipts["is_open"][: len(hidden.arrivals)] > 0] += 77
    hidden.arrivals["actual_units"] += 1
    hidden.weather["transit_permille"] += 300
    for parcel in np.flatnonzero(hidden.parcels["stage"] == PICKING):
        hidden.parcels["ready_at"][parcel] += 77
    ranks = (Rank.DELIVERY, Rank.PICK_FINISHED, Rank.RECEIPT_ARRIVED, Rank.IMPATIENCE, Rank.OUTAGE, Rank.REGIME)
    keys, num_secret = world.agenda.keys, 0
    for i, (time, rank, entity) in enumerate(map(event, keys[:size].tolist())):
        if rank in (*ranks, Rank.ORDER_ARRIVED):
            keys[i] = key_of(time + int(random.integers(1, 1000)), rank, entity)
            num_secret += 1
    assert num_secret > 20
    assert play_on(CompiledClock(fork_on(world, tail)), 1) == before
