"""``routelab demo`` in miniature, from simulation to an answer over HTTP."""

from __future__ import annotations

import json

import pytest

import routelab
from experiments.client import ServerError, ask_server, free_port
from experiments.record import Run


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("quick=maybe", "quick = 'maybe'"),
        ("traces=0", "traces = 0"),
        ("scenario=metr", "'metro'"),
        ("qick=true", "'quick'"),
    ],
)
def test_bad_input_leaves_nothing(argument, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("demo", argument, f"run_dir={tmp_path}/run")
    assert list(tmp_path.iterdir()) == []


def test_an_unsound_bundle_is_reported_not_waited_for(tmp_path):
    with pytest.raises(ServerError, match="bundle"):
        ask_server(tmp_path, ready_seconds=5)


def test_free_ports_are_ports():
    assert 1024 <= free_port() < 65_536


@pytest.mark.slow
def test_demo_in_miniature(tmp_path, capsys):
    folder = tmp_path / "demo"
    assert routelab.main(["demo", "quick=true", "mlflow=false", f"run_dir={folder}"]) == 0
    words = capsys.readouterr().out
    for step in range(1, 7):
        assert f"{step}/6" in words
    assert "One order's story" in words
    assert "$ routelab train scenario=tiny" in words
    assert (folder / "evaluate" / "report.html").stat().st_size > 100_000
    decision = json.loads((folder / "decision.json").read_text())
    assert decision["stage"] == "policy"
    assert decision["reasons"]
    assert all(reason in words.replace("\n", " ") or len(reason) > 100 for reason in decision["reasons"])
    record = Run.open(folder).record
    assert record["status"] == "finished"
    assert record["headline"][0].startswith("On 4 unseen test traces of tiny@1, learned")
