"""Unmodified Stable-Baselines3 agents run on both environments."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import FlattenObservation
from stable_baselines3 import A2C, DQN
from stable_baselines3.common.env_checker import check_env

from envs.routing_env import MOOrderRoutingEnv, OrderRoutingEnv


class WeightedSum(gymnasium.Wrapper):
    """A scalar reward of given weights."""

    def __init__(self, env: gymnasium.Env, weights: tuple[float, float, float]) -> None:
        super().__init__(env)
        self.weights = np.array(weights)

    def step(self, action):
        observation, reward, is_over, is_cut, info = self.env.step(action)
        return observation, float(self.weights @ reward), is_over, is_cut, info


def scalar():
    return OrderRoutingEnv("metro-small")


def vector():
    return WeightedSum(MOOrderRoutingEnv("metro-small"), (1.0, 1.0, 1.0))


@pytest.mark.parametrize("build", [scalar, vector])
def test_check_env(build):
    with warnings.catch_warnings():
        # SB3 recommends to flatten two-dimensional observations; plans by features is meant.
        warnings.filterwarnings("ignore", "Your observation plans has an unconventional shape", UserWarning)
        check_env(build(), skip_render_check=True)
    check_env(FlattenObservation(build()), skip_render_check=True)


def test_one_weighted_sum_is_the_scalar_reward():
    one, other = scalar(), vector()
    for env in (one, other):
        env.reset(seed=0)
    for _ in range(50):
        assert one.step(0)[1] == pytest.approx(other.step(0)[1], rel=1e-5)


@pytest.mark.parametrize("build", [scalar, vector])
@pytest.mark.parametrize(
    ("algorithm", "arguments"),
    [(A2C, {"n_steps": 16}), (DQN, {"learning_starts": 50, "buffer_size": 500, "train_freq": 4, "batch_size": 16})],
)
def test_unmodified_agents_train(algorithm, arguments, build):
    env = FlattenObservation(build())
    model = algorithm("MlpPolicy", env, seed=0, device="cpu", policy_kwargs={"net_arch": [16]}, **arguments)
    before = [parameter.clone() for parameter in model.policy.parameters()]
    model.learn(400)
    assert model.num_timesteps >= 400
    assert any((a != b).any() for a, b in zip(before, model.policy.parameters(), strict=True))
    assert env.unwrapped._num_mapped > 0  # it knows no masks
    observation, _ = env.reset(seed=1)
    action, _ = model.predict(observation, deterministic=True)
    assert np.isfinite(env.step(int(action))[1])
