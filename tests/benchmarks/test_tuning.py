"""Tuning: as many trials for each router, on validation traces only, none of them twice."""

from __future__ import annotations

import csv

import pytest

from benchmarks import tuning
from scenarios.errors import InputError
from scenarios.seeds import split_of


def test_every_router_gets_as_many_different_trials():
    for tuned in tuning.ROUTERS.values():
        assert len({tuning.text(setting) for setting in tuned.settings}) == tuning.NUM_TRIALS


def test_trials_are_logged_once_and_on_validation_traces(tmp_path, monkeypatch):
    log, drawn = tmp_path / "new" / "tuning.csv", []
    draw = tuning.draw_trace
    monkeypatch.setattr(tuning, "draw_trace", lambda scenario, seed: drawn.append(seed) or draw(scenario, seed))
    tuning.tune(["tiny"], ["primal-dual", "dual"], num_traces=2, log=log)
    assert len(drawn) == 2 * 2 * tuning.NUM_TRIALS
    assert {split_of(seed) for seed in drawn} == {"validation"}
    rows = log.read_text().splitlines()
    assert len(rows) == 1 + 2 * tuning.NUM_TRIALS
    log.write_text("\n".join(rows[:-1]) + "\n")
    tuning.tune(["tiny"], ["primal-dual", "dual"], num_traces=2, log=log)
    assert len(drawn) == 2 * 2 * tuning.NUM_TRIALS + 2
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            costs = [float(cost) for cost in row["costs"].split()]
            assert sum(costs) / 2 == pytest.approx(float(row["cost"]), abs=1e-3)


def test_a_single_trace_has_no_error(tmp_path):
    with pytest.raises(InputError, match="traces"):
        tuning.tune(["tiny"], ["dual"], num_traces=1, log=tmp_path / "tuning.csv")
