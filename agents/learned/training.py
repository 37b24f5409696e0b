"""Training a routing policy: learning from what plans led to, a direct search for prices, then MaskablePPO.

Progress is shown, checkpoints are written between generations, rounds and rollouts, and a stopped run resumes. What is
kept in the end is the best of the stages on validation traces.

Source: Huang and Ontañón 2022, "A closer look at invalid action masking"; Schulman et al. 2017 (PPO); the baseline that
depends on the trace follows Mao et al. 2019, "Variance reduction for reinforcement learning in input-driven
environments".
"""

from __future__ import annotations

import io
import json
import os
import pickle
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback

from agents.learned.checkpoint import CURVE_COLUMNS, Diary, Progress, read_checkpoint, restore, write_checkpoint
from agents.learned.network import PlanScorer
from agents.learned.policy import PlanScoringPolicy
from agents.learned.search import SearchState, next_generation
from agents.learned.terms import TERMS_OF, PriceList
from agents.learned.training_config import TrainingConfig
from agents.learned.values import ValueState, costs_of, next_round, with_prices
from agents.learned.vec_env import RoutingVecEnv
from envs.prices import Pricing
from envs.scorer import linear
from scenarios.draw import draw_trace
from scenarios.scenario import Scenario
from scenarios.seeds import VALIDATION, require_training_seed

CHECKPOINT = "checkpoint.pt"
CURVE = "learning_curve.csv"
POLICY = "policy.zip"

__all__ = ["CHECKPOINT", "CURVE", "CURVE_COLUMNS", "POLICY", "TrainingConfig", "train"]
SEARCH, VALUES = "search.pkl", "values.pkl"
STAGES = "stages.json"
"""What each stage costs on validation traces, and which one was kept."""


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
    values = _values(scenario, config, directory / VALUES, key, diary)
    prices = _search(scenario, config, directory / SEARCH, key, values, diary)
    searched = with_prices(values.scorer, prices.price_list)
    model = _ppo(scenario, config, directory / CHECKPOINT, key, searched, values.num_steps + prices.num_steps, diary)
    stages = {"values": values.scorer, "search": searched, "ppo": scorer_of(model)}
    _keep_best(scenario, config, model, stages, directory / STAGES)
    policy = directory / POLICY
    scratch = policy.with_suffix(".partial.zip")
    model.save(scratch)
    os.replace(scratch, policy)
    return policy


def _values(scenario: Scenario, config: TrainingConfig, path: Path, key: str, diary: Diary) -> ValueState:
    """The first stage, or what it learned in an earlier sitting."""
    if path.exists():
        content = read_checkpoint(path, key)
        state: ValueState = content["state"]
        diary.resume(content["rows"])
    else:
        torch.manual_seed(config.seed)
        scorer, terms = PlanScorer(config.hidden, config.temperature), TERMS_OF[config.is_conditioned]
        require_training_seed(config.seed)
        price_list = PriceList.of(terms, draw_trace(scenario, config.seed), Pricing[config.pricing], config.seed)
        state = ValueState(0, price_list, scorer)
    while state.round < config.value_rounds:
        state = next_round(scenario, state, config)
        diary.add("values", state.num_steps, state.cost_per_order, state.base_cost_per_order)
        write_checkpoint(path, {"key": key, "state": state, "rows": diary.rows})
        diary.show()
    return state


def _search(
    scenario: Scenario, config: TrainingConfig, path: Path, key: str, values: ValueState, diary: Diary
) -> SearchState:
    """The second stage, or what it found in an earlier sitting."""
    state = SearchState.start(values.price_list, values.scorer.arrays())
    if path.exists():
        content = read_checkpoint(path, key)
        state = content["state"]
        diary.resume(content["rows"])
    while state.generation < config.search_generations:
        state = next_generation(
            scenario,
            state,
            seed=config.seed,
            num_candidates=config.search_candidates,
            num_traces=config.search_traces,
            preferences=config.preferences,
            pricing=Pricing[config.pricing],
            num_threads=config.search_threads,
        )
        diary.add("search", values.num_steps + state.num_steps, state.cost_per_order, state.base_cost_per_order)
        write_checkpoint(path, {"key": key, "state": state, "rows": diary.rows})
        diary.show()
    return state


def _ppo(
    scenario: Scenario,
    config: TrainingConfig,
    path: Path,
    key: str,
    searched: PlanScorer,
    steps_before: int,
    diary: Diary,
) -> MaskablePPO:
    """The third stage, from what was found or from a checkpoint."""
    if path.exists():
        content = read_checkpoint(path, key)
        diary.resume(content["rows"])
        model = restore(content)
    else:
        model = _new(scenario, config)
        scorer_of(model).load_state_dict(searched.state_dict())
    recorder = _Recorder(path, key, diary, steps_before)
    remaining = config.total_steps - model.num_timesteps
    if remaining > 0:
        model.learn(remaining, callback=recorder, reset_num_timesteps=False)
        recorder.record()
    return model


def scorer_of(model: MaskablePPO) -> PlanScorer:
    """The plan scorer inside a model."""
    return cast(PlanScorer, cast(Any, model.policy).mlp_extractor.scorer)


def _keep_best(
    scenario: Scenario, config: TrainingConfig, model: MaskablePPO, stages: dict[str, PlanScorer], path: Path
) -> None:
    """Goes back to the stage that is best on validation traces, and writes down what each one costs there."""
    traces = {seed: draw_trace(scenario, seed) for seed in VALIDATION[: config.validation_traces]}
    if not traces:
        return
    preferences, pricing = config.preferences, Pricing[config.pricing]
    scorers = {"base": linear(), **{name: scorer.arrays() for name, scorer in stages.items()}}
    costs = {name: costs_of(scorer, traces, preferences, pricing) for name, scorer in scorers.items()}
    best = min(stages, key=lambda name: float((costs[name] / costs["base"]).mean()))
    found = {"kept": best, "cost_per_order": {name: float(values.mean()) for name, values in costs.items()}}
    path.write_text(json.dumps(found, indent=2) + "\n")
    scorer_of(model).load_state_dict(stages[best].state_dict())


@dataclass(frozen=True)
class FallingRate:
    """A learning rate that falls linearly to zero over the training."""

    start: float

    def __call__(self, progress_remaining: float) -> float:
        return self.start * progress_remaining


def _new(scenario: Scenario, config: TrainingConfig) -> MaskablePPO:
    random.seed(config.seed)
    pricing, group_size = Pricing[config.pricing], config.group_size
    preferences = config.preferences
    env = RoutingVecEnv(scenario, config.num_envs, group_size, config.seed, preferences, pricing, config.num_workers)
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
        write_checkpoint(self.path, content)
        self.diary.show()
