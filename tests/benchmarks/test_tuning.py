"""Tuning: as many trials for each router, on validation traces only, none of them twice."""

from __future__ import annotations

import csv

import pytest

from agents import load_agent
from benchmarks import tuning
from benchmarks.holding import Holding
from envs.inner import CHEAP
from envs.simulation import simulate
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError
from scenarios.seeds import VALIDATION, split_of


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


def test_the_first_setting_is_the_router_of_the_board(tmp_path):
    """For those that are made anew here: what is tuned is what is compared on the board."""
    scenario = load_scenario("hold-consolidate", horizon_days=2)
    trace = draw_trace(scenario, VALIDATION.start)
    for router in ("hold-once", "dual"):
        tuned = tuning.ROUTERS[router]
        world, agent = tuned.play(scenario, tuned.settings[0])
        assert world is scenario
        assert total(trace, agent) == total(trace, load_agent(router, scenario))
    _, rollout = tuning.ROUTERS["rollout"].play(scenario, tuning.ROUTERS["rollout"].settings[0])
    usual = load_agent("rollout", scenario)
    for name in ("num_plans", "num_futures", "horizon_seconds"):
        assert getattr(rollout, name) == getattr(usual, name)


def test_what_is_cheap_decides_who_is_held():
    trace = draw_trace(load_scenario("hold-consolidate", horizon_days=2), VALIDATION.start)
    holds = [simulate(trace, Holding(cheap)).metrics["hold_rate"] for cheap in (1, CHEAP, 10_000)]
    assert holds[0] >= holds[1] > holds[2] == 0.0


@pytest.mark.slow
def test_several_processes_log_the_same_trials(tmp_path):
    for workers in (1, 2):
        tuning.tune(["tiny"], ["primal-dual", "hold-once"], 2, tmp_path / f"{workers}.csv", workers)
    one, two = (tuning.read(tmp_path / f"{workers}.csv") for workers in (1, 2))
    assert {key: row | {"seconds": ""} for key, row in one.items()} == {
        key: row | {"seconds": ""} for key, row in two.items()
    }


def total(trace, agent) -> int:
    return int(simulate(trace, agent).world.totals.sum())


def test_a_single_trace_has_no_error(tmp_path):
    with pytest.raises(InputError, match="traces"):
        tuning.tune(["tiny"], ["dual"], num_traces=1, log=tmp_path / "tuning.csv")
