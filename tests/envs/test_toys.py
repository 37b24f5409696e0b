"""Toys: a search over all choices finds the stated optimum, and agents reach it or miss it as they should."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from agents import agent_names, load_agent
from envs.compiled_clock import CompiledClock
from envs.fork import fork
from envs.log import Kind
from envs.simulation import CLOCKS, make_clock, simulate
from envs.world import World
from scenarios import draw_trace, load_scenario, scenario_names
from scenarios.catalogue import toys, toys_disruptions
from scenarios.trace import Trace

OPTIMUM_MILLICENTS = {**toys.OPTIMUM_MILLICENTS, **toys_disruptions.OPTIMUM_MILLICENTS}

SOLVERS = {
    "toy-nearest": ("nearest", "cheapest", "fewest-splits", "myopic", "consolidate", "primal-dual"),
    "toy-scarce": ("primal-dual",),
    "toy-split": ("nearest", "cheapest", "myopic", "consolidate", "primal-dual"),
    "toy-backorder": ("myopic", "consolidate", "primal-dual"),
    "toy-cutoff": ("fastest", "myopic", "primal-dual"),
    "toy-handling": ("nearest", "cheapest", "fastest", "fewest-splits", "myopic", "consolidate", "primal-dual"),
    "toy-hold": ("hold-once",),
    "toy-presale": ("myopic", "consolidate", "primal-dual"),
    "toy-short-pick": (),
    "toy-outage": ("nearest", "fastest", "fewest-splits", "myopic", "consolidate", "primal-dual"),
    "toy-regime": (),
    "toy-promotion": ("primal-dual",),
    "toy-cancel": ("nearest", "cheapest", "fastest", "fewest-splits"),
    "toy-receipt-short": (),
    "toy-reorder": (
        "myopic",
        "consolidate",
    ),
}
FAILS = {
    "toy-nearest": (),
    "toy-scarce": ("nearest", "cheapest", "myopic", "consolidate"),
    "toy-split": ("fewest-splits",),
    "toy-backorder": ("nearest", "cheapest", "fastest"),
    "toy-cutoff": ("nearest", "cheapest"),
    "toy-handling": (),
    "toy-hold": ("nearest", "cheapest", "fastest", "fewest-splits", "myopic", "primal-dual"),
    "toy-presale": ("nearest", "cheapest", "fastest", "fewest-splits"),
    "toy-short-pick": ("nearest", "cheapest", "fastest", "fewest-splits", "myopic", "consolidate", "primal-dual"),
    "toy-outage": ("cheapest",),
    "toy-regime": ("nearest", "cheapest", "fastest", "fewest-splits", "myopic", "consolidate", "primal-dual"),
    "toy-promotion": ("nearest", "cheapest", "myopic", "consolidate"),
    "toy-cancel": ("myopic", "consolidate", "primal-dual"),
    "toy-receipt-short": ("nearest", "cheapest", "fastest", "fewest-splits", "myopic", "consolidate", "primal-dual"),
    "toy-reorder": ("nearest", "cheapest", "fastest", "fewest-splits"),
}
"""Toys that nobody solves need what only luck or the future tells: an empty shelf or a slow carrier."""


def trace_of(name: str) -> Trace:
    return draw_trace(load_scenario(name), 1)


def cost(name: str, agent: str, clock: str = "compiled") -> int:
    return int(simulate(trace_of(name), load_agent(agent), clock).world.totals.sum())


@cache
def best_slots(name: str) -> tuple[int, tuple[int, ...]]:
    """Least total over all sequences of slots, and the first sequence that reaches it."""
    clock = CompiledClock(World(trace_of(name), "none"))
    assert clock.start()
    return _least_from(clock)


def _least_from(clock: CompiledClock) -> tuple[int, tuple[int, ...]]:
    results = []
    for slot in range(int(clock.world.plans.counts[0])):
        branch = CompiledClock(fork(clock.world))
        least, slots = _least_from(branch) if branch.answer(slot) else (int(branch.world.totals.sum()), ())
        results.append((least, (slot, *slots)))
    return min(results)


def play(name: str, slots: tuple[int, ...], clock: str) -> World:
    """Plays given slots."""
    world = World(trace_of(name))
    player = make_clock(world, clock)
    is_due = player.start()
    for slot in slots:
        assert is_due
        is_due = player.answer(slot)
    assert not is_due
    return world


def test_every_toy_is_here():
    assert set(SOLVERS) == set(FAILS) == set(OPTIMUM_MILLICENTS)
    assert {name for name in scenario_names() if name.startswith("toy-")} == {*OPTIMUM_MILLICENTS, "toy-mmc"}
    for name, solvers in SOLVERS.items():
        assert set(solvers).isdisjoint(FAILS[name])


@pytest.mark.parametrize("name", sorted(OPTIMUM_MILLICENTS))
def test_the_least_cost_of_all_choices_is_the_stated_optimum(name):
    """Nobody beats the optimum: whatever an agent does, it chooses slots. Forks and both clocks agree about it."""
    least, slots = best_slots(name)
    assert least == OPTIMUM_MILLICENTS[name]
    for clock in CLOCKS:
        assert play(name, slots, clock).totals.sum() == least


@pytest.mark.parametrize(("name", "agent"), [(name, agent) for name, agents in SOLVERS.items() for agent in agents])
def test_the_optimum_is_reached(name, agent):
    assert [cost(name, agent, clock) for clock in CLOCKS] == [OPTIMUM_MILLICENTS[name]] * 2


@pytest.mark.parametrize(("name", "agent"), [(name, agent) for name, agents in FAILS.items() for agent in agents])
def test_the_optimum_is_missed(name, agent):
    one, other = (cost(name, agent, clock) for clock in CLOCKS)
    assert one == other > OPTIMUM_MILLICENTS[name]


@pytest.mark.parametrize("agent", agent_names())
@pytest.mark.parametrize("name", sorted(OPTIMUM_MILLICENTS))
def test_nobody_beats_the_optimum(name, agent):
    assert cost(name, agent) >= OPTIMUM_MILLICENTS[name]


def test_the_optimum_of_the_hold_toy_is_a_hold():
    _, slots = best_slots("toy-hold")
    world = play("toy-hold", slots, "compiled")
    assert world.hidden.orders["num_holds"].tolist() == [1, 0]
    assert np.unique(world.hidden.lines["parcel"]).tolist() == [0]


def test_whoever_waits_for_company_sends_one_parcel_and_pays_less():
    """It may wait once more in vain after company has come, so it need not reach the optimum."""
    world = simulate(trace_of("toy-hold"), load_agent("consolidate")).world
    assert world.hidden.counters["num_parcels"] == 1
    assert world.totals.sum() < min(cost("toy-hold", agent) for agent in FAILS["toy-hold"])


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize(("from_hour", "to_hour", "is_cancelled"), [(9, 12, False), (12, 13, True)])
def test_an_outage_takes_the_collection_in_its_first_second_and_not_the_one_in_its_last(
    clock, from_hour, to_hour, is_cancelled
):
    """In the toy the truck comes at 12:00; what is packed by then waits, what is planned with it stays planned."""
    scenario = load_scenario("toy-outage")
    outage = replace(scenario.outages[0], from_day=from_hour / 24, to_day=to_hour / 24)
    simulation = simulate(draw_trace(replace(scenario, outages=(outage,)), 1), load_agent("cheapest"), clock)
    kinds = set(simulation.events["kind"].to_pylist())
    assert (Kind.COLLECTION_CANCELLED in kinds) == is_cancelled
    assert Kind.REOPENED not in kinds
    departed_at = simulation.world.hidden.parcels["departed_at"][0]
    assert departed_at == (18 if is_cancelled else 12) * 3600
