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

from agents.learned.base import Base
from agents.learned.checkpoint import CURVE_COLUMNS, Diary, Progress, read_checkpoint, restore, write_checkpoint
from agents.learned.network import PlanScorer
from agents.learned.policy import PlanScoringPolicy
from agents.learned.search import SearchState, next_generation
from agents.learned.terms import TERMS_OF, PriceList
from agents.learned.training_config import TrainingConfig
from agents.learned.values import Trial, ValueState, next_round, with_prices
from agents.learned.vec_env import RoutingVecEnv
from envs.prices import Pricing
from scenarios.draw import draw_trace
from scenarios.scenario import Scenario
from scenarios.seeds import VALIDATION, require_training_seed

CHECKPOINT = "checkpoint.pt"
CURVE = "learning_curve.csv"
POLICY = "policy.zip"

__all__ = ["CHECKPOINT", "CURVE", "CURVE_COLUMNS", "POLICY", "TrainingConfig", "train"]
SEARCH, VALUES = "search.pkl", "values.pkl"
STAGES = "stages.json"
"""What each stage that was not left out costs on validation traces, and which one was kept."""


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
    base = Base.of(scenario, Pricing[config.pricing])
    course = _Course(scenario, config, directory, base, Diary(directory / CURVE, on_progress))
    values = _values(course)
    prices = _search(course, values)
    searched = with_prices(values.scorer, prices.price_list)
    model = _ppo(course, searched, values.num_steps + prices.num_steps)
    stages = {"base": PlanScorer(config.hidden, config.temperature)}
    stages |= {"values": values.scorer} if config.value_rounds else {}
    stages |= {"search": searched} if config.search_generations else {}
    stages |= {"ppo": scorer_of(model)} if config.total_steps else {}
    _keep_best(course, model, stages)
    policy = directory / POLICY
    scratch = policy.with_suffix(".partial.zip")
    model.save(scratch)
    os.replace(scratch, policy)
    return policy


@dataclass(frozen=True)
class _Course:
    """What all stages of one training share."""

    scenario: Scenario
    config: TrainingConfig
    directory: Path
    base: Base
    diary: Diary

    @property
    def key(self) -> str:
        """What a checkpoint belongs to."""
        return json.dumps({"scenario": self.scenario.id, **asdict(self.config)}, sort_keys=True)

    def resume(self, name: str) -> dict[str, Any] | None:
        """What a stage has written in an earlier sitting."""
        path = self.directory / name
        if not path.exists():
            return None
        content = read_checkpoint(path, self.key)
        self.diary.resume(content["rows"])
        return content

    def write(self, name: str, **content: Any) -> None:
        """Keeps what resuming needs, then shows the last row of the curve."""
        write_checkpoint(self.directory / name, {"key": self.key, "rows": self.diary.rows, **content})
        self.diary.show()


def _values(course: _Course) -> ValueState:
    """The first stage, or what it learned in an earlier sitting."""
    config, content = course.config, course.resume(VALUES)
    if content:
        state: ValueState = content["state"]
    else:
        torch.manual_seed(config.seed)
        scorer = PlanScorer(config.hidden, config.temperature)
        require_training_seed(config.seed)
        world = course.base.world(draw_trace(course.scenario, config.seed), (1.0, 1.0, 1.0))
        state = ValueState(0, PriceList.of(TERMS_OF[config.is_conditioned], world, config.seed), scorer)
    while state.round < config.value_rounds:
        state = next_round(course.scenario, course.base, state, config)
        course.diary.add("values", state.num_steps, state.cost_per_order, state.base_cost_per_order)
        course.write(VALUES, state=state)
    return state


def _search(course: _Course, values: ValueState) -> SearchState:
    """The second stage, or what it found in an earlier sitting."""
    config, content = course.config, course.resume(SEARCH)
    state = content["state"] if content else SearchState.start(values.price_list, values.scorer.arrays())
    while state.generation < config.search_generations:
        state = next_generation(course.scenario, course.base, state, config)
        num_steps = values.num_steps + state.num_steps
        course.diary.add("search", num_steps, state.cost_per_order, state.base_cost_per_order)
        course.write(SEARCH, state=state)
    return state


def _ppo(course: _Course, searched: PlanScorer, steps_before: int) -> MaskablePPO:
    """The third stage, from what was found or from a checkpoint."""
    content = course.resume(CHECKPOINT)
    if content:
        model = restore(content)
    else:
        model = _new(course)
        scorer_of(model).load_state_dict(searched.state_dict())
    recorder = _Recorder(course, steps_before)
    remaining = course.config.total_steps - model.num_timesteps
    if remaining > 0:
        model.learn(remaining, callback=recorder, reset_num_timesteps=False)
        recorder.record()
    return model


def scorer_of(model: MaskablePPO) -> PlanScorer:
    """The plan scorer inside a model."""
    return cast(PlanScorer, cast(Any, model.policy).mlp_extractor.scorer)


def _keep_best(course: _Course, model: MaskablePPO, stages: dict[str, PlanScorer]) -> None:
    """Goes back to the stage that is best on validation traces, and writes down what each one costs there."""
    seeds = VALIDATION[: course.config.validation_traces]
    if not seeds:
        return
    trial = Trial.of(course.scenario, course.base, course.config.preferences, seeds)
    costs = {name: trial.costs(scorer.arrays()) for name, scorer in stages.items()}
    best = min(stages, key=lambda name: trial.share(costs[name]))
    found = {"kept": best, "cost_per_order": {name: float(values.mean()) for name, values in costs.items()}}
    (course.directory / STAGES).write_text(json.dumps(found, indent=2) + "\n")
    scorer_of(model).load_state_dict(stages[best].state_dict())


@dataclass(frozen=True)
class FallingRate:
    """A learning rate that falls linearly to zero over the training."""

    start: float

    def __call__(self, progress_remaining: float) -> float:
        return self.start * progress_remaining


def _new(course: _Course) -> MaskablePPO:
    config = course.config
    random.seed(config.seed)
    env = RoutingVecEnv(
        course.scenario,
        config.num_envs,
        config.group_size,
        config.seed,
        config.preferences,
        course.base,
        config.num_workers,
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

    def __init__(self, course: _Course, steps_before: int) -> None:
        super().__init__()
        self.course, self.steps_before = course, steps_before
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
        self.course.diary.add("ppo", self.steps_before + self.model.num_timesteps, float(cost), float(base_cost))
        buffer = io.BytesIO()
        self.model.save(buffer)
        self.course.write(
            CHECKPOINT,
            model=buffer.getvalue(),
            env=pickle.dumps(self.model.get_env()),
            torch_state=torch.get_rng_state(),
            numpy_state=np.random.get_state(),  # noqa: NPY002 - SB3 shuffles minibatches with it
            python_state=random.getstate(),
        )
