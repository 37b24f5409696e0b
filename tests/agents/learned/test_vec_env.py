"""The environments that training steps: groups share traces, the baseline is the base router, pickles go on alike."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sb3_contrib.common.maskable.utils import get_action_masks

from agents import load_agent
from agents.learned.base import PRIMAL_DUAL
from agents.learned.preferences import Preferences
from agents.learned.vec_env import RoutingVecEnv, make_episode
from envs import World
from envs.batch import BatchSnapshot
from envs.compiled_clock import CompiledClock
from envs.plan_table import MAX_PLANS
from envs.prices import Pricing
from envs.routing_env import OrderRoutingEnv
from envs.snapshot import Snapshot
from scenarios import load_scenario
from scenarios.errors import InputError

SCENARIO = load_scenario("tiny")


def steps(env: RoutingVecEnv, num_steps: int, seed: int = 0):
    """Random plans; yields what each step gives."""
    random = np.random.default_rng(seed)
    for _ in range(num_steps):
        env.step_async(random.integers(0, env.action_masks().sum(axis=1)))
        yield env.step_wait()


def test_a_group_that_does_not_divide_is_refused():
    with pytest.raises(InputError, match="group_size"):
        RoutingVecEnv(SCENARIO, 4, 3)


def test_replications_of_a_group_meet_the_same_orders():
    env = RoutingVecEnv(SCENARIO, 6, 3)
    first = env.reset()
    assert (first["context"][:3] == first["context"][0]).all()
    assert (first["context"][3:] == first["context"][3]).all()
    assert not (first["context"][0] == first["context"][3]).all()
    met: list[dict[int, str]] = [{} for _ in range(6)]
    for _ in steps(env, 150):
        for row, seen in enumerate(met):
            seen[int(env._num_begun[row])] = env._episodes[row].trace.sha256
    assert len(met[0]) > 3
    for row in (1, 2, 4, 5):
        other = met[row - row % 3]
        assert all(other[episode] == trace for episode, trace in met[row].items() if episode in other)
    assert not set(met[0].values()) & set(met[3].values())
    env.close()


def test_an_episodes_rewards_are_what_was_saved_against_the_base_router():
    env = RoutingVecEnv(SCENARIO, 4, 2)
    env.reset()
    saved, num_ended = np.zeros(4), 0
    num_orders = [env._episodes[row].trace.num_orders for row in range(4)]
    for _, rewards, dones, infos in steps(env, 120):
        saved += rewards
        for row in np.flatnonzero(dones):
            ended = infos[row]
            difference = (ended["base_cost"] - ended["episode_cost"]) * num_orders[row]
            assert saved[row] == pytest.approx(difference, abs=1e-2)
            num_ended += 1
            saved[row], num_orders[row] = 0.0, env._episodes[row].trace.num_orders
    assert num_ended > 8
    env.close()


def test_the_base_router_saves_nothing_against_itself():
    env = RoutingVecEnv(load_scenario("metro-small", horizon_days=1), 2, 2)
    env.reset()
    agent, saved = load_agent("primal-dual"), np.zeros(2)
    for _ in range(10_000):
        env.step_async(agent.choose_batch(BatchSnapshot(env._batch)))
        _, rewards, dones, infos = env.step_wait()
        saved += rewards
        assert saved == pytest.approx(0.0, abs=1e-2)
        if dones.any():
            break
    assert dones.all()
    assert infos[0]["episode_cost"] == pytest.approx(infos[0]["base_cost"])
    env.close()


def test_the_baseline_is_what_the_base_router_paid_when_orders_came():
    episode = make_episode(5, SCENARIO, Preferences(), PRIMAL_DUAL, True)
    world = World(episode.trace, pricing=Pricing.CLOSED_FORM)
    clock, agent = CompiledClock(world), load_agent("primal-dual")
    is_due, num_told = clock.start(), 0
    while is_due:
        arrived = int(world.hidden.counters["num_arrived"][0])
        if arrived > num_told:
            num_told += 1
            assert episode.base_costs[arrived] == pytest.approx(world.weighted_cost((1.0, 1.0, 1.0)))
        is_due = clock.answer(agent.choose(Snapshot(world.network, world.seen, world.plans)))
    assert num_told == episode.trace.num_orders
    assert episode.base_costs[0] == 0.0
    assert episode.base_costs[-1] == pytest.approx(world.weighted_cost((1.0, 1.0, 1.0)))


def test_without_a_group_the_reward_is_the_environments():
    env = RoutingVecEnv(SCENARIO, 2, seed=3)
    env.reset()
    singles = [OrderRoutingEnv(SCENARIO) for _ in range(2)]
    for row, single in enumerate(singles):
        single.reset(options={"trace": env._episodes[row].trace})
    random, is_over = np.random.default_rng(0), np.zeros(2, bool)
    while not is_over.all():
        slots = random.integers(0, env.action_masks().sum(axis=1))
        env.step_async(slots)
        observations, rewards, dones, _ = env.step_wait()
        for row, single in enumerate(singles):
            if not is_over[row]:
                observation, reward, is_over[row], _, _ = single.step(int(slots[row]))
                assert rewards[row] == pytest.approx(reward, rel=1e-6)
                assert dones[row] == is_over[row]
                if not is_over[row]:
                    assert observations["plans"][row].tobytes() == observation["plans"].tobytes()
                    assert observations["context"][row].tobytes() == observation["context"].tobytes()
    env.close()


def test_observations_outlast_the_next_step():
    env = RoutingVecEnv(SCENARIO, 2)
    first = env.reset()
    kept = first["plans"].copy()
    list(steps(env, 3))
    assert first["plans"].tobytes() == kept.tobytes()
    env.close()


def test_masks_come_as_maskable_ppo_asks_for_them():
    env = RoutingVecEnv(SCENARIO, 4, 2)
    env.reset()
    masks = get_action_masks(env)
    assert masks.shape == (4, MAX_PLANS)
    assert (masks == env.action_masks()).all()
    assert (np.array(env.env_method("action_masks", indices=[2, 0])) == masks[[2, 0]]).all()
    env.close()


@pytest.mark.parametrize("num_workers", [1, 2])
def test_a_pickle_goes_on_alike(num_workers):
    env = RoutingVecEnv(SCENARIO, 6, 3, num_workers=num_workers)
    env.reset()
    list(steps(env, 25))
    other = pickle.loads(pickle.dumps(env))
    for one, two in zip(steps(env, 100, seed=1), steps(other, 100, seed=1), strict=True):
        assert one[0]["plans"].tobytes() == two[0]["plans"].tobytes()
        assert one[1].tobytes() == two[1].tobytes()
        assert one[2].tolist() == two[2].tolist()
    env.close()
    other.close()


def test_the_number_of_workers_changes_nothing():
    envs = [RoutingVecEnv(SCENARIO, 8, 2, num_workers=count) for count in (1, 3)]
    for env in envs:
        env.reset()
    for one, two in zip(*(steps(env, 100) for env in envs), strict=True):
        assert one[0]["plans"].tobytes() == two[0]["plans"].tobytes()
        assert one[1].tobytes() == two[1].tobytes()
    for env in envs:
        env.close()
