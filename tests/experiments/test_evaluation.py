"""Cells: the same in any number of processes, resumed one by one, equal to a plain simulation."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from agents.registry import load_agent
from envs.simulation import simulate
from experiments.cell import TIMINGS, cell_id, code_hash, contestants, identity_in, read_cells
from experiments.evaluation import Match, play
from experiments.portrait import map_of, portrait_of
from experiments.settings import ScenarioChoice
from experiments.traces import TraceSource, seeds_of
from scenarios.errors import InputError
from tests.policy_bundles import make_bundle

SOURCE = TraceSource(ScenarioChoice("tiny"), seeds_of("test", 0, 3))


def match(*agents: str, source: TraceSource = SOURCE, **settings) -> Match:
    return Match(source, tuple(contestants(agents)), **settings)


def facts(cells):
    """Everything but the timings."""
    return [{**cell.row(), "metrics": {k: v for k, v in cell.metrics.items() if k not in TIMINGS}} for cell in cells]


def test_a_cell_is_a_plain_simulation(tmp_path):
    cells = play(match("nearest", "primal-dual"), tmp_path / "cells.jsonl", lambda *_: None)
    assert [(cell.agent, cell.position) for cell in cells] == [
        (agent, position) for position in range(3) for agent in ("nearest", "primal-dual")
    ]
    trace = SOURCE.load(2)
    simulation = simulate(trace, load_agent("primal-dual"), "simpy")
    assert cells[-1].trace_sha256 == trace.sha256
    assert {k: cells[-1].metrics[k] for k in simulation.metrics} == simulation.metrics
    dearest = simulation.world.hidden.order_costs.sum(axis=1).max() / 100_000
    assert cells[-1].metrics["tail_cost_per_order"] == pytest.approx(dearest)
    assert [cell.portrait is not None for cell in cells] == [True, True, False, False, False, False]


def test_two_processes_give_the_same_results_in_the_same_order(tmp_path):
    alone = play(match("nearest", "random"), tmp_path / "a.jsonl", lambda *_: None)
    shared = play(match("nearest", "random"), tmp_path / "b.jsonl", lambda *_: None, workers=2)
    assert facts(alone) == facts(shared)


def test_an_evaluation_goes_on_cell_by_cell(tmp_path):
    path = tmp_path / "cells.jsonl"

    class PowerCut(Exception):
        pass

    def cut(cell, is_stored):
        if cell.position == 1:
            raise PowerCut

    with pytest.raises(PowerCut):
        play(match("nearest", "myopic"), path, cut)
    done = list(read_cells(path))
    assert [(cell.agent, cell.position) for cell in done] == [("nearest", 0), ("myopic", 0), ("nearest", 1)]
    with open(path, "a") as file:
        file.write('{"id": "half a li')
    seen = []
    cells = play(match("nearest", "myopic"), path, lambda cell, is_stored: seen.append(is_stored))
    assert seen == [True, True, True, False, False, False]
    assert cells[:3] == done
    whole = play(match("nearest", "myopic"), tmp_path / "whole.jsonl", lambda *_: None)
    assert facts(cells) == facts(whole)


def test_other_weights_or_clock_are_other_cells():
    first = cell_id("myopic", "t", "compiled", (1.0, 1.0, 1.0))
    assert first == cell_id("myopic", "t", "compiled", (1.0, 1.0, 1.0))
    others = {
        cell_id("nearest", "t", "compiled", (1.0, 1.0, 1.0)),
        cell_id("myopic", "u", "compiled", (1.0, 1.0, 1.0)),
        cell_id("myopic", "t", "simpy", (1.0, 1.0, 1.0)),
        cell_id("myopic", "t", "compiled", (1.0, 2.0, 1.0)),
    }
    assert len({first, *others}) == 5


def test_a_forecaster_is_another_one_with_another_past():
    one, plain = contestants(("dual", "myopic"))
    choices = [ScenarioChoice("tiny"), ScenarioChoice("tiny", {"orders_per_day": 31.0}), ScenarioChoice("toy-nearest")]
    assert len({identity_in(one, choice) for choice in choices}) == 3
    assert identity_in(one, choices[0]).startswith("dual:tiny@1:")
    assert {identity_in(plain, choice) for choice in choices} == {"myopic"}
    assert identity_in(one, choices[1]) == identity_in(one, ScenarioChoice("tiny", {"orders_per_day": 31.0}))


def test_a_forecaster_is_the_same_one_in_another_process():
    code = (
        "from experiments.cell import contestants, identity_in; from experiments.settings import ScenarioChoice; "
        "print(identity_in(contestants(('dual',))[0], ScenarioChoice('metro-disrupted')))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == identity_in(contestants(("dual",))[0], ScenarioChoice("metro-disrupted"))


def test_a_forecaster_is_played_once(tmp_path):
    source = TraceSource(ScenarioChoice("tiny"), seeds_of("test", 0, 2))
    cells = play(match("dual", source=source), tmp_path / "cells.jsonl", lambda *_: None)
    seen = []
    play(match("dual", source=source), tmp_path / "cells.jsonl", lambda cell, is_stored: seen.append(is_stored))
    assert seen == [True, True]
    other = TraceSource(ScenarioChoice("tiny", {"orders_per_day": 31.0}), source.seeds)
    more = play(match("dual", source=other), tmp_path / "other.jsonl", lambda *_: None)
    assert not {cell.id for cell in more} & {cell.id for cell in cells}


def test_code_is_known_by_its_place_too(tmp_path):
    for name, texts in (("one", ("x = 1", "y = 2")), ("two", ("y = 2", "x = 1"))):
        for folder, text in zip(("dual", "forecast"), texts, strict=True):
            (tmp_path / name / folder).mkdir(parents=True)
            (tmp_path / name / folder / "router.py").write_text(text)
    (tmp_path / "three" / "dual").mkdir(parents=True)
    (tmp_path / "three" / "dual" / "router.py").write_text("x = 1")
    (tmp_path / "four" / "forecast").mkdir(parents=True)
    (tmp_path / "four" / "forecast" / "router.py").write_text("x = 1")
    assert len({code_hash(tmp_path / name) for name in ("one", "two", "three", "four")}) == 4
    assert code_hash(tmp_path / "one") == code_hash(tmp_path / "one")


def test_weights_reach_the_agent(tmp_path):
    source = TraceSource(ScenarioChoice("toy-cutoff"), seeds_of("test", 0, 1))
    plain = play(match("myopic", source=source), tmp_path / "a", lambda *_: None)
    careless = play(match("primal-dual", source=source, weights=(1.0, 0.0, 1.0)), tmp_path / "b", lambda *_: None)
    assert careless[0].metrics["lateness_per_order"] >= plain[0].metrics["lateness_per_order"]
    assert careless[0].id != plain[0].id


def test_a_folder_that_is_no_bundle_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="a folder made by `routelab export`") as caught:
            contestants(("nearest", str(path)))
        assert (caught.value.key, caught.value.value) == ("agents", str(path))


def test_contestants_are_checked_before_anything_is_simulated():
    assert len(contestants(("heuristics",))) == len(contestants(("heuristics",))) > 5
    with pytest.raises(InputError, match="each agent once"):
        contestants(("nearest", "heuristics"))
    with pytest.raises(InputError, match="'nearest'"):
        contestants(("neerest",))
    with pytest.raises(InputError, match="at least one agent"):
        contestants(())
    with pytest.raises(InputError, match="bundle"):
        contestants(("no/such/bundle",))


def test_bundles_of_one_name_are_told_apart(tmp_path):
    """As `routelab train --multirun` leaves them: A/0/bundle, B/0/bundle, C/0/bundle."""
    folders = [tmp_path / name / "0" / "bundle" for name in "ABC"]
    for folder in folders:
        folder.parent.mkdir(parents=True)
        make_bundle(folder, "tiny", every=1, provenance={"run": folder.parts[-3], "scenario_id": "tiny@1"})
    found = contestants(tuple(map(str, folders)))
    assert [row.label for row in found] == ["hand-made", "hand-made (0/bundle)", "hand-made (C/0/bundle)"]
    assert len({row.identity for row in found}) == 3


def test_a_trace_without_orders_is_refused(tmp_path):
    source = TraceSource(ScenarioChoice("tiny", {"orders_per_day": 1e-9}), (2_000_000,))
    with pytest.raises(InputError, match="0 orders"):
        play(match("nearest", source=source), tmp_path / "cells.jsonl", lambda *_: None)


def test_portrait_adds_up():
    trace = TraceSource(ScenarioChoice("metro-small"), (2_000_000,)).load(0)
    simulation = simulate(trace, load_agent("myopic"), level="none")
    portrait, place = portrait_of(simulation), map_of(trace)
    hidden = simulation.world.hidden
    parcels = hidden.parcels[: int(hidden.counters["num_parcels"][0])]
    assert sum(flow[3] for flow in portrait["flows"]) == len(parcels)
    busy, opened = np.array(portrait["busy_seconds"]), np.array(portrait["open_seconds"])
    assert busy.shape == opened.shape == (len(place["warehouses"]), place["horizon_hours"])
    horizon = int(trace.network.settings["horizon_seconds"][0])
    inside = np.minimum(parcels["ready_at"], horizon) - np.minimum(parcels["started_at"], horizon)
    assert 0.9 * inside.sum() < busy.sum() <= inside.sum()  # less what overruns a shift
    for w, row in enumerate(trace.network.warehouses):
        assert busy[w].max() <= row["num_stations"] * 3600
        assert opened[w].max() == row["num_stations"] * 3600
        mean = simulation.metrics[f"utilisation/{trace.names.warehouses[w]}"]
        assert busy[w].sum() / opened[w].sum() == pytest.approx(mean, abs=1e-9)
