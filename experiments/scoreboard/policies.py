"""Learned policies of the board: how they are trained and how they play. The one place that knows the learner."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from envs.prices import Pricing
from envs.protocol import Agent
from experiments.record import read_json, write_json
from experiments.settings import replaced
from scenarios.scenario import Scenario

if TYPE_CHECKING:
    from agents.learned.training_config import TrainingConfig

LEARNER, PLAYER = "agents.learned.training", "agents.learned.torch_agent"
"""Modules that decide what is learned, and what a learned policy chooses. Imported when used: torch is heavy."""

PLAYERS = (PLAYER, "agents.learned.policy")
"""Whose code decides what a policy's file plays: the router, and what its weights are unpacked into."""

CONDITIONED: dict[str, Any] = {"is_conditioned": True}
"""Fields of ``TrainingConfig`` that make one policy for all preferences. Without any, the front's policy would be the
plain one, which sees weights only in the prices of plans, and its page would say so."""

ONE_CORE: dict[str, Any] = {"search_threads": 1, "num_workers": 1}
"""A training has one core; the board's other processes have the others."""

CLOCK = "clock.json"
"""Beside a training's checkpoints: the seconds of all its sittings."""


ON_THE_DUAL = ("misplaced-scarce", "stationary", "tiny", "jasin-sinha")
"""Scenarios whose base router is the dual, because it is below primal-dual on validation traces (tuning.csv)."""

SHORT: dict[str, Any] = {
    "pricing": "SCHEDULED",
    "value_rounds": 1,
    "value_traces": 6,
    "value_checks": 8,
    "search_generations": 4,
    "search_traces": 2,
    "total_steps": 0,
}
"""A training on the dual: prices take seconds a trace, so it has few traces, and PPO is left out."""

MANY: dict[str, dict[str, Any]] = {
    "tiny": {
        "value_rounds": 3,
        "value_traces": 100,
        "value_checks": 100,
        "search_generations": 10,
        "search_traces": 100,
        "validation_traces": 200,
    }
}
"""Where a trace has two dozen orders, a few traces tell nothing; so there are many, which still take little time."""


def config_of(world: str, seed: int, is_conditioned: bool, changes: Mapping[str, Any]) -> TrainingConfig:
    """How a policy of the board is trained on a world; ``changes`` come last.

    Raises:
        InputError: an unknown field or a value out of range.
    """
    template = import_module("agents.learned.training_config").TrainingConfig(seed=seed)
    name = world.partition("+")[0]
    base = {**(SHORT if name in ON_THE_DUAL else {}), **MANY.get(name, {})}
    return replaced("training", template, {**ONE_CORE, **base, **changes, **(CONDITIONED if is_conditioned else {})})


def settings_of(config: TrainingConfig) -> str:
    """All settings as one text, the same for the same ones."""
    return json.dumps(asdict(config), sort_keys=True)


class Trained(NamedTuple):
    """A training that is done.

    Attributes:
        policy: its file.
        spent: ``seconds`` and ``core_seconds`` of all sittings, of those that were stopped up to their last checkpoint.
        stages: cost an order after each stage on validation traces, in sequence; empty if none were compared.
        kept: the stage that the policy is of; empty likewise.
    """

    policy: Path
    spent: dict[str, float]
    stages: dict[str, float]
    kept: str


def train_policy(scenario: Scenario, config: TrainingConfig, folder: Path) -> Trained:
    """Trains a policy, or goes on with a training that was stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CLOCK
    before = read_json(path) if path.is_file() else {"seconds": 0.0, "core_seconds": 0.0}
    wall, cores = time.perf_counter(), time.process_time()

    def spent() -> dict[str, float]:
        now = {"seconds": time.perf_counter() - wall, "core_seconds": time.process_time() - cores}
        return {key: round(before[key] + value, 3) for key, value in now.items()}

    def tell(row: Mapping[str, float | str]) -> None:
        write_json(path, spent())

    learner = import_module(LEARNER)
    policy = learner.train(scenario, config, folder, tell)
    times, path = spent(), folder / learner.STAGES
    told: dict[str, Any] = read_json(path) if path.is_file() else {"cost_per_order": {}, "kept": ""}
    return Trained(policy, times, told["cost_per_order"], told["kept"])


def agent_of(policy: Path, config: TrainingConfig, scenario: Scenario) -> Agent:
    """A trained policy as a router.

    Args:
        policy: its file.
        config: that it was trained with.
        scenario: that is played; whose past bid prices may be solved from, if the policy looks at such prices.
    """
    scorer = import_module("agents.learned.export").load_scorer(policy)
    base = import_module("agents.learned.base").Base.of(scenario, Pricing[config.pricing])
    return import_module(PLAYER).TorchAgent(scorer, base)


def sha256_of(policy: Path) -> str:
    """Hash of what a policy's file decides by, its network: the same training writes it with other times around it."""
    scorer = import_module("agents.learned.export").load_scorer(policy)
    digest = hashlib.sha256(repr(scorer).encode())
    for name, values in sorted(scorer.state_dict().items()):
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode() + values.numpy().tobytes())
    return digest.hexdigest()
