"""Routers that follow the dual."""

from __future__ import annotations

import numpy as np
import pytest

from agents import load_agent
from agents.dual.router import dual_router
from envs.log import Kind
from envs.many import simulate_many
from envs.simulation import simulate
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError
from scenarios.seeds import VALIDATION

TINY = load_scenario("tiny")


@pytest.mark.parametrize("name", ["static-dual", "dual"])
def test_both_clocks_play_it_alike(name):
    agent, trace = load_agent(name, TINY), draw_trace(TINY, VALIDATION.start)
    one, two = (simulate(trace, agent, clock) for clock in ("compiled", "simpy"))
    assert one.events.equals(two.events)
    assert agent.name == name


def test_it_protects_what_others_will_need():
    """On ``tiny`` the only question is who gives up the unit; the dual beats the myopic rule clearly."""
    traces = [draw_trace(TINY, VALIDATION.start + i) for i in range(60)]
    costs = {
        name: np.array(
            [done.world.totals.sum() for done in simulate_many(traces, load_agent(name, TINY), level="none")]
        )
        for name in ("myopic", "static-dual", "dual")
    }
    for name in ("static-dual", "dual"):
        saved = costs["myopic"] - costs[name]
        assert saved.mean() > 2 * saved.std() / np.sqrt(len(traces)) > 0
    assert costs["dual"].mean() <= costs["static-dual"].mean()


def test_static_prices_are_solved_once():
    agent = dual_router(TINY, is_static=True)
    events = simulate(draw_trace(TINY, VALIDATION.start), agent).events.to_pandas()
    again = simulate(draw_trace(TINY, VALIDATION.start), dual_router(TINY, interval_hours=2)).events.to_pandas()
    assert (events["kind"] == Kind.PRICES_IN).sum() == 1 < (again["kind"] == Kind.PRICES_IN).sum()


def test_a_forecaster_needs_a_scenario():
    with pytest.raises(InputError, match=r"agent.*dual.*scenario"):
        load_agent("dual")
