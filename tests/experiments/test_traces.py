"""Seeds of the right split, files of one scenario, and what must be said beside a result."""

from __future__ import annotations

import pytest

from experiments.settings import ScenarioChoice
from experiments.traces import TraceSource, notes_of, notes_on_number, seeds_of
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
        source.load(1)


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
    others = notes_of(draw_trace(load_scenario("jasin-sinha"), 2_000_000), ScenarioChoice("jasin-sinha"), [2_000_000])
    assert not any("only luck differs" in note for note in others)  # another log for each seed
