"""Outcomes: paired, the same in any number of processes, resumed one by one, equal to a plain simulation."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from agents.registry import load_agent
from envs.simulation import simulate
from experiments.portrait import portrait_of
from experiments.whatif.order_table import OrderTable
from experiments.whatif.outcome import read_outcomes
from experiments.whatif.playing import CELLS, orders_path, play
from experiments.whatif.study import Study, automatic_name
from experiments.whatif.variant import BASELINE
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.registry import load_scenario

SETTINGS = {
    "scenario": {"name": "tiny"},
    "routers": ["myopic", "nearest"],
    "variants": {"short": ["stock east -60%"], "same": [], "other": ["router fastest"]},
    "sensitivities": {"demand": ["demand all -30%", "demand all +30%"]},
    "replications": 2,
    "split": "test",
    "first": 0,
    "reward": {"cost": 1.0, "lateness": 1.0, "carbon": 1.0},
    "env": {"clock": "compiled"},
}


def study(**changed) -> Study:
    return Study.of({**SETTINGS, **changed})


def rows(outcomes):
    return [outcome.row() for outcome in outcomes]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Folder and outcomes of the study, played in one go."""
    folder = tmp_path_factory.mktemp("played")
    return folder, play(study(), folder, lambda *_: None)


def test_outcomes_are_in_the_order_of_the_study(played):
    keys = [outcome.key for outcome in played[1]]
    groups = [
        *((BASELINE, "myopic"), (BASELINE, "nearest"), ("short", "myopic"), ("short", "nearest")),
        *(("same", "myopic"), ("same", "nearest"), ("other", "fastest")),
        *(("demand_low", "myopic"), ("demand_high", "myopic")),
    ]
    assert keys == [(*group, position) for group in groups for position in (0, 1)]
    assert len(keys) == study().num_cells


def test_a_damaged_order_table_is_made_again(played, tmp_path):
    """A power cut may leave an empty one."""
    shutil.copytree(played[0], tmp_path, dirs_exist_ok=True)
    path = orders_path(tmp_path, played[1][0].id)
    whole = OrderTable.load(path)
    path.write_bytes(b"")
    was_there = []
    again = play(study(), tmp_path, lambda outcome, is_stored: was_there.append(is_stored))
    assert rows(again) == rows(played[1])
    assert was_there.count(False) == 1
    assert np.array_equal(OrderTable.load(path).luck_key, whole.luck_key)


def test_an_outcome_is_a_plain_simulation(played):
    outcome = next(outcome for outcome in played[1] if outcome.key == ("short", "nearest", 1))
    scenario = study().variants[0].apply(load_scenario("tiny"))
    trace = draw_trace(scenario, 2_000_001)
    simulation = simulate(trace, load_agent("nearest"), "simpy", level="none")
    assert outcome.trace_sha256 == trace.sha256
    same = {name: value for name, value in simulation.metrics.items() if name != "utilisation"}
    assert {name: outcome.metrics[name] for name in same} == same
    portrait = portrait_of(simulation)
    flows = outcome.flow_table(trace.network.lanes.shape)
    assert [[w, r, s, n] for w, r, s, n in portrait["flows"]] == [
        [int(w), int(r), int(s), int(flows[w, s, r])] for w, s, r in np.argwhere(flows)
    ]
    for kept, hourly in ((outcome.busy, "busy_seconds"), (outcome.opened, "open_seconds")):
        assert np.array(kept).shape == (2, 168)
        # Second 0 is a Monday at midnight and the horizon one day.
        assert np.array(kept)[:, :24].tolist() == portrait[hourly]
        assert not np.array(kept)[:, 24:].any()


def test_nothing_changed_means_no_difference_at_all(played):
    by_key = {outcome.key: outcome for outcome in played[1]}
    for router in ("myopic", "nearest"):
        for position in (0, 1):
            base, same = by_key[BASELINE, router, position], by_key["same", router, position]
            assert same.id == base.id
            assert same.metrics == base.metrics
            assert (same.flows, same.busy) == (base.flows, base.busy)


def test_variants_meet_the_same_orders_and_luck(played):
    folder, outcomes = played
    drilled = ((BASELINE, "myopic"), ("short", "myopic"), ("other", "fastest"))
    tables = {
        outcome.variant: OrderTable.load(orders_path(folder, outcome.id))
        for outcome in outcomes
        if outcome.position == 0 and outcome.key[:2] in drilled
    }
    assert len(tables) == 3
    for table in tables.values():
        assert table.luck_key.tolist() == tables[BASELINE].luck_key.tolist()
        assert table.arrival_seconds.tolist() == tables[BASELINE].arrival_seconds.tolist()


def test_two_processes_give_the_same_outcomes(played, tmp_path):
    shared = play(study(), tmp_path, lambda *_: None, workers=2)
    assert rows(shared) == rows(played[1])
    for path in (played[0] / "orders").iterdir():
        mine, yours = OrderTable.load(path), OrderTable.load(tmp_path / "orders" / path.name)
        assert all(np.array_equal(getattr(mine, name), getattr(yours, name)) for name in vars(mine))


def test_a_study_goes_on_where_it_stopped(played, tmp_path):
    class PowerCut(Exception):
        pass

    calls = []

    def cut(outcome, is_stored):
        calls.append(outcome.key)
        if len(calls) == 5:
            raise PowerCut

    with pytest.raises(PowerCut):
        play(study(), tmp_path, cut)
    path = tmp_path / CELLS
    path.write_bytes(path.read_bytes()[:-40])  # the last line was being written
    kept = [outcome.key for outcome in read_outcomes(path)]
    assert kept == calls[:4]
    taken = []
    again = play(study(), tmp_path, lambda outcome, is_stored: taken.append(outcome.key) if is_stored else None)
    assert rows(again) == rows(played[1])
    assert set(kept) <= set(taken)


def test_a_lost_order_table_is_made_again(played, tmp_path):
    first = play(study(), tmp_path, lambda *_: None)
    lost = orders_path(tmp_path, first[0].id)
    content = OrderTable.load(lost)
    lost.unlink()
    play(study(), tmp_path, lambda *_: None)
    assert OrderTable.load(lost).costs.tolist() == content.costs.tolist()


def test_damaged_order_table_is_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match="orders file"):
        OrderTable.load(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"variants": {}, "sensitivities": None, "routers": ["myopic"]}, "something to compare"),
        ({"variants": ["stock east -60%"]}, "names with their changes"),
        ({"variants": {"a": 3}}, "a list of changes"),
        ({"variants": {"baseline": []}}, "only once"),
        ({"variants": {"demand_low": []}}, "only once"),
        ({"variants": {"a": ["router nobody"]}}, "agent = 'nobody'"),
        ({"variants": {"a": ["warehouse eats closed"]}}, "Did you mean 'east'"),
        ({"sensitivities": {"demand": ["demand all -30%"]}}, "two changes"),
        ({"sensitivities": {"demand": ["router fastest", "router nearest"]}}, "no router"),
        ({"sensitivities": "all"}, "default, or names"),
        ({"replications": 0}, "replications = 0"),
        ({"split": "training"}, "split = 'training'"),
        ({"routers": ["myopic", "myopic"]}, "each agent once"),
        ({"env": {"clock": "sundial"}}, "env.clock"),
    ],
)
def test_studies_that_cannot_be(changes, words):
    with pytest.raises(InputError, match="(?i)" + words):
        study(**changes)


CAPPED = {"scenario": {"name": "metro-small", "max_orders": 200}, "sensitivities": {}, "replications": 1}


@pytest.mark.parametrize("percent", ["+10%", "-10%"])
def test_a_change_of_demand_beside_a_cut_baseline_is_refused(percent):
    """More demand would be compared without the limit, and less with orders that come later instead."""
    for changes in (
        {"variants": {"rush": ["stock all -10%", f"demand all {percent}"]}},
        {"variants": {}, "sensitivities": {"demand": [f"demand all {percent}", "stock all -10%"]}},
    ):
        with pytest.raises(InputError, match=r"max_orders = 200.*seed 2000000") as caught:
            study(**{**CAPPED, **changes})
        assert "scenario.max_orders=null" in caught.value.remedy
    assert study(**CAPPED, variants={"short": ["stock all -10%"]}).num_cells == 4


def test_a_limit_that_cuts_nothing_leaves_a_change_of_demand_alone():
    """Trace 31 of ``tiny`` has 31 orders, one more than the scenario plays; those before have 30 at most."""
    rush = {"variants": {"rush": ["demand all +80%"]}, "sensitivities": {}, "replications": 1}
    with pytest.raises(InputError, match=r"max_orders = 30.*31 orders"):
        study(**rush, first=31)
    for found in (study(**rush, first=30), study(**rush, first=31, scenario={"name": "tiny", "max_orders": None})):
        plain, more = (found.source(entry.variant).load(0).future.orders["luck_key"] for entry in found.entries)
        assert set(plain.tolist()) < set(more.tolist())
        assert len(plain) < len(more) < 3 * len(plain)


def test_no_orders_are_refused(tmp_path):
    with pytest.raises(InputError, match="0 orders"):
        play(study(variants={"none": ["demand all -100%"]}), tmp_path, lambda *_: None)


def test_default_sensitivities_fit_every_network():
    found = study(sensitivities="default", scenario={"name": "metro-small"}, variants={}).sensitivities
    assert len(found) == 7
    assert all(len(bar.low.changes) == len(bar.high.changes) == 1 for bar in found)


def test_automatic_names_follow_the_study_alone():
    name = automatic_name(SETTINGS)
    assert name.startswith("tiny-")
    assert automatic_name({**SETTINGS, "workers": 7}) == name
    assert automatic_name({**SETTINGS, "replications": 3}) != name
