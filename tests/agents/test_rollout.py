"""The rollout router: it sees the crowding that it causes, and nothing that is not revealed."""

from __future__ import annotations

import numpy as np
import pytest

from agents import load_agent
from agents.forecast.analogues import Forecast
from agents.forecast.history import History
from agents.rollout import RolloutRouter
from envs.simulation import simulate
from scenarios import draw_trace, load_scenario
from scenarios.seeds import VALIDATION

CROWDED = load_scenario("cutoff-congestion", horizon_days=1)


def router(scenario, num_futures: int = 4, horizon_hours: int = 12) -> RolloutRouter:
    base, forecast = load_agent("myopic"), Forecast(History(scenario, 8), num_nearest=4)
    return RolloutRouter(base, forecast, 3, num_futures, horizon_hours * 3600)


def cost(trace, agent) -> int:
    return int(simulate(trace, agent, level="none").world.totals.sum())


def test_it_is_repeatable_and_forgets_the_episode_before():
    agent, traces = router(CROWDED), [draw_trace(CROWDED, VALIDATION.start + i) for i in range(2)]
    first = [cost(trace, agent) for trace in traces]
    assert [cost(trace, router(CROWDED)) for trace in traces] == first


def test_with_no_other_plan_it_is_its_base_router():
    scenario = load_scenario("single-warehouse", horizon_days=1)
    trace = draw_trace(scenario, VALIDATION.start)
    agent = router(scenario)
    agent.num_plans = 1
    assert cost(trace, agent) == cost(trace, load_agent("myopic"))


@pytest.mark.slow
def test_it_sees_the_crowding_that_a_myopic_router_causes():
    agent, base, saved = router(load_scenario("cutoff-congestion"), 4, 24), load_agent("myopic"), []
    for i in range(2):
        trace = draw_trace(load_scenario("cutoff-congestion"), VALIDATION.start + i)
        before = cost(trace, base)
        saved.append((before - cost(trace, agent)) / before)
    assert np.min(saved) > 0.01
