"""``routelab whatif`` from the command line: the planner's form, studies, going on, running again."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
import yaml

import routelab
from experiments.record import Run
from experiments.settings import known_keys
from experiments.whatif.command_line import hydra_text, read_arguments, study_names
from scenarios.errors import InputError

from .conftest import SMALL

UNFLAGGED = ("command", "variants")
"""Settings that nobody writes, or that have an option of another form."""


def test_record_is_complete(small_study):
    record = small_study.record
    assert record["status"] == "finished"
    assert record["scenario_id"] == "tiny@1"
    assert record["split"] == "test"
    assert [trace["seed"] for trace in record["traces"]] == [2_000_000, 2_000_001, 2_000_002]
    assert [row["name"] for row in record["variants"]] == ["short", "rush", "other", "same"]
    assert record["variants"][0]["changes"] == ["stock east -60%", "price carbon +100%"]
    assert record["variants"][2]["routers"] == ["fastest"]
    assert {"git", "rules", "packages", "platform"} <= set(record)
    study = yaml.safe_load(small_study.path("study.yaml").read_text())
    assert study["variants"]["rush"] == ["demand region=noon +80%"]
    assert study["replications"] == 3
    assert "workers" not in study


def test_same_command_goes_on(small_study, capsys):
    cells = small_study.path("cells.jsonl").read_bytes()
    root = small_study.folder.parent.parent
    assert routelab.main(["whatif", "--rerun", "small", f"root={root}", "--workers", "2"]) == 0
    assert "33 of 33 results were there already" in capsys.readouterr().out
    assert small_study.path("cells.jsonl").read_bytes() == cells
    assert len(Run.open(small_study.folder).record["earlier"]) >= 1


@pytest.mark.slow
def test_a_killed_study_ends_like_an_unbroken_one(repository, tmp_path):
    arguments = [
        "whatif",
        "tiny",
        "--change",
        "stock east -30%",
        "--replications",
        "40",
        "workers=1",
        f"root={tmp_path}",
    ]
    assert routelab.main([*arguments, "name=whole"]) == 0
    command = [sys.executable, "-m", "routelab", *arguments, "name=cut"]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL) as process:
        cells = tmp_path / "whatif" / "cut" / "cells.jsonl"
        for _ in range(6000):
            if process.poll() is not None or (cells.exists() and cells.read_bytes().count(b"\n") >= 3):
                break
            time.sleep(0.05)
        process.kill()
    done = cells.read_bytes().count(b"\n")
    assert 3 <= done < 80
    assert routelab.main(["whatif", "--rerun", "cut", f"root={tmp_path}"]) == 0
    for name in ("kpis.csv", "replications.csv", "flows.csv", "utilisation.csv", "orders-change.csv"):
        assert (cells.parent / name).read_bytes() == (tmp_path / "whatif" / "whole" / name).read_bytes()


def test_a_saved_study_can_be_run_again_elsewhere(small_study, tmp_path):
    path = small_study.path("study.yaml")
    assert routelab.main(["whatif", str(path), f"root={tmp_path}", "name=again", "workers=1"]) == 0
    again = (tmp_path / "whatif" / "again" / "kpis.csv").read_text()
    assert again == small_study.path("kpis.csv").read_text()


def test_automatic_name_is_the_same_for_the_same_study(tmp_path, capsys):
    command = ["whatif", "tiny", "--change", "stock east -10%", "--replications", "1", "workers=1", f"root={tmp_path}"]
    assert routelab.main(command) == 0
    assert routelab.main(command) == 0
    assert "2 of 2 results were there already" in capsys.readouterr().out
    (folder,) = (tmp_path / "whatif").iterdir()
    assert folder.name.startswith("tiny-")
    assert "One replication: no intervals" in (folder / "report.html").read_text()


def test_other_settings_in_the_same_folder_are_refused(small_study, refused):
    root = small_study.folder.parent.parent
    assert "replications" in refused("whatif", "--rerun", "small", f"root={root}", "replications=2")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tinny",), "Did you mean 'tiny'"),
        (("tiny", "metro"), "one scenario or study"),
        (("tiny",), "something to compare"),
        (("tiny", "--change"), "write --change VALUE"),
        (("tiny", "--chnge", "x"), "Did you mean '--change'"),
        (("tiny", "--variant", "stock east -10%"), "NAME=CHANGES"),
        (("tiny", "--variant", "a b=stock east -10%"), "NAME=CHANGES"),
        (("tiny", "--change", "stock eats -10%"), "Did you mean 'east'"),
        (("tiny", "--change", "stok east -10%"), "Did you mean 'stock'"),
        (("tiny", "--change", "stock east -10%", "orders=0"), "orders = 0"),
        (("tiny", "--change", "stock east -10%", "replicatons=3"), "'replications'"),
        (("tiny", "--change", "stock east -10%", "name=a/b"), "name = 'a/b'"),
        (("tiny", "--change", "stock east -10%", "mlflow=maybe"), "mlflow = 'maybe'"),
        (("tiny", "--change", "demand all -100%", "name=none"), "0 orders"),
        (("tiny", "--change", "demand all -95%", "name=few"), "0 orders"),
        (("--rerun", "nothing"), "a study that was saved"),
        (("none.yaml",), "a YAML file"),
        (("tiny@99", "--change", "stock east -10%"), "tiny@99"),
        (
            ("metro-small", "--variant", "open=warehouse mid like river at 50,9", "routers=[rollout]"),
            "plays no futures",
        ),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words.lower() in refused("whatif", "workers=1", *arguments).lower()
    assert list(tmp_path.iterdir()) == []


def test_study_files_with_unknown_settings_are_refused(refused, tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("scenario: tiny\nvariant: {}\n")
    assert "did you mean 'variants'" in refused("whatif", str(path)).lower()
    path.write_text("- 1\n")
    assert "a YAML mapping" in refused("whatif", str(path))


def test_hydras_own_options_are_passed_on(capsys):
    arguments = ["whatif", "carrier-strike", "--variant", 'quoted=warehouse "it\'s" closed', "--cfg", "job"]
    assert routelab.main(arguments) == 0
    settings = yaml.safe_load(capsys.readouterr().out)
    assert settings["variants"]["quoted"] == ['warehouse "it\'s" closed']
    assert settings["variants"]["strike"] == ["service express outage days 3-5"]
    assert settings["scenario"]["name"] == "metro-small"


def test_changes_are_added_to_a_variant_of_the_study(capsys):
    assert routelab.main(["whatif", "carrier-strike", "--variant", "strike=price carbon +10%", "--cfg", "job"]) == 0
    variants = yaml.safe_load(capsys.readouterr().out)["variants"]
    assert variants["strike"] == ["service express outage days 3-5", "price carbon +10%"]
    assert len(variants) > 3


def test_a_version_is_asked_for(capsys):
    assert routelab.main(["whatif", "tiny@1", "--cfg", "job"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["scenario"] == {"name": "tiny@1"}


@pytest.mark.parametrize("key", [key for key in known_keys("whatif") if key.partition(".")[0] not in UNFLAGGED])
def test_every_setting_is_an_option_too(key):
    for words in ([f"--{key}", "x"], [f"--{key}=x"]):
        assert read_arguments(["tiny", *words]).overrides == [f"{key}={'[x]' if key == 'routers' else 'x'}"]


def test_groups_are_chosen_by_options(capsys):
    words = ["--reward", "green", "--env=simpy", "--mlflow", "false", "--scenario.horizon_days", "2"]
    assert routelab.main(["whatif", "--scenario", "metro", *words, "--cfg", "job"]) == 0
    settings = yaml.safe_load(capsys.readouterr().out)
    assert settings["scenario"] == {"name": "metro", "horizon_days": 2}
    assert (settings["env"]["clock"], settings["mlflow"]) == ("simpy", False)
    assert settings["reward"]["carbon"] > settings["reward"]["cost"]


def test_a_saved_study_is_found_below_any_root(small_study):
    root = small_study.folder.parent.parent
    for words in (["--root", str(root)], [f"--root={root}"], [f"root={root}"]):
        assert read_arguments(["--rerun", "small", *words]).study["replications"] == 3


def test_what_is_typed_counts_more_than_the_study():
    request = read_arguments(
        ["carrier-strike", "--replications", "5", "--routers", "myopic", "--change", "price carbon +1%"]
    )
    arguments = request.arguments()
    assert arguments.index("replications=20") < arguments.index("replications=5")
    assert arguments[-1] == "routers=[myopic]"
    assert study_names() == ["carrier-strike"]


@pytest.mark.parametrize(
    "value",
    ["plain", "it's", "back\\", "a\\'b", "{x: [1, 2]}", "50 %; +3", "ünïcode", "", [1, "a,b"], {"a-1": ["x=y"]}],
)
def test_values_reach_hydra_unchanged(value):
    from hydra import compose, initialize_config_module

    with initialize_config_module(version_base="1.3", config_module="configs"):
        config = compose("whatif", [f"++variants={{v:{hydra_text(value)}}}"])
    assert json.loads(json.dumps(value)) == _plain(config.variants["v"])


def _plain(value):
    from omegaconf import OmegaConf

    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def test_names_that_hydra_cannot_read_are_refused():
    with pytest.raises(InputError, match="letters, digits"):
        hydra_text({"a b": 1})


def test_mlflow_holds_the_differences(tmp_path):
    pytest.importorskip("mlflow")
    import sqlite3

    command = ["whatif", *SMALL, f"root={tmp_path}", "name=kept", "mlflow=true", "replications=2"]
    assert routelab.main(command) == 0
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        metrics = dict(database.execute("select key, value from latest_metrics"))
    database.close()
    assert metrics["short- myopic/cost_per_order"] > 0
    assert metrics["same- myopic/cost_per_order"] == 0
