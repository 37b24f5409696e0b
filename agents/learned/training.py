"""Training a routing policy with MaskablePPO: progress, checkpoints at rollout boundaries, resuming.

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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback

from agents.learned.policy import PlanScoringPolicy
from agents.learned.vec_env import RoutingVecEnv
from envs.prices import Pricing
from scenarios.errors import InputError
from scenarios.scenario import Scenario

CHECKPOINT = "checkpoint.pt"
CURVE = "learning_curve.csv"
POLICY = "policy.zip"
CURVE_COLUMNS = ("steps", "seconds", "episodes", "cost_per_order", "temperature")

Progress = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; one step is one decision of one replication.

    Attributes:
        total_steps: decisions, all replications together, rounded up to whole rollouts.
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
        learning_rate: of Adam at the start; falls linearly to zero.
    """

    total_steps: int = 500_000
    num_envs: int = 16
    group_size: int = 16
    num_steps: int = 512
    batch_size: int = 1024
    num_epochs: int = 4
    learning_rate: float = 3e-3
    gamma: float = 0.997
    gae_lambda: float = 0.97
    clip_range: float = 0.2
    hidden: int = 32
    temperature: float = 0.5
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    pricing: str = "CLOSED_FORM"
    seed: int = 0
    num_threads: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple(float(weight) for weight in self.weights))
        for name in ("total_steps", "num_envs", "group_size", "num_steps", "batch_size", "num_epochs", "hidden"):
            _check(name, getattr(self, name), isinstance(getattr(self, name), int) and getattr(self, name) >= 1)
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


def train(
    scenario: Scenario, config: TrainingConfig, directory: Path, on_progress: Progress | None = None
) -> Path:
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
    checkpoint = directory / CHECKPOINT
    if checkpoint.exists():
        model, rows = _load(checkpoint, key)
    else:
        model, rows = _new(scenario, config), []
    recorder = _Recorder(checkpoint, key, rows, on_progress)
    remaining = config.total_steps - model.num_timesteps
    if remaining > 0:
        model.learn(remaining, callback=recorder, reset_num_timesteps=False)
        recorder.record()
    policy = directory / POLICY
    scratch = policy.with_suffix(".partial.zip")
    model.save(scratch)
    os.replace(scratch, policy)
    return policy


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

    def __init__(self, checkpoint: Path, key: str, rows: list[dict[str, float]], on_progress: Progress | None) -> None:
        super().__init__()
        self.checkpoint, self.key, self.rows, self.on_progress = checkpoint, key, rows, on_progress
        self._costs: list[float] = []
        self._began = time.monotonic() - (rows[-1]["seconds"] if rows else 0.0)
        self._has_rollout = False

    def _on_step(self) -> bool:
        self._costs += [info["episode_cost"] for info in self.locals["infos"] if "episode_cost" in info]
        return True

    def _on_rollout_start(self) -> None:
        if self._has_rollout:
            self.record()
        self._has_rollout = True

    def record(self) -> None:
        """Adds a row for the last rollout and saves everything that resuming needs."""
        scorer = self.model.policy.mlp_extractor.scorer  # type: ignore[union-attr]
        row = {
            "steps": float(self.model.num_timesteps),
            "seconds": round(time.monotonic() - self._began, 3),
            "episodes": float(self.training_env.episode),  # type: ignore[attr-defined]
            "cost_per_order": float(np.mean(self._costs)) if self._costs else float("nan"),
            "temperature": float(scorer.log_temperature.detach().exp()),
        }
        self._costs = []
        self.rows.append(row)
        _save(self.checkpoint, self.key, self.model, self.rows)  # type: ignore[arg-type]
        with open(self.checkpoint.with_name(CURVE), "w", newline="") as file:
            writer = csv.DictWriter(file, CURVE_COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)
        if self.on_progress is not None:
            self.on_progress(row)


def _save(path: Path, key: str, model: MaskablePPO, rows: list[dict[str, float]]) -> None:
    buffer = io.BytesIO()
    model.save(buffer)
    content: dict[str, Any] = {
        "key": key,
        "rows": rows,
        "model": buffer.getvalue(),
        "env": pickle.dumps(model.get_env()),
        "torch_state": torch.get_rng_state(),
        "numpy_state": np.random.get_state(),  # noqa: NPY002 - SB3 shuffles minibatches with it
        "python_state": random.getstate(),
    }
    scratch = path.with_suffix(".partial")
    with open(scratch, "wb") as file:
        pickle.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)


def _load(path: Path, key: str) -> tuple[MaskablePPO, list[dict[str, float]]]:
    try:
        content = pickle.loads(path.read_bytes())
        saved_key = content["key"]
    except Exception as error:  # a damaged pickle fails in many ways
        raise InputError(
            "checkpoint", str(path), f"a complete checkpoint ({type(error).__name__})", "remove it and train again"
        ) from error
    if saved_key != key:
        raise InputError(
            "checkpoint", saved_key, key, "use another directory, or the settings that the checkpoint was made with"
        )
    model = MaskablePPO.load(
        io.BytesIO(content["model"]), env=pickle.loads(content["env"]), device="cpu", force_reset=False
    )
    torch.set_rng_state(content["torch_state"])
    np.random.set_state(content["numpy_state"])  # noqa: NPY002
    random.setstate(content["python_state"])
    return model, content["rows"]
