"""What the README claims of the demo's agent, with the demo's settings: minutes, so it is slow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from agents import agent_names, load_agent
from agents.learned.base import Base
from agents.learned.export import load_scorer
from agents.learned.torch_agent import TorchAgent
from agents.learned.training import TrainingConfig, train
from envs import simulate
from envs.prices import Pricing
from scenarios import draw_trace, load_scenario
from scenarios.seeds import TEST

NUM_TRACES = 40


@pytest.mark.slow
def test_the_trained_agent_beats_every_heuristic_on_unseen_traces(tmp_path):
    """Mean cost per order on the same unseen traces; the 95 % interval of each paired difference lies below zero."""
    scenario, config = load_scenario("metro-small"), TrainingConfig()
    policy = train(scenario, config, tmp_path)
    learned = TorchAgent(load_scorer(policy), Base(Pricing[config.pricing]))
    traces = [draw_trace(scenario, TEST.start + i) for i in range(NUM_TRACES)]

    def costs(agent) -> np.ndarray:
        return np.array([simulate(trace, agent, level="none").metrics["cost_per_order"] for trace in traces])

    own = costs(learned)
    for name in agent_names():
        difference = own - costs(load_agent(name))
        margin = stats.sem(difference) * stats.t.ppf(0.975, NUM_TRACES - 1)
        assert difference.mean() + margin < 0, f"{name}: {difference.mean():.4f} +- {margin:.4f}"
