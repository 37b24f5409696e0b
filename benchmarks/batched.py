"""What is timed beyond single decisions: routers inside the loop, batches, two workers, and training on batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import VecEnv

from agents import load_agent
from agents.heuristics import RuleAgent
from agents.learned.policy import PlanScoringPolicy
from agents.learned.vec_env import RoutingVecEnv
from benchmarks.speeds import SEED, Speed, rate
from envs.batch import Batch
from envs.many import simulate_many
from envs.plan_table import MAX_PLANS, Rule
from envs.prices import Pricing
from envs.protocol import Agent
from envs.routing_env import observation_space
from envs.simulation import simulate
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.trace import Trace

NUM_ROWS = (16, 64)
"""Replications side by side where the batch itself is timed; the more, the less of them fits into the caches."""

NUM_ROUNDS = 400
"""Steps of such a batch."""

NUM_STEPS = 64
TRAINING = {"n_steps": NUM_STEPS, "batch_size": 4096, "n_epochs": 4, "seed": 0, "device": "cpu"}
NUM_ENVS, GROUP_SIZE, HIDDEN = 256, 16, 32


def measure_batched(repeats: int = 3) -> list[Speed]:
    """Times routers inside the loop, batches, two workers and training.

    Decisions a second are of CPU time on one core. Two workers are compared with one, and training with two workers
    with that on environments that cost nothing, by wall time and turn by turn: this needs two cores that do nothing
    else.

    Args:
        repeats: the best of so many counts.
    """
    trace = draw_trace(load_scenario("metro-disrupted"), SEED)
    lines = len(trace.future.lines) / trace.num_orders
    own, full = load_agent("myopic"), RuleAgent("myopic", Rule.SCORE, needs_features=True)
    simulate(trace, own)
    speeds = []
    for agent, level, what, target in (
        (own, "none", "own best plan", None),
        (own, "events", "own best plan, event log", None),
        (full, "none", "plans, features", None),
        (full, "events", "plans, features, event log", 100_000.0),
    ):
        name = f"inside the loop, {lines:.1f} lines: {what}"
        speeds.append(Speed(name, rate(_episode(trace, agent, level), repeats), "decisions/s", target))
    for size in NUM_ROWS:
        batched = rate(_rounds(trace, 1, size), repeats)
        speeds.append(Speed(f"batch of {size}: plans, features, masks in Python", batched, "decisions/s", 80_000.0))
    inside = _gain(lambda workers: _many(trace, own, workers), repeats)
    speeds.append(Speed("two workers against one, inside the loop", inside, "%", 180.0))
    beside = _gain(lambda workers: _rounds(trace, workers, NUM_ROWS[-1]), repeats)
    speeds.append(Speed("two workers against one, batch", beside, "%", 180.0))
    speeds += _training(repeats)
    return speeds


def _episode(trace: Trace, agent: Agent, level: str) -> Callable[[], int]:
    return lambda: int(simulate(trace, agent, level=level).metrics["num_decisions"])


def _many(trace: Trace, agent: Agent, num_workers: int) -> Callable[[], int]:
    """The same trace in eight replications."""

    def work() -> int:
        done = simulate_many([trace] * 8, agent, num_workers=num_workers)
        return sum(int(one.metrics["num_decisions"]) for one in done)

    return work


def _rounds(trace: Trace, num_workers: int, num_rows: int) -> Callable[[], int]:
    """A batch that Python sees after every step; each count goes on where the last one ended, or begins anew."""
    batch: Batch | None = None

    def work() -> int:
        nonlocal batch
        if batch is None or not batch.is_due().all():
            worlds = [World(trace, "none", pricing=Pricing.CLOSED_FORM) for _ in range(num_rows)]
            batch = Batch(worlds, num_workers)
        count = 0
        for _ in range(NUM_ROUNDS):
            snapshot = batch.snapshot()
            masks = snapshot.masks()
            assert masks[0, 0] == snapshot.features[0, 0, 0] == 1
            count += int(snapshot.is_due.sum())
            batch.step(np.zeros(num_rows, np.int64))
        return count

    return work


def _gain(work: Callable[[int], Callable[[], int]], repeats: int) -> float:
    """Speed with two workers, per cent of that with one, by the best of three times as many turns."""
    works = [work(1), work(2)]
    best = [0.0, 0.0]
    for one in works:
        one()
    for _ in range(3 * repeats):
        for i, one in enumerate(works):
            begin = time.perf_counter()
            done = one()
            best[i] = max(best[i], done / (time.perf_counter() - begin))
    return 100.0 * best[1] / best[0]


class IdleVecEnv(VecEnv):
    """Costs nothing: the observations, masks and rewards of one moment, for ever.

    Args:
        env: what it looks like; has been reset.
    """

    render_mode: str | None = None

    def __init__(self, env: RoutingVecEnv) -> None:
        super().__init__(env.num_envs, observation_space(), spaces.Discrete(MAX_PLANS))
        self._observations = env.reset()
        self._masks = list(env.action_masks())
        self._rewards = np.random.default_rng(0).normal(size=env.num_envs).astype(np.float32)
        self._dones = np.zeros(env.num_envs, bool)

    def reset(self) -> Any:
        """The moment."""
        return self._observations

    def step_async(self, actions: np.ndarray) -> None:
        """Nothing is done."""

    def step_wait(self) -> Any:
        """The moment again."""
        return self._observations, self._rewards, self._dones, [{} for _ in range(self.num_envs)]

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Masks."""
        return self._masks

    def action_masks(self) -> list[np.ndarray]:
        """Masks."""
        return self._masks

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same for all."""
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Not offered."""
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Never."""
        return [False] * self.num_envs

    def seed(self, seed: int | None = None) -> Sequence[None]:
        """Nothing is drawn."""
        return [None] * self.num_envs

    def close(self) -> None:
        """Nothing to close."""


def _training(repeats: int) -> list[Speed]:
    """MaskablePPO's steps a second with the routing environments, and against those that cost nothing."""
    scenario = load_scenario("metro-small")
    idle = IdleVecEnv(RoutingVecEnv(scenario, NUM_ENVS, GROUP_SIZE))
    models = [_learner(RoutingVecEnv(scenario, NUM_ENVS, GROUP_SIZE, num_workers=2)), _learner(idle)]
    torch.set_num_threads(1)
    rollout, best = NUM_ENVS * NUM_STEPS, [0.0, 0.0]
    for model in models:
        model.learn(rollout)
    for _ in range(2 * repeats):
        for i, model in enumerate(models):
            begin = time.perf_counter()
            model.learn(rollout, reset_num_timesteps=False)
            best[i] = max(best[i], rollout / (time.perf_counter() - begin))
    return [
        Speed("MaskablePPO training, its environments on 2 threads", best[0], "steps/s"),
        Speed("MaskablePPO, environments that cost nothing", best[1], "steps/s"),
        Speed("training against environments that cost nothing", 100.0 * best[0] / best[1], "%", 85.0),
    ]


def _learner(env: VecEnv) -> MaskablePPO:
    policy = {"scorer": {"hidden": HIDDEN}}
    return MaskablePPO(PlanScoringPolicy, env, policy_kwargs=policy, **TRAINING)  # type: ignore[arg-type]
