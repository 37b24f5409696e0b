"""Contracts of both Gymnasium environments."""

from __future__ import annotations

import pickle
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from envs.feature_schema import BOUND, NUM_CONTEXT, NUM_FEATURES
from envs.plan_table import MAX_PLANS
from envs.routing_env import MOOrderRoutingEnv, OrderRoutingEnv
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError
from scenarios.seeds import TRAINING
from tests.worlds import random_trace, with_future

IDS = ("envs:routelab/OrderRouting-v0", "envs:routelab/MOOrderRouting-v0")
both = pytest.mark.parametrize("env_id", IDS)


def make(env_id: str = IDS[0], **arguments) -> gymnasium.Env:
    """Without Gymnasium's passive checks, which know no vector reward."""
    return gymnasium.make(env_id, **{"scenario": "tiny", "disable_env_checker": True, **arguments})


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@pytest.mark.parametrize("scenario", ["tiny", "metro-small", "toy-backorder"])
@both
def test_check_env(env_id, scenario, clock):
    env = make(env_id, scenario=scenario, clock=clock).unwrapped
    with warnings.catch_warnings():
        if env_id == IDS[1]:  # a vector reward is what this environment is for
            warnings.filterwarnings("ignore", ".*The reward returned by `step..` must be a float", UserWarning)
        check_env(env, skip_render_check=True)


def played(env, num_steps: int, seed: int = 3):
    """Observations, rewards and infos of a random walk."""
    observation, info = env.reset(seed=seed)
    random, story = np.random.default_rng(1), [(observation, 0.0, False, info)]
    for _ in range(num_steps):
        observation, reward, is_over, is_cut, info = env.step(int(random.integers(info["num_plans"])))
        assert not is_cut
        story.append((observation, reward, is_over, info))
        if is_over:
            break
    return story


def assert_same(one, other):
    assert len(one) == len(other)
    for (observation, reward, is_over, info), (observation2, reward2, is_over2, info2) in zip(one, other, strict=True):
        assert {key: value.tobytes() for key, value in observation.items()} == {
            key: value.tobytes() for key, value in observation2.items()
        }
        assert np.array_equal(reward, reward2)
        assert is_over == is_over2
        assert info.keys() == info2.keys()
        assert all(np.array_equal(info[key], info2[key]) for key in info)


@both
def test_the_same_seed_gives_the_same_story_on_both_clocks(env_id):
    stories = [
        played(make(env_id, scenario="metro-small", clock=clock), 60) for clock in ("compiled", "compiled", "simpy")
    ]
    assert_same(stories[0], stories[1])
    assert_same(stories[0], stories[2])
    other = played(make(env_id, scenario="metro-small"), 60, seed=4)
    assert other[0][3]["trace_sha256"] != stories[0][0][3]["trace_sha256"]


@both
def test_pickled_before_and_during_an_episode(env_id):
    env = make(env_id, scenario="metro-small", weights=(1.0, 2.0, 0.5), pricing="NONE")
    fresh = pickle.loads(pickle.dumps(env.unwrapped))
    played(env, 5)
    used = pickle.loads(pickle.dumps(env.unwrapped))
    assert_same(played(env, 20), played(fresh, 20))
    assert_same(played(env, 20), played(used, 20))


@both
def test_observations_stay_in_their_space_and_features_are_finite(env_id):
    env = make(env_id, scenario="metro-small", horizon_days=1)
    for observation, *_ in played(env, 10**6):
        assert env.observation_space.contains(observation)
        assert np.abs(observation["plans"]).max() < BOUND
        assert np.abs(observation["context"]).max() < BOUND


def test_masks_are_real_and_the_end_is_zeros_with_slot_0_real():
    env = make()
    observation, info = env.reset(seed=1)
    is_over = False
    while not is_over:
        mask = env.unwrapped.action_masks()
        assert mask.dtype == bool
        assert mask.shape == (MAX_PLANS,)
        assert mask.tolist() == observation["plans"][:, 0].astype(bool).tolist()
        assert mask.sum() == info["num_plans"] >= 1
        assert mask[: info["num_plans"]].all()
        observation, _, is_over, is_cut, info = env.step(0)
        assert not is_cut
    assert info["num_plans"] == 1
    assert env.unwrapped.action_masks().tolist() == [True] + [False] * (MAX_PLANS - 1)
    assert observation["plans"][0, 0] == 1
    assert observation["plans"].sum() == 1
    assert not observation["context"].any()
    with pytest.raises(InputError, match="episode under way"):
        env.unwrapped.step(0)


def test_actions_beyond_the_plans_are_mapped_and_counted():
    """Action k is plan k mod n."""
    trace = draw_trace(load_scenario("tiny"), 1)
    mapped, plain = make(), make()
    _, info = mapped.reset(options={"trace": trace})
    plain.reset(options={"trace": trace})
    count, is_over = 0, False
    assert info["num_mapped_actions"] == 0
    while not is_over:
        action, num_plans = 29, info["num_plans"]
        assert num_plans < action
        count += 1
        observation, reward, is_over, _, info = mapped.step(action)
        other, reward2, *_ = plain.step(action % num_plans)
        assert info["num_mapped_actions"] == count
        assert reward == reward2
        assert observation["plans"].tobytes() == other["plans"].tobytes()
    mapped.reset(seed=2)
    assert mapped.step(0)[4]["num_mapped_actions"] == 0


@pytest.mark.parametrize("kind", ["trace", "path", "text"])
def test_a_given_trace_is_played(kind, tmp_path):
    trace = draw_trace(load_scenario("tiny"), 1_000_001)
    path = trace.save(tmp_path / "one.npz")
    given = {"trace": trace, "path": path, "text": str(path)}[kind]
    _, info = make().reset(options={"trace": given})
    assert info["trace_sha256"] == trace.sha256


def test_training_seeds_only():
    env = make()
    for seed in range(5):
        env.reset(seed=seed)
        assert env.unwrapped._world.trace.seed in TRAINING


def empty_trace():
    trace = random_trace(0)
    return with_future(trace, orders=trace.future.orders[:0], lines=trace.future.lines[:0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tarce": None}, "did you mean 'trace'"),
        ({"trace": 3}, "trace with at least one order"),
        ({"trace": "/nowhere/at/all.npz"}, "trace file"),
        ({"trace": empty_trace()}, "trace with at least one order"),
        ({"weights": (1.0, 2.0)}, "three numbers from 0 to 1000"),
        ({"weights": (1.0, 2.0, float("nan"))}, "three numbers from 0 to 1000"),
        ({"weights": (-1.0, 2.0, 1.0)}, "three numbers from 0 to 1000"),
    ],
)
@both
def test_bad_reset_options(env_id, options, message):
    env = make(env_id)
    with pytest.raises(InputError, match=f"(?i){message}"):
        env.reset(seed=0, options=options)


def test_bug_bad_weights_outlive_a_refused_reset():
    env = make()
    with pytest.raises(InputError):
        env.reset(seed=0, options={"weights": (1.0, 2.0)})
    env.reset(seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scenario": "tinny"}, "did you mean 'tiny'"),
        ({"render_mode": "human"}, "render_mode"),
        ({"pricing": "closed"}, "pricing"),
        ({"horizon_dayz": 3}, "did you mean 'horizon_days'"),
        ({"clock": "simpel"}, "did you mean 'simpy'"),
        ({"weights": (0.0, 1.0)}, "weights"),
    ],
)
@pytest.mark.parametrize("env_class", [OrderRoutingEnv, MOOrderRoutingEnv])
def test_bad_arguments_are_refused_when_made(env_class, arguments, message):
    with pytest.raises(InputError, match=f"(?i){message}"):
        env_class(**{"scenario": "tiny", **arguments})


def test_bug_overrides_of_a_scenario_object_are_ignored():
    with pytest.raises(InputError, match="max_parcels"):
        OrderRoutingEnv(load_scenario("tiny"), max_parcels=3)


def test_weights_scale_the_scalar_reward_and_not_the_vector():
    trace = draw_trace(load_scenario("metro-small"), 1)
    weights = (0.5, 2.0, 10.0)
    scalar, vector = make(IDS[0], weights=weights), make(IDS[1], weights=weights)
    for env in (scalar, vector):
        env.reset(options={"trace": trace})
    for _ in range(100):
        _, reward, *_ = scalar.step(0)
        _, rewards, _, _, info = vector.step(0)
        assert rewards.dtype == np.float32
        assert rewards == pytest.approx(info["reward_millicents"] / 1e5, rel=1e-6)
        assert reward == pytest.approx(np.dot(weights, info["reward_millicents"]) / 1e5)


def test_weights_are_part_of_the_observation_and_can_change_on_the_way():
    env = make(scenario="metro-small").unwrapped
    observation, _ = env.reset(seed=0, options={"weights": (1.0, 2.0, 3.0)})
    assert observation["context"][-3:].tolist() == [1.0, 2.0, 3.0]
    env.set_weights((3.0, 0.0, 1.0))
    assert env.step(0)[0]["context"][-3:].tolist() == [3.0, 0.0, 1.0]
    assert env.reset(seed=1)[0]["context"][-3:].tolist() == [3.0, 0.0, 1.0]


def test_spaces():
    env = make(IDS[1]).unwrapped
    assert env.action_space.n == MAX_PLANS
    assert env.observation_space["plans"].shape == (MAX_PLANS, NUM_FEATURES)
    assert env.observation_space["context"].shape == (NUM_CONTEXT,)
    assert env.reward_space.shape == (env.reward_dim,) == (3,)


@both
def test_render_draws_the_world(env_id):
    env = make(env_id, scenario="metro-small", render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[2] == 3
    assert min(first.shape[:2]) >= 200
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 20
    for _ in range(40):
        env.step(0)
    later = env.render()
    assert later.shape == first.shape
    assert (later != first).any()


def test_bug_making_the_vector_id_warns_of_its_reward():
    env = gymnasium.make(IDS[1], scenario="tiny")
    env.reset(seed=0)
    env.step(0)
