"""``routelab trace`` writes a trace that others can load."""

from __future__ import annotations

import pytest

import routelab
from experiments.record import Run
from scenarios.draw import draw_trace
from scenarios.registry import load_scenario
from scenarios.trace import load_trace


def test_trace_is_the_one_of_its_seed(tmp_path, capsys):
    file, folder = tmp_path / "t.npz", tmp_path / "run"
    assert routelab.main(["trace", "scenario=tiny", "seed=1", f"out={file}", f"run_dir={folder}"]) == 0
    expected = draw_trace(load_scenario("tiny"), 1).sha256
    assert load_trace(file).sha256 == expected
    assert expected in capsys.readouterr().out
    record = Run.open(folder).record
    assert record["traces"] == [{"seed": 1, "sha256": expected, "num_orders": load_trace(file).num_orders}]
    assert record["facts"]["split"] == "training"


def test_trace_lands_in_its_run(folder):
    assert routelab.main(["trace", "scenario=tiny", "scenario.max_orders=3", f"run_dir={folder}"]) == 0
    assert load_trace(folder / "trace.npz").num_orders == 3


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("seed=-1", "seed = -1"),
        ("seed=1.5", "seed = 1.5"),
        ("out=trace.csv", ".npz"),
        ("scenario=metrp", "Did you mean 'metro'"),
        ("scenario.data=nowhere", "override of scenario"),
    ],
)
def test_bad_input_leaves_nothing(argument, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("trace", "scenario=tiny", argument, f"run_dir={tmp_path}/run")
    assert list(tmp_path.iterdir()) == []
