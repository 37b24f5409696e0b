"""``routelab train`` and ``routelab export``: settings are checked, and one miniature goes all the way."""

from __future__ import annotations

import json
import re

import pytest

import routelab
from agents.learned.training_config import TrainingConfig
from experiments.record import Run
from experiments.train import EFFORT, Training, percent_done, reference_costs
from scenarios.registry import load_scenario
from scenarios.seeds import VALIDATION
from serve.policies.reliability import reliability_of

MINIATURE = ("experiment=quick-training", "train.total_steps=256", "reference_traces=2", "mlflow=false")


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("train.total_stps=10", "did you mean 'total_steps'"),
        ("train.total_steps=-5", "total_steps = -5"),
        ("train.learning_rate=fast", "train settings"),
        ("train.learning_rate=nan", "learning_rate = nan"),
        ("train.batch_size=7", "batch_size = 7"),
        ("reward.cost=nan", "reward.cost = nan"),
        ("agent=maskable-pp", "did you mean 'maskable-ppo'"),
        ("agent.name=ppo", "agent.name = 'ppo'"),
        ("references=[nearst]", "did you mean 'nearest'"),
        ("reference_traces=0", "reference_traces = 0"),
        ("scenario=tinny", "did you mean 'tiny'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(argument, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("train", argument, "mlflow=false", f"run_dir={tmp_path}/run").lower().replace("'.", "'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "write run=DIR"), (("run=nowhere",), "the folder of a run"), (("run=nowhere", "replace=maybe"), "replace")],
)
def test_export_refuses_what_is_no_training(arguments, words, refused):
    assert words.lower() in refused("export", *arguments).lower()


def test_export_refuses_an_evaluation(tiny_run, refused):
    assert "training run" in refused("export", f"run={tiny_run.folder}")


def test_progress_counts_what_a_stage_takes(tmp_path):
    config = TrainingConfig(value_rounds=2, search_generations=3, total_steps=4 * 1024, num_envs=2, group_size=1)
    whole = 2 * EFFORT["values"] + 3 * EFFORT["search"] + 4 * EFFORT["ppo"]
    curve, stages = tmp_path / "curve.csv", ["values"] * 2 + ["search"] * 3 + ["ppo"] * 4
    found = [percent_done(curve, config)]
    for number in range(1, len(stages) + 1):
        curve.write_text("stage,steps\n" + "".join(f"{stage},1\n" for stage in stages[:number]))
        found.append(percent_done(curve, config))
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (0, 100)
    assert found[2] == int(100 * 2 * EFFORT["values"] / whole)


def test_every_stage_of_the_curve_has_its_effort(repository):
    """The learner names them where it writes a row."""
    sources = [path.read_text() for path in (repository / "agents/learned").glob("*.py")]
    assert set(re.findall(r'(?:diary|Diary)\.add\(\s*"(\w+)"', "".join(sources))) == set(EFFORT)


def test_weights_and_settings_reach_the_configuration():
    settings = {
        "agent": {"name": "maskable-ppo", "pricing": "NONE"},
        "reward": {"cost": 1.0, "lateness": 3.0, "carbon": 1.0},
        "train": {"total_steps": 5},
        "references": ["myopic", "dual"],
        "reference_traces": 2,
        "scenario": {"name": "tiny"},
        "mlflow": False,
        "mlflow_uri": "",
    }
    training = Training.of(settings)
    assert training.config.weights == (1.0, 3.0, 1.0)
    assert training.config.total_steps == 5
    assert training.config.pricing == "NONE"
    assert training.mlflow_uri is None


def test_references_count_every_order_at_the_weights():
    scenario = load_scenario("tiny")
    plain = reference_costs(scenario, ("nearest",), (1.0, 1.0, 1.0), 2)["nearest"]
    free = reference_costs(scenario, ("nearest",), (0.0, 1.0, 1.0), 2)["nearest"]
    assert 3.0 < plain < 8.0
    assert 0.0 < free < 0.1  # tiny has no lateness: only carbon is left


def test_a_router_that_forecasts_may_be_a_reference():
    costs = reference_costs(load_scenario("tiny"), ("dual", "random"), (1.0, 1.0, 1.0), 2)
    assert 0.0 < costs["dual"] < costs["random"]


@pytest.mark.slow
def test_train_export_compare(tmp_path, refused, capsys):
    folder = tmp_path / "train"
    assert routelab.main(["train", *MINIATURE, f"run_dir={folder}"]) == 0
    run = Run.open(folder)
    assert run.record["status"] == "finished"
    assert set(json.loads((folder / "references.json").read_text())) == {"myopic", "primal-dual"}
    assert "Learning curve" in (folder / "report.html").read_text()

    bundle = tmp_path / "bundle"
    assert routelab.main(["export", f"run={folder}", f"bundle={bundle}", "name=robin"]) == 0
    provenance = json.loads((bundle / "provenance.json").read_text())
    assert provenance["git"] == run.record["git"]
    assert provenance["training"]["total_steps"] == 256
    assert provenance["scenario_id"] == "tiny@1"
    measured = provenance["evaluation"]
    assert measured["references"] == json.loads((folder / "references.json").read_text())
    assert measured["stages"] == json.loads((folder / "stages.json").read_text())
    assert measured["validation_seeds"][0] == VALIDATION[0]
    known = reliability_of(provenance)
    assert known is not None
    assert known.validation_seeds[0] == measured["validation_seeds"][1] + 1  # traces that chose no stage
    assert (
        f"the cheapest tried at {known.cheapest_share:.0%} of {known.num_decisions} decisions"
        in capsys.readouterr().out
    )
    capsys.readouterr()
    assert "bundle" in refused("export", f"run={folder}", f"bundle={bundle}")  # in the way
    again = ("name=robin", "replace=true", "register=robin@champion", f"mlflow_uri=sqlite:///{tmp_path}/mlflow.db")
    assert routelab.main(["export", f"run={folder}", f"bundle={bundle}", *again]) == 0
    assert "version 1 of robin is its champion" in capsys.readouterr().out

    compared = tmp_path / "compared"
    arguments = ["scenario=tiny", f"agents=[myopic,{bundle}]", "traces=3", f"training_run={folder}", "mlflow=false"]
    assert routelab.main(["evaluate", *arguments, "workers=2", f"run_dir={compared}"]) == 0
    record = Run.open(compared).record
    assert record["policies"] == ["robin"]
    assert record["agents"][1]["identity"].startswith("robin:")
    assert json.loads((compared / "comparison.json").read_text())["reference"] == "robin"
    assert 'id="learning_curve"' in (compared / "report.html").read_text()
