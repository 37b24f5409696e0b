"""Trainings of the board: their settings, and their time over several sittings."""

from __future__ import annotations

import json
import re
import shutil
import sys
import types

import pytest

from experiments.scoreboard import policies
from experiments.scoreboard.policies import config_of, settings_of, sha256_of, train_policy
from scenarios import load_scenario
from scenarios.errors import InputError


@pytest.fixture
def learner(monkeypatch):
    """A learner that is stopped after its first checkpoint, and finishes when it is called again."""
    module = types.ModuleType("fake_learner")

    def train(scenario, config, folder, tell):
        policy = folder / "policy.zip"
        (folder / "checkpoint").touch()
        tell({"steps": 1.0})
        if not policy.exists():
            policy.write_text("half")
            raise KeyboardInterrupt
        policy.write_text("whole")
        (folder / module.STAGES).write_text(json.dumps({"kept": "ppo", "cost_per_order": {"base": 2.0, "ppo": 1.5}}))
        return policy

    module.train, module.STAGES = train, "stages.json"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(policies, "LEARNER", module.__name__)
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(policies.time, "perf_counter", lambda: float(next(clock)))


@pytest.mark.usefixtures("learner")
def test_the_time_of_a_stopped_training_counts(tmp_path):
    arguments = load_scenario("tiny"), config_of("metro-small", 0, False, {}), tmp_path / "policy"
    with pytest.raises(KeyboardInterrupt):
        train_policy(*arguments)
    trained = train_policy(*arguments)  # begins at 20, looks again at 30 and 40; 10 were spent before
    assert trained.policy.read_text() == "whole"
    assert trained.spent["seconds"] == 10.0 + 20.0
    assert trained.spent["core_seconds"] >= 0.0
    assert (trained.stages, trained.kept) == ({"base": 2.0, "ppo": 1.5}, "ppo")


def test_a_training_has_one_core_and_its_own_seed():
    config = config_of("metro-small", 3, False, {"hidden": 24})
    assert (config.seed, config.hidden, config.search_threads, config.num_workers) == (3, 24, 1, 1)
    assert settings_of(config) == settings_of(config_of("metro-small", 3, False, {"hidden": 24}))
    assert settings_of(config) != settings_of(config_of("metro-small", 3, False, {}))
    with pytest.raises(InputError, match="Did you mean 'hidden'"):
        config_of("metro-small", 0, False, {"hiden": 16})


@pytest.mark.slow
def test_the_real_learner_plays_on_the_board(tmp_path, capsys):
    """The one place that knows the learner fits the learner there is."""
    import routelab

    sizes = {
        "search_generations": 1,
        "search_candidates": 5,
        "search_traces": 1,
        "value_rounds": 1,
        "value_traces": 1,
        "value_checks": 1,
        "value_epochs": 1,
        "total_steps": 256,
        "num_envs": 4,
        "group_size": 4,
        "num_steps": 64,
        "batch_size": 64,
        "validation_traces": 1,
    }
    words = [word for key, value in sizes.items() for word in ("--training", f"{key}={value}")]
    folders = ["--folder", str(tmp_path / "run"), "--pages", str(tmp_path / "pages")]
    numbers = ["--traces", "2", "--validation", "2", "--seeds", "1", "--workers", "1", "--routers", "myopic"]
    parts = [
        word for part in ("routers", "bounds", "train", "learned", "exported", "pages") for word in ("--part", part)
    ]
    assert routelab.main(["scoreboard", "tiny", *numbers, *words, *folders, *parts]) == 0
    page = (tmp_path / "pages" / "tiny.md").read_text()
    assert "| **learned** |" in page
    assert "1 training seed, 2 test traces" in page
    assert "| base |" in page
    assert re.search(r"Exported to ONNX, the policy of seed 0 takes \d+ us for a decision", page)
    assert " 1 of 1 |" in page
    (policy,) = (tmp_path / "run" / "policies").glob("*/policy.zip")
    before, text = sha256_of(policy), policy.read_bytes()
    shutil.rmtree(tmp_path / "run" / "policies")
    command = ["scoreboard", "tiny", *numbers, *words, *folders]
    assert routelab.main([*command, "--traces", "3", "--part", "learned"]) == 0
    assert "came out differently" not in capsys.readouterr().out
    assert sha256_of(policy) == before
    assert policy.read_bytes() != text
