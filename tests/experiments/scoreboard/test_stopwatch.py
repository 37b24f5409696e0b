"""Timing changes nothing that is decided, and keeps the job that solves prices apart."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest

from agents.heuristics import RuleAgent
from agents.registry import load_agent
from envs.plan_table import Rule
from envs.prices import Pricing
from envs.simulation import simulate
from experiments.scoreboard.stopwatch import TimedAgent
from experiments.scoreboard.work import measured
from scenarios import draw_trace, load_scenario

PAUSE = 0.05


@dataclass(frozen=True)
class Dozing:
    """Prices by the shelf, after a nap."""

    interval_seconds: int = 12 * 3600
    delay_seconds: int = 600

    def prices(self, network, seen):
        time.sleep(PAUSE)
        return np.maximum(0, 100_000 - 10_000 * seen.stock["on_hand_units"]).astype(np.int64)


@pytest.mark.parametrize(
    "agent", [load_agent("myopic"), RuleAgent("dozing", Rule.SCORE, Pricing.SCHEDULED, pricer=Dozing())]
)
def test_a_timed_agent_decides_the_same(agent):
    trace = draw_trace(load_scenario("tiny"), 2_000_100)
    timed = TimedAgent(agent)
    assert simulate(trace, timed).events.equals(simulate(trace, agent).events)
    assert timed.name == agent.name


def test_solving_prices_is_not_deciding():
    agent = TimedAgent(RuleAgent("dozing", Rule.SCORE, Pricing.SCHEDULED, pricer=Dozing()))
    simulation = simulate(draw_trace(load_scenario("tiny"), 2_000_100), agent)
    assert agent.solving_seconds >= 2 * PAUSE
    values = measured(simulation, 10.0, 4.0)
    assert values["ms_per_decision"] == pytest.approx(6000 / simulation.metrics["num_decisions"])
    assert (values["seconds"], values["solving_seconds"]) == (10.0, 4.0)
    assert TimedAgent(load_agent("myopic")).solving_seconds == 0.0
