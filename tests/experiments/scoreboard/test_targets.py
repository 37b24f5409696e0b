"""Targets, reached, missed and not decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.scoreboard.pages.summaries import corrected
from experiments.scoreboard.statistics import Gap, difference_of
from experiments.scoreboard.targets import Summary, Volume, is_kept, is_win, verdicts
from experiments.statistics import Interval
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE


def summary(scenario: str, percent: float, share: float = 0.5, spread: float = 0.1, **values) -> Summary:
    table = percent + spread * np.random.default_rng(0).normal(size=(5, 100))
    upper = np.full(100, 10.0)
    made = Summary(
        scenario,
        "dual",
        5,
        100,
        difference_of(table - table.mean() + percent),
        p_holm=0.001,
        left_by_dual=Gap(upper, np.full((5, 100), 10.0 - share), upper - 1.0),
        training_minutes=(4.0,) * 5,
    )
    return replace(made, **values)


def judged(summaries, volumes=(), fronts=("misplaced-scarce",)):
    wins, gap, kept, exact, *rest = verdicts(summaries, volumes, fronts)
    return {"wins": wins, "gap": gap, "kept": kept, "exact": exact, "front": rest[0], "training": rest[-2]}


@pytest.mark.parametrize(
    ("percent", "spread", "p_holm", "is_won"),
    [
        (-1.2, 0.1, 0.01, True),
        (-0.9, 0.1, 0.01, False),
        (-1.2, 0.1, 0.06, False),
        (-1.2, 60.0, 0.01, False),
        (0.4, 0.1, 0.01, False),
    ],
)
def test_a_win_is_large_and_sure(percent, spread, p_holm, is_won):
    assert is_win(summary("peak-regime", percent, spread=spread, p_holm=p_holm)) is is_won


def test_few_seeds_or_traces_decide_nothing():
    for few in ({"num_seeds": 4}, {"num_traces": 99}):
        assert is_win(summary("peak-regime", -5.0, **few)) is None
        assert is_kept(summary("tiny", 5.0, **few)) is None


def test_rivals_that_have_not_played_leave_it_open():
    assert is_win(summary("peak-regime", -5.0, absent=("dual",))) is None
    volume = Volume("misplaced-scarce", "myopic", Interval(9.0, 8.0, 10.0), 5, 100, True)
    assert judged([], [volume])["front"].is_reached is True
    verdict = judged([], [replace(volume, absent=("dual",))])["front"]
    assert verdict.is_reached is None
    assert verdict.numbers.endswith("not played in full: dual")


def test_every_training_counts():
    found = [summary("peak-regime", -5.0)]
    assert verdicts(found, (), (), [9.9])[-2].is_reached is True
    assert verdicts(found, (), (), [10.1])[-2].is_reached is False


def test_what_the_best_other_router_closes_stands_beside():
    found = [summary(name, -2.0, left_to_rival=0.2) for name in WINNABLE]
    assert judged(found)["gap"].numbers.endswith("; the best other routers 20.0 %")


def test_four_of_six_are_needed():
    four = [summary(name, -2.0 if number < 4 else +1.0) for number, name in enumerate(WINNABLE)]
    assert judged(four)["wins"].is_reached is True
    three = [summary(name, -2.0 if number < 3 else +1.0) for number, name in enumerate(WINNABLE)]
    assert judged(three)["wins"].is_reached is False
    assert judged(three)["wins"].word == "**not reached**"
    assert judged(three[:5])["wins"].is_reached is None  # the sixth may still win
    assert judged(three[:5])["wins"].numbers.endswith("1 not decided")
    assert judged(four[:4])["wins"].is_reached is True
    lost = [summary(name, +1.0) for name in WINNABLE[:3]]
    assert judged(lost)["wins"].is_reached is False  # three cannot make four


def test_the_gap_is_averaged_over_the_whole_group():
    assert judged([summary(name, -2.0, share=0.3) for name in WINNABLE])["gap"].is_reached is True
    missed = judged([summary(name, -2.0, share=0.2) for name in WINNABLE])["gap"]
    assert missed.is_reached is False
    assert missed.numbers.startswith("20.0 %")
    assert judged([summary(name, -2.0) for name in WINNABLE[:5]])["gap"].is_reached is None


def test_nothing_may_be_lost_anywhere():
    fine = [summary(name, +0.19) for name in SANITY]
    assert judged(fine)["kept"].is_reached is True
    assert judged([*fine[:-1], summary(SANITY[-1], +0.21)])["kept"].is_reached is False
    assert judged(fine[:-1])["kept"].is_reached is None
    assert judged([summary(SANITY[0], 3.0)])["kept"].is_reached is False


def test_the_slowest_exported_decision_counts():
    def verdict(*times):
        found = [summary(name, 0.0, decision_us=us) for name, us in zip(names, times, strict=False)]
        return verdicts(found, (), ())[-1]

    names = (*WINNABLE, *SANITY, *LITERATURE)
    assert verdict(80.0, 99.0, *[90.0] * 10).is_reached is True
    assert verdict(80.0, 99.0, *[90.0] * 9).is_reached is None
    assert verdict(80.0, 99.0, None, *[90.0] * 9).is_reached is None
    assert verdict(80.0, 101.0, None).is_reached is False
    assert verdict(80.0, 101.0).is_reached is False
    assert verdict(80.0, 101.0).numbers.startswith(f"101 us on {WINNABLE[1]}, the slowest of 2")
    assert verdict(None).numbers == "not run"


@pytest.mark.parametrize(("above", "is_reached"), [(0.9, True), (1.1, False)])
def test_tiny_lies_beside_the_optimum(above, is_reached):
    assert judged([summary("tiny", 0.0, above_optimum=Interval(above, None, None))])["exact"].is_reached is is_reached
    assert judged([summary("tiny", 0.0)])["exact"].numbers == "not run"


@pytest.mark.parametrize(
    ("gain", "is_conditioned", "is_reached"), [(5.1, True, True), (4.9, True, False), (9.0, False, None)]
)
def test_the_front_counts_for_a_conditioned_policy_only(gain, is_conditioned, is_reached):
    volume = Volume("misplaced-scarce", "dual", Interval(gain, gain - 1, gain + 1), 5, 100, is_conditioned)
    assert judged([], [volume])["front"].is_reached is is_reached
    assert judged([], [replace(volume, num_seeds=3)])["front"].is_reached is None
    assert judged([])["front"].numbers == "not run"


def test_a_front_is_above_only_beyond_doubt():
    volume = Volume("misplaced-scarce", "dual", Interval(5.5, -10.4, 21.3), 5, 100, True)
    verdict = judged([], [volume])["front"]
    assert verdict.is_reached is False
    assert verdict.numbers == (
        "+5.5 % [-10.4, +21.3] over 5 seeds against dual, 100 traces; above in the mean, not beyond doubt"
    )
    assert judged([], [replace(volume, num_traces=11)])["front"].is_reached is None
    sure = judged([], [replace(volume, gain=Interval(5.5, 3.5, 7.3))])["front"]
    assert sure.is_reached is True
    assert "doubt" not in sure.numbers


def test_trainings_have_a_limit():
    assert judged([summary("tiny", 0.0)])["training"].is_reached is True
    assert judged([summary("tiny", 0.0, training_minutes=(4.0, 10.5))])["training"].is_reached is False


def test_p_values_are_corrected_over_the_board():
    found = [summary("tiny", 0.0), summary("two-tier", 0.0), summary("peak-regime", 0.0)]
    p_values = (0.01, 0.04, None)
    found = [replace(one, percent=one.percent._replace(p_value=p)) for one, p in zip(found, p_values, strict=True)]
    assert [one.p_holm for one in corrected(found)] == [0.02, 0.04, None]
