"""The measure of headroom itself: every probe plays, and differences are paired."""

from dataclasses import replace

import pytest

from agents import agent_names
from agents.registry import FORECASTERS
from benchmarks.headroom import HEADER, WHOLE_COST, Headroom, measure, paired, play, probes, student
from scenarios import load_scenario
from scenarios.errors import InputError
from scenarios.seeds import VALIDATION


@pytest.mark.parametrize("name", ["tiny", "toy-hold", "toy-regime"])
def test_every_probe_plays(name):
    scenario = load_scenario(name)
    trials = probes(scenario)
    assert len({trial.name for trial in trials}) == len(trials)
    for trial in trials:
        (metrics,) = play(scenario, trial, VALIDATION[:1], 1)
        assert metrics["cost_per_order"] > 0, trial.name
    names = {trial.name for trial in trials}
    assert ("doubting" in names) == (name == "toy-regime")


def metrics_of(*costs):
    rates = {"num_orders": 1_000.0, "otif_rate": 0.9, "split_rate": 0.1, "utilisation": 0.5}
    return [{"cost_per_order": cost, WHOLE_COST: cost + 1.0, **rates} for cost in costs]


def test_differences_are_paired():
    """Whatever traces have in common leaves no uncertainty."""
    assert paired(metrics_of(1.0, 3.0), metrics_of(2.0, 4.0)) == "-33.33 ± 0.00 %"


def test_a_line_and_a_table():
    shown = {"myopic": metrics_of(5.0, 5.0), "cheapest": metrics_of(4.0, 4.0)}
    found = Headroom("some-world@1", shown, "cheapest", "a probe", metrics_of(3.0, 3.0), bound=2.0)
    assert found.line() == (
        "| some-world@1 | 1,000 | 5.000 | cheapest 4.000 | 90.0 % | 10.0 % | 50.0 % "
        "| a probe: -25.00 ± 0.00 % | 150.0 % |"
    )
    assert "| myopic | 5.000 | 0.900 | 0.100 | 0.500 | +25.00 ± 0.00 % |" in found.table()


def test_intervals_are_as_wide_as_few_traces_need():
    """Two-sided 95 % points of Student's t, from any table of it."""
    assert [round(student(count), 3) for count in (2, 5, 20, 1_000_000)] == [12.706, 2.776, 2.093, 1.96]


def test_the_whole_cost_counts_the_warm_up():
    """As the bound does: at a warm-up that ends in the middle both ways of counting differ."""
    scenario = load_scenario("tiny")
    late = replace(scenario, warmup_hours=12 * scenario.horizon_days)
    trial = probes(scenario)[0]
    ((whole,), (part,)) = (play(one, trial, VALIDATION[:1], 1) for one in (scenario, late))
    assert whole[WHOLE_COST] == pytest.approx(whole["cost_per_order"])
    assert part["num_orders"] < whole["num_orders"]
    assert part[WHOLE_COST] == whole[WHOLE_COST] != part["cost_per_order"]


@pytest.mark.parametrize("has_forecasters", [False, True])
def test_a_scenario_is_measured(has_forecasters):
    found = measure("tiny", 2, has_forecasters=has_forecasters)
    assert set(found.shown) == {*agent_names(), *(FORECASTERS if has_forecasters else ())}
    everybody = [*found.shown.values(), found.probed]
    assert {len(metrics) for metrics in everybody} == {2}
    assert 0 < found.bound <= min(sum(one[WHOLE_COST] for one in metrics) / 2 for metrics in everybody) + 1e-9
    assert found.line().startswith("| tiny@1 | ")
    assert found.line().count("|") == HEADER.splitlines()[0].count("|")


def test_one_trace_has_no_interval():
    with pytest.raises(InputError, match="at least 2"):
        measure("tiny", 1)
