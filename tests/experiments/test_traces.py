"""Seeds of the right split, files of one scenario, and what must be said beside a result."""

from __future__ import annotations

import pytest

from agents.forecast.history import History
from agents.registry import FORECASTERS
from experiments.cell import Contestant, check_forecasters
from experiments.settings import ScenarioChoice
from experiments.traces import TraceSource, has_past, notes_of, notes_on_number, scenario_of, seeds_of
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.registry import load_scenario


def test_test_traces_are_unseen_ones():
    assert seeds_of("test", 0, 3) == (2_000_000, 2_000_001, 2_000_002)
    assert seeds_of("validation", 5, 2) == (1_000_005, 1_000_006)


def test_training_traces_are_refused():
    with pytest.raises(InputError, match="test, validation"):
        seeds_of("training", 0, 1)


def test_a_split_ends():
    with pytest.raises(InputError, match="at most 1"):
        seeds_of("validation", 999_999, 2)


@pytest.fixture
def olist(real_data) -> ScenarioChoice:
    """Windows of a stream: one log for all test seeds, and other days of it for each."""
    folder = real_data / "olist_sample"
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not in the folder of real data")
    return ScenarioChoice("olist-pooled", {"data": str(folder)})


def test_overrides_reach_the_scenario():
    source = TraceSource(ScenarioChoice("tiny", {"max_orders": 2}), (7,))
    assert source.load(0).num_orders == 2
    with pytest.raises(InputError, match="max_orders"):
        TraceSource(ScenarioChoice("tiny", {"max_oders": 2}), (7,)).load(0)


def test_files_are_loaded_and_must_be_of_one_scenario(tmp_path):
    for name in ("tiny", "toy-scarce"):
        draw_trace(load_scenario(name), 2_000_000).save(tmp_path / f"{name}.npz")
    paths = tuple(str(tmp_path / f"{name}.npz") for name in ("tiny", "toy-scarce"))
    source = TraceSource(files=paths)
    assert len(source) == 2
    assert source.load(0).scenario_id.startswith("tiny@")
    with pytest.raises(InputError, match="one scenario at a time"):
        source.check()


def test_files_of_one_scenario_with_other_settings_are_refused(tmp_path):
    """Ids know nothing of overrides."""
    for number, settings in enumerate(({}, {}, {"carbon_kg_millicents": 5_000_000})):
        draw_trace(load_scenario("tiny", **settings), 2_000_000 + number).save(tmp_path / f"{number}.npz")
    paths = tuple(str(tmp_path / f"{number}.npz") for number in range(3))
    TraceSource(files=paths[:2]).check()
    with pytest.raises(InputError, match="with the same settings") as caught:
        TraceSource(files=paths).check()
    assert caught.value.key == "trace_files[2]"


def test_single_lines_and_training_seeds_are_said():
    notes = notes_of(draw_trace(load_scenario("tiny"), 2_000_000), ScenarioChoice("tiny"), [2_000_000, 3, -1])
    assert "100.0 % of the orders hold one line" in notes[0]
    assert "training seed" in notes[1]
    plain = draw_trace(load_scenario("metro-small"), 2_000_000)
    assert notes_of(plain, ScenarioChoice("metro-small"), [2_000_000, -1]) == []


@pytest.mark.parametrize(("number", "is_said"), [(1, False), (2, True), (9, True), (10, False)])
def test_an_interval_over_few_is_said_to_be_rough(number, is_said):
    assert bool(notes_on_number(number, "traces")) is is_said


def test_that_all_traces_of_a_log_hold_the_same_orders_is_said():
    notes = notes_of(draw_trace(load_scenario("tables"), 2_000_000), ScenarioChoice("tables"), [2_000_000])
    assert any("only luck differs" in note for note in notes)
    for name in ("jasin-sinha", "toy-promotion"):  # another log for each seed; orders of the promotion by seed
        others = notes_of(draw_trace(load_scenario(name), 2_000_000), ScenarioChoice(name), [2_000_000])
        assert not any("only luck differs" in note for note in others)


def test_orders_of_other_windows_are_not_said_to_be_the_same(olist):
    trace = draw_trace(scenario_of(olist), 2_000_000)
    assert trace.num_orders != draw_trace(scenario_of(olist), 2_000_001).num_orders
    assert not any("only luck differs" in note for note in notes_of(trace, olist, [2_000_000, 2_000_001]))


@pytest.mark.parametrize(("name", "expected"), [("tiny", True), ("jasin-sinha", True), ("tables", False)])
def test_a_past_is_known_to_be_one_before_a_router_is_made(name, expected):
    scenario = load_scenario(name)
    assert has_past(scenario) is expected
    try:
        History(scenario, num_traces=2)
    except InputError:
        assert not expected
    else:
        assert expected


def test_routers_may_forecast_from_other_windows_of_a_stream(olist):
    scenario = scenario_of(olist)
    for spec in FORECASTERS:
        check_forecasters("agents", [Contestant(spec, spec, spec, False)], scenario, "compiled")
    assert History(scenario, num_traces=2).traces


def test_files_of_other_windows_are_of_one_scenario_unless_settings_differ(olist, tmp_path):
    seeds = (2_000_000, 2_000_001, 1_000_000)
    for seed in seeds:
        draw_trace(scenario_of(olist), seed).save(tmp_path / f"{seed}.npz")
    paths = tuple(str(tmp_path / f"{seed}.npz") for seed in seeds)
    TraceSource(files=paths).check()
    dearer = ScenarioChoice(olist.name, {**olist.overrides, "carbon_kg_millicents": 5_000_000})
    draw_trace(scenario_of(dearer), 2_000_002).save(tmp_path / "dearer.npz")
    with pytest.raises(InputError, match="with the same settings"):
        TraceSource(files=(*paths, str(tmp_path / "dearer.npz"))).check()
