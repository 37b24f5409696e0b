"""Rewards are minus the ledger, in every environment, and those that simulations book."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from envs.costs import MILLICENTS, OBJECTIVE_OF_PART, Objective
from envs.protocol import pricer_of
from envs.simulation import simulate
from tests.every_agent import EVERY_AGENT, agent_of
from tests.named_traces import NAMES


def by_objective(simulation) -> np.ndarray:
    """int64 (3,): the ledger's rows summed by objective."""
    ledger = simulation.ledger.to_pandas()
    owner = np.array(OBJECTIVE_OF_PART)[ledger["part"]]
    return np.array([ledger["amount_millicents"][owner == objective].sum() for objective in Objective])


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@pytest.mark.parametrize("env_id", ["envs:routelab/OrderRouting-v0", "envs:routelab/MOOrderRouting-v0"])
@pytest.mark.parametrize("name", NAMES)
def test_rewards_are_minus_the_ledger(trace_of, name, env_id, clock):
    """By objective in millicents, exactly; and in currency units as closely as floats allow."""
    trace = trace_of(name)
    env = gymnasium.make(env_id, scenario="tiny", clock=clock, disable_env_checker=True)
    random = np.random.default_rng(5)
    _, info = env.reset(options={"trace": trace})
    exact, reward_sum, settled = np.zeros(3, np.int64), 0.0, [info["settlements"]]
    is_over = False
    while not is_over:
        action = int(random.integers(32)) if random.random() < 0.3 else 0
        _, reward, is_over, is_cut, info = env.step(action)
        assert not is_cut
        exact += info["reward_millicents"]
        reward_sum = reward_sum + np.asarray(reward, np.float64)
        settled.append(info["settlements"])
    world = env.unwrapped._world
    own = np.zeros(3, np.int64)
    np.add.at(own, np.array(OBJECTIVE_OF_PART), world.totals)
    assert exact.tolist() == (-own).tolist()
    assert np.sum(reward_sum) == pytest.approx(-world.totals.sum() / MILLICENTS, rel=1e-5)
    rows = np.concatenate(settled)
    assert rows.dtype == np.int64
    assert rows.shape[1] == 3
    ledger = world.hidden.ledger[: world.hidden.counters["num_ledger_rows"][0]]
    assert rows[:, 2].sum() == ledger[ledger[:, 4] == 1][:, 5].sum()
    assert len(rows) == (ledger[:, 4] == 1).sum()


class Noting:
    """Lets another agent decide and notes its slots."""

    def __init__(self, agent) -> None:
        self.agent, self.name, self.pricing, self.slots = agent, agent.name, agent.pricing, []
        self.pricer = pricer_of(agent)
        self.needs_features, self.start = agent.needs_features, agent.start

    def choose(self, snapshot) -> int:
        self.slots.append(self.agent.choose(snapshot))
        return self.slots[-1]


@pytest.mark.parametrize("agent", EVERY_AGENT)
def test_rewards_are_those_of_simulate(trace_of, agent):
    """The environment and ``simulate`` are one model: the same slots give the same ledger."""
    trace = trace_of("metro-small")
    decider = Noting(agent_of(agent))
    simulation = simulate(trace, decider)
    bid_prices = {"pricing": decider.pricing.name, "pricer": decider.pricer}
    env = gymnasium.make("envs:routelab/OrderRouting-v0", scenario="metro-small", **bid_prices)
    env.reset(options={"trace": trace})
    exact = np.zeros(3, np.int64)
    for slot in decider.slots:
        *_, info = env.step(slot)
        exact += info["reward_millicents"]
    assert exact.tolist() == (-by_objective(simulation)).tolist()
