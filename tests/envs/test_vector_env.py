"""The batched vector environments: what the single ones give, step by step, and Gymnasium's rules of autoreset."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from envs.plan_table import MAX_PLANS
from envs.routing_env import MOOrderRoutingEnv, OrderRoutingEnv
from envs.vector_env import OrderRoutingVectorEnv
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError

SINGLES = {"OrderRouting": OrderRoutingEnv, "MOOrderRouting": MOOrderRoutingEnv}
SHORT = {"scenario": "tiny"}
NUM_ENVS = 3

modes = pytest.mark.parametrize("mode", list(AutoresetMode))
both = pytest.mark.parametrize("name", list(SINGLES))


def make(name: str = "OrderRouting", num_envs: int = NUM_ENVS, **arguments):
    env_id = f"envs:routelab/{name}-v0"
    return gymnasium.make_vec(env_id, num_envs, "vector_entry_point", **{**SHORT, **arguments})


def actions_of(env, random) -> np.ndarray:
    """Real slots, and sometimes an empty one."""
    slots = random.integers(0, env.action_masks().sum(axis=1))
    return np.where(random.random(len(slots)) < 0.1, MAX_PLANS - 1, slots)


class Alone:
    """Single environments, reset by hand as the mode says."""

    def __init__(self, name: str, mode: AutoresetMode, num_envs: int = NUM_ENVS, **arguments) -> None:
        self.envs = [SINGLES[name](**{**SHORT, **arguments}) for _ in range(num_envs)]
        self.mode, self.is_over = mode, [False] * num_envs

    def reset(self, seed: int):
        return [env.reset(seed=seed + i) for i, env in enumerate(self.envs)]

    def step(self, actions):
        """Of each: observation, reward, whether it ended, info, and the last observation and info if it began anew."""
        rows = []
        for i, (env, action) in enumerate(zip(self.envs, actions, strict=True)):
            last = None
            if self.is_over[i] and self.mode != AutoresetMode.SAME_STEP:
                observation, info = env.reset()
                reward, over = 0.0, False
            else:
                observation, reward, over, _, info = env.step(int(action))
            if over and self.mode == AutoresetMode.SAME_STEP:
                last = observation, info
                observation, info = env.reset()
            self.is_over[i] = over
            rows.append((observation, reward, over, info, last))
        return rows


def assert_info(infos, i: int, info) -> None:
    """Everything but settlements, and the mask."""
    for key, value in info.items():
        if key != "settlements":
            assert infos[f"_{key}"][i]
            assert np.array_equal(infos[key][i], value), key
    for key in ("reward_millicents", "trace_sha256"):
        assert (key in info) == (f"_{key}" in infos and bool(infos[f"_{key}"][i]))
    assert infos["action_mask"][i].sum() == info["num_plans"]


def assert_observation(observations, i: int, observation) -> None:
    assert {key: value[i].tobytes() for key, value in observations.items()} == {
        key: value.tobytes() for key, value in observation.items()
    }


@both
@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("num_workers", [1, 2])
def test_each_step_is_that_of_single_environments(name, mode, num_workers):
    arguments = {"weights": (1.0, 2.0, 0.5), "pricing": "NONE"}
    env = make(name, autoreset_mode=mode, num_workers=num_workers, **arguments)
    alone, random = Alone(name, mode, **arguments), np.random.default_rng(0)
    observations, infos = env.reset(seed=4)
    for i, (observation, info) in enumerate(alone.reset(4)):
        assert_observation(observations, i, observation)
        assert_info(infos, i, info)
    num_ended = 0
    for _ in range(120):
        actions = actions_of(env, random)
        observations, rewards, terminations, truncations, infos = env.step(actions)
        assert not truncations.any()
        for i, (observation, reward, over, info, last) in enumerate(alone.step(actions)):
            assert_observation(observations, i, observation)
            assert np.array_equal(rewards[i], reward if np.ndim(reward) or name == "OrderRouting" else np.zeros(3))
            assert terminations[i] == over
            assert_info(infos, i, info)
            assert (last is not None) == bool("final_obs" in infos and infos["_final_obs"][i])
            if last is not None:
                assert {k: v.tobytes() for k, v in infos["final_obs"][i].items()} == {
                    k: v.tobytes() for k, v in last[0].items()
                }
                assert infos["_final_info"][i]
                assert_info(infos["final_info"], i, last[1])
            num_ended += over
    assert num_ended >= 2 * NUM_ENVS
    env.close()


@modes
def test_gymnasiums_own_vector_environment_gives_the_same(mode):
    """On a scenario in which late bookings differ in number from step to step."""
    arguments = {"scenario": "metro-small", "horizon_days": 1, "drain_days": 4}
    env = make(autoreset_mode=mode, num_envs=2, **arguments)
    sync = SyncVectorEnv([lambda: OrderRoutingEnv(**arguments)] * 2, autoreset_mode=mode)
    first, others = env.reset(seed=1)[0], sync.reset(seed=1)[0]
    assert all((first[key] == others[key]).all() for key in first)
    for _ in range(60):
        actions = env.action_masks().sum(axis=1) - 1
        mine, theirs = env.step(actions), sync.step(actions)
        assert all((mine[0][key] == theirs[0][key]).all() for key in mine[0])
        for one, other in zip(mine[1:4], theirs[1:4], strict=True):
            assert one.dtype == other.dtype
            assert (one == other).all()
        for key in ("num_plans", "decision_id", "num_mapped_actions", "reward_millicents"):
            assert (mine[4][key] == theirs[4][key]).all()
    env.close()


def test_spaces_and_metadata():
    env = make(num_envs=5)
    assert env.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    assert env.num_envs == 5
    assert env.spec.kwargs["vectorization_mode"] == "vector_entry_point"
    observations, infos = env.reset(seed=0)
    assert env.observation_space.contains(observations)
    assert env.single_observation_space.contains({key: value[0] for key, value in observations.items()})
    assert env.action_space.contains(env.action_space.sample())
    assert infos["action_mask"].shape == (5, MAX_PLANS)
    assert infos["action_mask"].dtype == bool
    assert (infos["action_mask"] == env.action_masks()).all()
    env.close()


def test_it_is_what_make_vec_makes_by_default():
    env = gymnasium.make_vec("envs:routelab/OrderRouting-v0", 2, **SHORT)
    assert isinstance(env, OrderRoutingVectorEnv)
    env.close()


def test_seeds_are_spread_and_kept():
    env = make()
    hashes = env.reset(seed=7)[1]["trace_sha256"].tolist()
    assert env.np_random_seed == (7, 8, 9)
    assert len(set(hashes)) == 3
    later = env.reset()[1]["trace_sha256"].tolist()
    assert not set(later) & set(hashes)
    assert env.reset(seed=[9, 8, None])[1]["trace_sha256"].tolist()[:2] == [hashes[2], hashes[1]]
    assert env.reset(seed=7)[1]["trace_sha256"].tolist() == hashes
    assert env.reset()[1]["trace_sha256"].tolist() == later
    env.close()


def test_traces_drawn_ahead_are_those_drawn_in_time():
    """Looking ahead does not change which traces come."""
    env, random = make(num_envs=1), np.random.default_rng(0)
    expected = OrderRoutingEnv(**SHORT)
    hashes = [env.reset(seed=3)[1]["trace_sha256"][0]]
    wanted = [expected.reset(seed=3)[1]["trace_sha256"]] + [expected.reset()[1]["trace_sha256"] for _ in range(4)]
    while len(hashes) < 5:
        infos = env.step(actions_of(env, random))[4]
        if "trace_sha256" in infos:
            hashes.append(infos["trace_sha256"][0])
    assert hashes == wanted
    env.close()


def test_a_given_trace_and_weights_for_all():
    trace = draw_trace(load_scenario("tiny"), 1_000_001)
    env = make()
    observations, infos = env.reset(options={"trace": trace, "weights": (1.0, 2.0, 3.0)})
    assert infos["trace_sha256"].tolist() == [trace.sha256] * 3
    assert observations["context"][:, -3:].tolist() == [[1.0, 2.0, 3.0]] * 3
    env.close()


def test_disabled_autoreset_resets_what_the_mask_says():
    env, random = make(autoreset_mode="Disabled"), np.random.default_rng(0)
    env.reset(seed=0)
    terminations = np.zeros(3, bool)
    while not terminations.any():
        observations, _, terminations, _, infos = env.step(actions_of(env, random))
    row = int(np.argmax(terminations))
    assert observations["plans"][row].sum() == 1.0
    assert infos["num_plans"][row] == 1
    with pytest.raises(InputError, match="under way"):
        env.step(np.zeros(3, int))
    kept = {key: value.copy() for key, value in observations.items()}
    observations, infos = env.reset(options={"reset_mask": terminations})
    assert infos["_trace_sha256"].tolist() == terminations.tolist()
    for other in np.flatnonzero(~terminations):
        assert observations["plans"][other].tobytes() == kept["plans"][other].tobytes()
    env.step(np.zeros(3, int))
    env.close()


def test_frames():
    env = make(num_envs=2, render_mode="rgb_array")
    env.reset(seed=0)
    one, other = env.render()
    assert one.shape == other.shape
    assert (one != other).any()
    env.close()
    plain = make()
    plain.reset(seed=0)
    assert plain.render() is None
    plain.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clock": "simpy"}, "vectorization_mode='sync'"),
        ({"pricing": "FREE"}, "pricing"),
        ({"weights": (1.0, -1.0, 1.0)}, "weights"),
        ({"render_mode": "human"}, "render_mode"),
        ({"num_workers": 0}, "num_workers"),
        ({"num_envs": 0}, "num_envs"),
        ({"scenario": "tinny"}, "tiny"),
    ],
)
def test_bad_arguments_are_refused_when_made(arguments, message):
    with pytest.raises(InputError, match=message):
        make(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": [1, 2]}, "seed"),
        ({"options": {"reset_mask": np.array([True, False])}}, "reset_mask"),
        ({"options": {"tracee": None}}, "tracee"),
        ({"options": {"trace": 3}}, "trace"),
    ],
)
def test_bad_arguments_of_reset(arguments, message):
    env = make()
    with pytest.raises(InputError, match=message):
        env.reset(**arguments)


def test_stepping_before_the_first_reset_is_refused():
    env = make()
    assert env.action_masks().sum() == 3
    with pytest.raises(InputError, match=r"reset\(\)"):
        env.step(np.zeros(3, int))


@pytest.mark.parametrize("actions", [[0], [0] * (NUM_ENVS + 1), 0, [[0] * NUM_ENVS]])
def test_actions_for_other_replications_than_there_are_are_refused(actions):
    """One action used to be taken for all of them."""
    env = make()
    env.reset(seed=1)
    with pytest.raises(InputError, match=r"actions.*one for each"):
        env.step(np.array(actions))
    env.close()
