"""A fork goes on like the unbroken run and leaves the world alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.compiled_clock import CompiledClock
from envs.fork import fork
from envs.simulation import make_clock
from envs.world import World
from scenarios.errors import InputError
from tests.forked import any_slot, assert_same, at_decision, play_on, state_of
from tests.worlds import endless_search, every_trouble, random_trace, traces


@settings(max_examples=60)
@given(traces(), st.integers(0, 60), st.integers(0, 99))
def test_a_fork_goes_on_like_the_unbroken_run(trace, number, seed):
    clock = at_decision(trace, number % trace.num_orders, seed)
    if clock is None:
        return
    copy = CompiledClock(fork(clock.world))
    assert_same(clock.world, copy.world)
    before = state_of(clock.world)
    played = play_on(copy, seed)
    assert state_of(clock.world) == before, "the fork changed the world it came from"
    assert play_on(clock, seed) == played
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
            is_due = is_due and clock.answer(any_slot(clock.world, seed))
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
    assert play_on(copy, 1, 50) == play_on(clock, 1, 50)
    assert_same(clock.world, copy.world)


def test_bug_memory_that_had_grown_was_copied_from_beyond_the_world_it_came_from():
    clock = at_decision(endless_search(5), 3)
    used = fork(clock.world)
    play_on(CompiledClock(used), 1, 4000)
    assert len(used.hidden.parcels) > len(clock.world.hidden.parcels)
    used = fork(clock.world, used)
    assert play_on(CompiledClock(used), 1, 50) == play_on(CompiledClock(fork(clock.world)), 1, 50)


def test_what_cannot_be_forked_says_so():
    world = World(random_trace(3))
    make_clock(world, "simpy").start()
    with pytest.raises(InputError, match="compiled"):
        fork(world)
    one, other = at_decision(random_trace(3), 5), at_decision(random_trace(4), 5)
    with pytest.raises(InputError, match="earlier fork"):
        fork(one.world, fork(other.world))


def test_bug_a_clock_played_on_arrays_that_had_been_replaced():
    """Who steps a world need not know that somebody else made room in it."""
    one, other = at_decision(random_trace(3), 5), at_decision(random_trace(3), 5)
    parcels = one.world.hidden.parcels
    one.world.hidden = one.world.hidden._replace(parcels=np.concatenate([parcels, np.zeros_like(parcels)]))
    one.world.rebind()
    play_on(one, 1)
    play_on(other, 1)
    assert_same(one.world, other.world)
