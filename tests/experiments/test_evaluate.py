"""``routelab evaluate`` from the command line."""

from __future__ import annotations

import json
import sqlite3

import pytest

import routelab
from experiments.record import Run
from experiments.tracking import check_database

from .conftest import TINY


def test_record_is_complete(tiny_run):
    record = tiny_run.record
    assert record["status"] == "finished"
    assert record["scenario_id"] == "tiny@1"
    assert [trace["seed"] for trace in record["traces"]] == [2_000_000, 2_000_001, 2_000_002, 2_000_003]
    assert [agent["identity"] for agent in record["agents"]] == ["nearest", "myopic", "primal-dual"]
    assert tiny_run.config["scenario"] == {"name": "tiny"}
    assert tiny_run.config["agents"] == ["nearest", "myopic", "primal-dual"]
    content = json.loads(tiny_run.path("comparison.json").read_text())
    assert content["reference"] == "myopic"
    assert content["headline"][0].startswith("On 4 unseen test traces of tiny@1, primal-dual costs")


def test_same_command_goes_on(tiny_run, capsys):
    cells = tiny_run.path("cells.jsonl").read_bytes()
    assert routelab.main(["evaluate", *TINY, f"run_dir={tiny_run.folder}"]) == 0
    assert "12 of 12 results were there already" in capsys.readouterr().out
    assert tiny_run.path("cells.jsonl").read_bytes() == cells
    assert len(Run.open(tiny_run.folder).record["earlier"]) >= 1


def test_trace_files_give_the_same_results(tiny_run, folder, tmp_path):
    file = tmp_path / "two.npz"
    assert routelab.main(["trace", "scenario=tiny", "seed=2000001", f"out={file}", f"run_dir={tmp_path}/t"]) == 0
    arguments = ["agents=[nearest,myopic]", f"trace_files=[{file}]", "mlflow=false", f"run_dir={folder}"]
    assert routelab.main(["evaluate", *arguments]) == 0
    first = json.loads((folder / "cells.jsonl").read_text().splitlines()[0])
    same = [json.loads(line) for line in tiny_run.path("cells.jsonl").read_text().splitlines()]
    twin = next(cell for cell in same if cell["agent"] == "nearest" and cell["position"] == 1)
    assert first["id"] == twin["id"]
    assert first["metrics"]["cost_per_order"] == twin["metrics"]["cost_per_order"]
    assert not {"scenario", "traces", "split", "first"} & set(Run.open(folder).config)


@pytest.mark.slow
def test_routers_that_forecast_take_part(tmp_path):
    """As docs/routers.md has it, in two processes; from files there is no past to forecast from."""
    names = ["myopic", "static-dual", "dual"]
    arguments = ["scenario=tiny", f"agents=[{','.join(names)}]", "split=validation", "traces=4", "mlflow=false"]
    assert routelab.main(["evaluate", *arguments, "workers=2", f"run_dir={tmp_path}/run"]) == 0
    run = Run.open(tmp_path / "run")
    assert [agent["identity"] for agent in run.record["agents"]] == names
    cells = [json.loads(line) for line in run.path("cells.jsonl").read_text().splitlines()]
    costs = {name: sum(c["metrics"]["cost_per_order"] for c in cells if c["agent"] == name) for name in names}
    assert costs["dual"] < costs["myopic"]
    file = tmp_path / "one.npz"
    assert routelab.main(["trace", "scenario=tiny", "seed=1000001", f"out={file}", f"run_dir={tmp_path}/t"]) == 0
    assert routelab.main(["evaluate", "agents=[dual]", f"trace_files=[{file}]", "mlflow=false"]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.npz", "run", "t"]


def test_multirun_compares_several_scenarios(tmp_path):
    arguments = ["-m", "scenario=tiny,toy-scarce", "agents=[myopic]", "traces=1", "mlflow=false"]
    assert routelab.main(["evaluate", *arguments, f"run_dir={tmp_path}/sweep"]) == 0
    found = [Run.open(tmp_path / "sweep" / number).record["scenario_id"] for number in "01"]
    assert [name.partition("@")[0] for name in found] == ["tiny", "toy-scarce"]


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("traces=-3", "traces = -3"),
        ("traces=0", "traces = 0"),
        ("traces=many", "traces = 'many'"),
        ("first=-1", "first = -1"),
        ("workers=0", "workers = 0"),
        ("split=training", "split = 'training'"),
        ("scenario=tinny", "Did you mean 'tiny'"),
        ("scenario.horizn_days=2", "Did you mean 'horizon_days'"),
        ("scenario.horizon_days=-2", "horizon_days = -2"),
        ("agents=[nearst]", "Did you mean 'nearest'"),
        ("agents=[]", "at least one agent"),
        ("agents=[runs/none/bundle]", "bundle"),
        ("reference=nerest", "reference = 'nerest'"),
        ("reward.cost=nan", "reward.cost = nan"),
        ("reward.carbon=-1", "reward.carbon = -1"),
        ("env.clock=simpi", "Did you mean 'simpy'"),
        ("trace_files=[a.npz,a.npz]", "each file once"),
        ("env=simpy agents=[rollout]", "the compiled clock"),
        ("scenario=tables agents=[myopic,dual]", "a router that does not forecast"),
        ("training_run=nowhere", "training_run = 'nowhere'"),
        ("mlflow=maybe", "mlflow = 'maybe'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(argument, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words.lower() in refused("evaluate", *TINY, *argument.split(), f"run_dir={tmp_path}/run").lower()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("trace_files=[none.npz]", "trace file"),
        ("scenario=two-tier", "scenario = 'two-tier'"),
        ("traces=3", "traces = 3"),
        ("split=validation", "split = 'validation'"),
        ("first=1", "first = 1"),
        ("scenario.max_orders=3", "scenario.max_orders = 3"),
    ],
)
def test_what_trace_files_bring_cannot_be_set_beside_them(argument, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["agents=[nearest]", "mlflow=false", f"run_dir={tmp_path}/run"]
    if not argument.startswith("trace_files"):
        arguments.append("trace_files=[none.npz]")
    error = refused("evaluate", *arguments, argument)
    assert words in error
    assert ("beside trace_files" in error) == (len(arguments) == 4)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_mlflow_holds_numbers_settings_and_the_record(tmp_path):
    pytest.importorskip("mlflow")
    arguments = ["scenario=tiny", "agents=[nearest,myopic]", "traces=2", f"root={tmp_path}", f"run_dir={tmp_path}/run"]
    assert routelab.main(["evaluate", *arguments]) == 0
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        metrics = dict(database.execute("select key, value from latest_metrics"))
        params = dict(database.execute("select key, value from params"))
        status = database.execute("select status from runs").fetchall()
    database.close()
    frame = json.loads((tmp_path / "run" / "comparison.json").read_text())["agents"]
    assert metrics["nearest/cost_per_order"] == pytest.approx(frame["nearest"]["cost"]["mean"])
    assert params["env.clock"] == "compiled"
    assert params["traces"] == "2"
    assert status == [("FINISHED",)]
    kept = {path.name for path in (tmp_path / "mlflow-artifacts").rglob("*") if path.is_file()}
    assert {"record.json", "config.yaml", "results.csv", "comparison.json", "cells.jsonl", "report.html"} <= kept


@pytest.mark.parametrize("place", ["a file/mlflow.db", "a folder", "no database.db"])
def test_mlflow_database_that_cannot_be_written_is_refused_before_playing(place, refused, tmp_path):
    (tmp_path / "a file").write_text("")
    (tmp_path / "a folder").mkdir()
    (tmp_path / "no database.db").write_text("a letter of more than one hundred bytes" * 100)
    uri = f"mlflow_uri='sqlite:///{tmp_path}/{place}'"
    arguments = ["scenario=tiny", "agents=[nearest]", "traces=1", uri, f"run_dir={tmp_path}/run"]
    error = refused("evaluate", *arguments)
    assert "mlflow_uri = " in error
    assert "a SQLite database that can be written" in error
    assert not (tmp_path / "run").exists()


def test_mlflow_database_is_made_if_it_can_be(tmp_path):
    check_database(None)
    for _ in range(2):
        check_database(f"sqlite:///{tmp_path}/folder/mlflow.db")
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["mlflow.db"]


def test_mlflow_database_of_another_kind_is_refused(refused, tmp_path):
    arguments = ["scenario=tiny", "agents=[nearest]", "traces=1", "mlflow_uri=mlruns", f"run_dir={tmp_path}/run"]
    assert "sqlite:///PATH" in refused("evaluate", *arguments)
    assert not (tmp_path / "run").exists()


def test_real_orders_end_to_end(real_data, tmp_path):
    data = real_data / "olist_sample"
    arguments = ["scenario=olist-pooled", f"scenario.data={data}", "agents=[nearest,myopic]", "traces=2"]
    assert routelab.main(["evaluate", *arguments, "mlflow=false", f"run_dir={tmp_path}/run"]) == 0
    run = Run.open(tmp_path / "run")
    assert run.record["scenario_id"].startswith("olist-pooled@")
    assert "splits hardly occur" in run.record["notes"][0]
    assert run.record["notes"][-1] == "2 traces are few: intervals over fewer than 10 are rough"
