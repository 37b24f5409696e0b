"""Toys reach their stated optimum with the agent that should, and not with one that should not."""

from __future__ import annotations

import pytest

from agents import agent_names, load_agent
from envs.simulation import simulate
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.toys import OPTIMUM_MILLICENTS

SOLVERS = {
    "toy-nearest": ("nearest", "cheapest", "fewest-splits", "myopic", "primal-dual"),
    "toy-scarce": ("primal-dual",),
    "toy-split": ("nearest", "cheapest", "myopic", "primal-dual"),
    "toy-backorder": ("myopic", "primal-dual"),
    "toy-cutoff": ("fastest", "myopic", "primal-dual"),
    "toy-handling": ("nearest", "cheapest", "fastest", "fewest-splits", "myopic", "primal-dual"),
}
FAILS = {
    "toy-nearest": (),
    "toy-scarce": ("nearest", "cheapest", "myopic"),
    "toy-split": ("fewest-splits",),
    "toy-backorder": ("nearest", "cheapest", "fastest"),
    "toy-cutoff": ("nearest", "cheapest"),
    "toy-handling": (),
}


def cost(name: str, agent: str, clock: str = "compiled") -> int:
    return int(simulate(draw_trace(load_scenario(name), 1), load_agent(agent), clock).world.totals.sum())


def test_every_toy_is_here():
    assert set(SOLVERS) == set(FAILS) == set(OPTIMUM_MILLICENTS)


@pytest.mark.parametrize(("name", "agent"), [(name, agent) for name, agents in SOLVERS.items() for agent in agents])
def test_the_optimum_is_reached(name, agent):
    assert cost(name, agent) == cost(name, agent, "simpy") == OPTIMUM_MILLICENTS[name]


@pytest.mark.parametrize(("name", "agent"), [(name, agent) for name, agents in FAILS.items() for agent in agents])
def test_the_optimum_is_missed(name, agent):
    assert cost(name, agent) > OPTIMUM_MILLICENTS[name]


@pytest.mark.parametrize("agent", agent_names())
@pytest.mark.parametrize("name", sorted(OPTIMUM_MILLICENTS))
def test_nobody_beats_the_optimum(name, agent):
    assert cost(name, agent) >= OPTIMUM_MILLICENTS[name]
