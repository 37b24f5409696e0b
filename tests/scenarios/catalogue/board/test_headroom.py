"""The measure of headroom itself: every probe plays, and differences are paired."""

import pytest

from benchmarks.headroom import Headroom, paired, play, probes
from scenarios import load_scenario
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
    assert ("hold once up to 1 lines" in names) == (name == "toy-hold")


def metrics_of(*costs):
    rates = {"num_orders": 1_000.0, "otif_rate": 0.9, "split_rate": 0.1, "utilisation": 0.5}
    return [{"cost_per_order": cost, **rates} for cost in costs]


def test_differences_are_paired():
    """Whatever traces have in common leaves no uncertainty."""
    assert paired(metrics_of(1.0, 3.0), metrics_of(2.0, 4.0)) == "-33.33 ± 0.00 %"


def test_a_line_and_a_table():
    shown = {"myopic": metrics_of(5.0, 5.0), "cheapest": metrics_of(4.0, 4.0)}
    found = Headroom("some-world@1", shown, "cheapest", "a probe", metrics_of(3.0, 3.0), bound=2.0)
    assert found.line() == (
        "| some-world@1 | 1,000 | 5.000 | cheapest 4.000 | 90.0 % | 10.0 % | 50.0 % "
        "| a probe: -25.00 ± 0.00 % | 100.0 % |"
    )
    assert "| myopic | 5.000 | 0.900 | 0.100 | 0.500 | +25.00 ± 0.00 % |" in found.table()
