"""Training a routing policy: a direct search for the prices of its linear part, then MaskablePPO.

Progress is shown, checkpoints are written at rollout boundaries, and a stopped run resumes. What is kept in the end
is the better of the two stages on validation traces.

Source: Huang and Ontañón 2022, "A closer look at invalid action masking"; Schulman et al. 2017 (PPO); the
per-trace, same-order baseline follows Mao et al. 2019, "Variance reduction for reinforcement learning in input-driven
environments".
"""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback

from agents.learned.network import PlanScorer
from agents.learned.policy import PlanScoringPolicy
from agents.learned.search import SearchState, next_generation
from agents.learned.torch_agent import TorchAgent
from agents.learned.vec_env import RoutingVecEnv
from envs.prices import Pricing
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.scenario import Scenario
from scenarios.seeds import VALIDATION

CHECKPOINT = "checkpoint.pt"
CURVE = "learning_curve.csv"
POLICY = "policy.zip"
SEARCH = "search.pkl"
CURVE_COLUMNS = ("stage", "steps", "seconds", "cost_per_order", "base_cost_per_order")

Row = dict[str, float | str]

Progress = Callable[[Row], None]


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; one step is one decision of one replication.

    Attributes:
        search_generations: of ``agents.learned.search``; 0 leaves the search out.
        search_candidates: candidates of a generation, an odd number.
        search_traces: training traces that each candidate plays.
        total_steps: decisions that PPO learns from, all replications together, rounded up to whole rollouts.
        num_envs: replications stepped together.
        group_size: replications that play the same trace (the variance-reducing baseline); divides ``num_envs``.
        num_steps: decisions of each replication per rollout.
        batch_size: of a minibatch; divides num_envs * num_steps.
        num_epochs: passes over a rollout.
        gamma: discount used to learn; the environment's own discount is 1.
        gae_lambda: of the advantage estimate.
        hidden: width of the plan scorer.
        temperature: of the base router at the start, in currency units.
        weights: preferences over cost, lateness and carbon.
        pricing: base router: ``CLOSED_FORM`` (primal-dual) or ``NONE`` (myopic).
        seed: of network, sampling and training traces.
        num_threads: of torch.
        validation_traces: on which the two stages are compared; 0 keeps the last.
        search_threads: traces played at once by the search; the result does not depend on it.
        learning_rate: of Adam at the start; falls linearly to zero.
    """

    search_generations: int = 8
    search_candidates: int = 41
    search_traces: int = 3
    total_steps: int = 250_000
    num_envs: int = 16
    group_size: int = 16
    num_steps: int = 512
    batch_size: int = 1024
    num_epochs: int = 4
    learning_rate: float = 1e-3
    gamma: float = 0.997
    gae_lambda: float = 0.97
    clip_range: float = 0.2
    hidden: int = 32
    temperature: float = 0.2
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    pricing: str = "CLOSED_FORM"
    seed: int = 0
    num_threads: int = 1
    search_threads: int = 2
    validation_traces: int = 8

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple(float(weight) for weight in self.weights))
        for name in ("total_steps", "num_envs", "group_size", "num_steps", "batch_size", "num_epochs", "hidden"):
            _check(name, getattr(self, name), isinstance(getattr(self, name), int) and getattr(self, name) >= 1)
        _check("search_generations", self.search_generations, self.search_generations >= 0, "0 or more")
        odd = self.search_candidates >= 5 and self.search_candidates % 2 == 1
        _check("search_candidates", self.search_candidates, odd, "an odd number from 5")
        _check("search_traces", self.search_traces, self.search_traces >= 1)
        _check("validation_traces", self.validation_traces, self.validation_traces >= 0, "0 or more")
        _check("search_threads", self.search_threads, self.search_threads >= 1)
        _check("num_threads", self.num_threads, isinstance(self.num_threads, int) and self.num_threads >= 1)
        _check("seed", self.seed, isinstance(self.seed, int) and 0 <= self.seed < 10_000, "a whole number below 10000")
        for name in ("learning_rate", "clip_range", "temperature"):
            _check(name, getattr(self, name), 0 < getattr(self, name) < float("inf"), "a positive number")
        for name in ("gamma", "gae_lambda"):
            _check(name, getattr(self, name), 0 < getattr(self, name) <= 1, "a number in (0, 1]")
        _check("pricing", self.pricing, self.pricing in Pricing.__members__, "one of " + ", ".join(Pricing.__members__))
        rollout = self.num_envs * self.num_steps
        _check("batch_size", self.batch_size, rollout % self.batch_size == 0, f"a divisor of {rollout}")


def _check(name: str, value: object, is_right: bool, expected: str = "a positive whole number") -> None:
    if not is_right:
        raise InputError(f"train.{name}", value, expected, "change this setting")


def train(scenario: Scenario, config: TrainingConfig, directory: Path, on_progress: Progress | None = None) -> Path:
    """Trains a policy, or continues where a checkpoint in ``directory`` stands.

    A run that is stopped and resumed takes the same course as one that is not.

    Args:
        scenario: what to train on; only training traces are drawn.
        config: how; a checkpoint made with another one is refused.
        directory: for checkpoint, learning curve and policy.
        on_progress: called after every rollout with a row of the learning curve.

    Returns:
        Path of the policy, ``directory / "policy.zip"``.

    Raises:
        InputError: the checkpoint belongs to another scenario or configuration.
    """
    directory.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.num_threads)
    key = json.dumps({"scenario": scenario.id, **asdict(config)}, sort_keys=True)
    diary = Diary(directory / CURVE, on_progress)
    prices = _search(scenario, config, directory / SEARCH, key, diary)
    model = _ppo(scenario, config, directory / CHECKPOINT, key, prices, diary)
    _keep_better(scenario, config, model, prices)
    policy = directory / POLICY
    scratch = policy.with_suffix(".partial.zip")
    model.save(scratch)
    os.replace(scratch, policy)
    return policy


@dataclass
class Diary:
    """The learning curve: rows so far, written as CSV after each."""

    path: Path
    on_progress: Progress | None
    rows: list[Row] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def resume(self, rows: list[Row]) -> None:
        """Continues after rows of an earlier sitting."""
        self.rows = list(rows)
        if rows:
            self.began = time.monotonic() - float(rows[-1]["seconds"])

    def add(self, stage: str, steps: int, cost: float, base_cost: float) -> None:
        """Adds a row and shows it."""
        seconds = round(time.monotonic() - self.began, 3)
        row: Row = dict(zip(CURVE_COLUMNS, (stage, float(steps), seconds, cost, base_cost), strict=True))
        self.rows.append(row)
        with open(self.path, "w", newline="") as file:
            writer = csv.DictWriter(file, CURVE_COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)

    def show(self) -> None:
        """Tells the last row; called once it cannot be lost."""
        if self.on_progress is not None:
            self.on_progress(self.rows[-1])


def _search(scenario: Scenario, config: TrainingConfig, path: Path, key: str, diary: Diary) -> SearchState:
    """The first stage, or what it found in an earlier sitting."""
    state = SearchState.start()
    if path.exists():
        content = _read(path, key)
        state = content["state"]
        diary.resume(content["rows"])
    while state.generation < config.search_generations:
        state = next_generation(
            scenario,
            state,
            seed=config.seed,
            num_candidates=config.search_candidates,
            num_traces=config.search_traces,
            weights=config.weights,
            pricing=Pricing[config.pricing],
            num_threads=config.search_threads,
        )
        diary.add("search", state.num_steps, state.cost_per_order, state.base_cost_per_order)
        _write(path, {"key": key, "state": state, "rows": diary.rows})
        diary.show()
    return state


def _ppo(
    scenario: Scenario, config: TrainingConfig, path: Path, key: str, prices: SearchState, diary: Diary
) -> MaskablePPO:
    """The second stage, from the prices found or from a checkpoint."""
    if path.exists():
        content = _read(path, key)
        diary.resume(content["rows"])
        model = _restore(content)
    else:
        model = _new(scenario, config)
        set_prices(scorer_of(model), prices)
    recorder = _Recorder(path, key, diary, prices.num_steps)
    remaining = config.total_steps - model.num_timesteps
    if remaining > 0:
        model.learn(remaining, callback=recorder, reset_num_timesteps=False)
        recorder.record()
    return model


def scorer_of(model: MaskablePPO) -> PlanScorer:
    """The plan scorer inside a model."""
    return cast(PlanScorer, cast(Any, model.policy).mlp_extractor.scorer)


def set_prices(scorer: PlanScorer, prices: SearchState) -> None:
    """Writes searched prices into the linear part."""
    with torch.no_grad():
        scorer.plan_linear.weight.copy_(torch.from_numpy(prices.weights())[None])


def _keep_better(scenario: Scenario, config: TrainingConfig, model: MaskablePPO, prices: SearchState) -> None:
    """Goes back to the searched prices alone if gradients made it worse on validation traces."""
    if config.search_generations == 0 or config.validation_traces == 0:
        return
    searched = PlanScorer(config.hidden, config.temperature)
    set_prices(searched, prices)
    traces = [draw_trace(scenario, VALIDATION.start + i) for i in range(config.validation_traces)]

    def cost(scorer: PlanScorer) -> float:
        agent = TorchAgent(scorer, Pricing[config.pricing])
        worlds = [simulate(trace, agent, level="none", weights=config.weights).world for trace in traces]
        return sum(world.weighted_cost(config.weights) / world.trace.num_orders for world in worlds)

    if cost(searched) < cost(scorer_of(model)):
        scorer_of(model).load_state_dict(searched.state_dict())


@dataclass(frozen=True)
class FallingRate:
    """A learning rate that falls linearly to zero over the training."""

    start: float

    def __call__(self, progress_remaining: float) -> float:
        return self.start * progress_remaining


def _new(scenario: Scenario, config: TrainingConfig) -> MaskablePPO:
    random.seed(config.seed)
    env = RoutingVecEnv(
        scenario, config.num_envs, config.group_size, config.seed, config.weights, Pricing[config.pricing]
    )
    return MaskablePPO(
        PlanScoringPolicy,
        env,
        n_steps=config.num_steps,
        batch_size=config.batch_size,
        n_epochs=config.num_epochs,
        learning_rate=FallingRate(config.learning_rate),
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_range,
        vf_coef=0.1,
        seed=config.seed,
        device="cpu",
        policy_kwargs={"scorer": {"hidden": config.hidden, "temperature": config.temperature}},
    )


class _Recorder(BaseCallback):
    """Writes the learning curve and a checkpoint whenever a rollout has been learned from."""

    def __init__(self, path: Path, key: str, diary: Diary, steps_before: int) -> None:
        super().__init__()
        self.path, self.key, self.diary, self.steps_before = path, key, diary, steps_before
        self._costs: list[tuple[float, float]] = []
        self._has_rollout = False

    def _on_step(self) -> bool:
        infos = self.locals["infos"]
        self._costs += [(info["episode_cost"], info["base_cost"]) for info in infos if "episode_cost" in info]
        return True

    def _on_rollout_start(self) -> None:
        if self._has_rollout:
            self.record()
        self._has_rollout = True

    def record(self) -> None:
        """Adds a row for the last rollout and saves everything that resuming needs."""
        cost, base_cost = np.mean(self._costs, axis=0) if self._costs else (float("nan"), float("nan"))
        self._costs = []
        self.diary.add("ppo", self.steps_before + self.model.num_timesteps, float(cost), float(base_cost))
        buffer = io.BytesIO()
        self.model.save(buffer)
        content = {
            "key": self.key,
            "rows": self.diary.rows,
            "model": buffer.getvalue(),
            "env": pickle.dumps(self.model.get_env()),
            "torch_state": torch.get_rng_state(),
            "numpy_state": np.random.get_state(),  # noqa: NPY002 - SB3 shuffles minibatches with it
            "python_state": random.getstate(),
        }
        _write(self.path, content)
        self.diary.show()


def _write(path: Path, content: dict[str, Any]) -> None:
    """At once or not at all."""
    scratch = path.with_suffix(".partial")
    with open(scratch, "wb") as file:
        pickle.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)


def _read(path: Path, key: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = pickle.loads(path.read_bytes())
        saved_key = content["key"]
    except Exception as error:  # a damaged pickle fails in many ways
        raise InputError(
            "checkpoint", str(path), f"a complete checkpoint ({type(error).__name__})", "remove it and train again"
        ) from error
    if saved_key != key:
        raise InputError(
            "checkpoint", saved_key, key, "use another directory, or the settings that the checkpoint was made with"
        )
    return content


def _restore(content: dict[str, Any]) -> MaskablePPO:
    model = MaskablePPO.load(
        io.BytesIO(content["model"]), env=pickle.loads(content["env"]), device="cpu", force_reset=False
    )
    torch.set_rng_state(content["torch_state"])
    np.random.set_state(content["numpy_state"])  # noqa: NPY002
    random.setstate(content["python_state"])
    return model
