"""Training learns, shows progress, stops and resumes, and refuses what it cannot use."""

from __future__ import annotations

import csv
import json
import math
import pickle
from pathlib import Path

import pytest
import torch
from sb3_contrib import MaskablePPO

from agents.learned.base import PRIMAL_DUAL, Base
from agents.learned.checkpoint import restore
from agents.learned.export import load_scorer
from agents.learned.torch_agent import TorchAgent
from agents.learned.training import CHECKPOINT, CURVE, CURVE_COLUMNS, STAGES, TrainingConfig, train
from envs import simulate
from envs.feature_schema import WEIGHT_COST
from envs.prices import Pricing
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.toys import OPTIMUM_MILLICENTS
from scenarios.errors import InputError
from scenarios.seeds import VALIDATION

SHORT = TrainingConfig(
    value_rounds=1,
    value_traces=2,
    value_checks=2,
    value_share=0.2,
    value_epochs=2,
    search_generations=2,
    search_candidates=5,
    search_traces=1,
    total_steps=384,
    num_envs=4,
    group_size=2,
    num_steps=32,
    batch_size=64,
    num_epochs=2,
    hidden=8,
    validation_traces=2,
)


class Stopped(Exception):
    """The plug is pulled."""


def weights_of(policy: Path) -> dict[str, torch.Tensor]:
    return MaskablePPO.load(policy, device="cpu").policy.state_dict()


@pytest.mark.slow
def test_a_toy_that_the_untrained_agent_fails_is_learned(tmp_path):
    """Without bid prices the base router gives the last near unit away; the learner keeps it."""
    scenario, name = load_scenario("toy-scarce"), "toy-scarce"
    trace = draw_trace(scenario, 2_000_000)

    def cost(policy: Path) -> int:
        agent = TorchAgent(load_scorer(policy), Base(Pricing.NONE))
        return int(simulate(trace, agent).world.totals.sum())

    config = TrainingConfig(
        value_rounds=0,
        search_generations=0,
        total_steps=64,
        num_envs=8,
        group_size=1,
        num_steps=8,
        batch_size=64,
        learning_rate=3e-3,
        pricing="NONE",
        temperature=1.0,
        gamma=1.0,
    )
    untrained = train(scenario, TrainingConfig(**{**vars_of(config), "learning_rate": 1e-12}), tmp_path / "untrained")
    assert cost(untrained) > OPTIMUM_MILLICENTS[name]
    longer = TrainingConfig(**{**vars_of(config), "total_steps": 12_288, "num_steps": 48, "batch_size": 128})
    assert cost(train(scenario, longer, tmp_path / "trained")) == OPTIMUM_MILLICENTS[name]


def vars_of(config: TrainingConfig) -> dict:
    return {name: getattr(config, name) for name in TrainingConfig.__dataclass_fields__}


def test_stopped_and_resumed_training_takes_the_same_course(tmp_path):
    scenario = load_scenario("tiny")
    whole = train(scenario, SHORT, tmp_path / "whole")

    def stop_after(num_rows: int):
        rows = []

        def pull_the_plug(row) -> None:
            rows.append(row)
            if len(rows) == num_rows:
                raise Stopped

        return pull_the_plug

    for num_rows in (1, 1, 2):  # after the lessons, in the search, after the first rollout
        with pytest.raises(Stopped):
            train(scenario, SHORT, tmp_path / "broken", stop_after(num_rows))
    seen: list[dict] = []
    resumed = train(scenario, SHORT, tmp_path / "broken", seen.append)
    assert [row["stage"] for row in seen] == ["ppo", "ppo"]
    expected, found = weights_of(whole), weights_of(resumed)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_what_each_stage_costs_is_written_and_the_best_is_kept(tmp_path):
    scenario = load_scenario("tiny")
    policy = train(scenario, SHORT, tmp_path)
    found = json.loads((tmp_path / STAGES).read_text())
    costs = found["cost_per_order"]
    assert set(costs) == {"base", "values", "search", "ppo"}
    assert all(math.isfinite(cost) and cost > 0 for cost in costs.values())
    agent, kept = TorchAgent(load_scorer(policy), PRIMAL_DUAL), []
    for seed in VALIDATION[: SHORT.validation_traces]:
        trace = draw_trace(scenario, seed)
        kept.append(simulate(trace, agent).world.weighted_cost((1.0, 1.0, 1.0)) / trace.num_orders)
    assert sum(kept) / len(kept) == pytest.approx(costs[found["kept"]])


def test_a_conditioned_policy_is_trained_on_many_preferences(tmp_path):
    changes = {"is_conditioned": True, "total_steps": 0, "validation_traces": 0}
    config = TrainingConfig(**{**vars_of(SHORT), **changes})
    scorer = load_scorer(train(load_scenario("tiny"), config, tmp_path))
    with open(tmp_path / CURVE, newline="") as file:
        stages = [row["stage"] for row in csv.DictReader(file)]
    assert stages == ["values", "search", "search"]
    assert scorer.prices[:, 1 + WEIGHT_COST :].abs().sum() > 0


def test_the_learning_curve_is_written(tmp_path):
    train(load_scenario("tiny"), SHORT, tmp_path)
    with open(tmp_path / CURVE, newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == CURVE_COLUMNS
    assert [row["stage"] for row in rows] == ["values"] + ["search"] * 2 + ["ppo"] * 3
    steps = [float(row["steps"]) for row in rows]
    assert steps == sorted(steps)
    assert steps[-1] - steps[2] == SHORT.total_steps
    for column in ("cost_per_order", "base_cost_per_order"):
        costs = [float(row[column]) for row in rows]
        assert all(math.isfinite(cost) and cost > 0 for cost in costs[:3])
        assert any(math.isfinite(cost) and cost > 0 for cost in costs[3:])


def test_a_checkpoint_holds_all_that_resuming_needs(tmp_path):
    train(load_scenario("tiny"), SHORT, tmp_path)
    content = pickle.loads((tmp_path / CHECKPOINT).read_bytes())
    assert {"torch_state", "numpy_state", "python_state"} <= content.keys()
    model = restore(content)
    env, seen = model.get_env(), model._last_obs
    assert {name: array.tobytes() for name, array in seen.items()} == {
        name: array.tobytes() for name, array in env._observations().items()
    }
    assert model._last_episode_starts.shape == (SHORT.num_envs,)
    assert model._last_episode_starts.dtype == bool
    assert model.num_timesteps == SHORT.total_steps


def test_a_checkpoint_of_another_configuration_is_refused(tmp_path):
    scenario = load_scenario("tiny")
    train(scenario, SHORT, tmp_path)
    with pytest.raises(InputError, match="another directory"):
        train(scenario, TrainingConfig(**{**vars_of(SHORT), "hidden": 16}), tmp_path)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    scenario = load_scenario("tiny")
    train(scenario, SHORT, tmp_path)
    checkpoint = tmp_path / CHECKPOINT
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    with pytest.raises(InputError, match="train again"):
        train(scenario, SHORT, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("total_steps", -1),
        ("value_rounds", -1),
        ("value_traces", 0),
        ("value_share", 0.0),
        ("is_conditioned", 1),
        ("num_envs", -1),
        ("group_size", 0),
        ("batch_size", 100),
        ("learning_rate", float("nan")),
        ("gamma", 1.5),
        ("pricing", "closed"),
        ("seed", -1),
        ("temperature", 0.0),
        ("search_generations", -1),
        ("search_generations", 2.0),
        ("group_size", 3),
        ("weights", (-1.0, 1.0, 1.0)),
        ("weights", (1.0, float("nan"), 1.0)),
        ("search_candidates", 6),
        ("validation_traces", -1),
    ],
)
def test_illegal_settings_are_refused(name, value):
    with pytest.raises(InputError, match=name):
        TrainingConfig(**{**vars_of(SHORT), name: value})
