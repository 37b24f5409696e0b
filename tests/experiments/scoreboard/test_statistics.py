"""Statistics of seeds and traces against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiments.scoreboard.pages.summaries import percent_of, router_percent
from experiments.scoreboard.statistics import Gap, difference_of, mean_share, scaled, share_of_gap, t_interval
from experiments.statistics import Interval, bootstrap_interval
from scenarios.errors import InputError


def test_the_t_interval_of_three_numbers():
    # mean 2, standard deviation 1, error 1/sqrt(3), t(2, 0.975) = 4.302653
    found = t_interval(np.array([1.0, 2.0, 3.0]))
    assert found.mean == 2.0
    assert found.low == pytest.approx(2 - 4.302653 / math.sqrt(3))
    assert found.high == pytest.approx(2 + 4.302653 / math.sqrt(3))
    assert t_interval(np.array([5.0])) == Interval(5.0, None, None)


def test_both_sources_of_chance_are_put_together():
    # seeds differ by 2, traces by 1, no interaction: rows 0, 1, 2 and 2, 3, 4
    table = np.array([[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]])
    found = difference_of(table)
    assert found.mean == 2.0
    # seed means 1 and 3: standard deviation sqrt(2), error 1, t(1, 0.975) = 12.7062
    assert found.over_seeds.high == pytest.approx(2 + 12.7062, abs=1e-3)
    assert found.over_traces == bootstrap_interval(np.array([1.0, 2.0, 3.0]))
    reach = math.hypot(12.7062, found.over_traces.high - 2.0)
    assert found.both.high == pytest.approx(2 + reach, abs=1e-3)
    # variances 1 and 1/3, t = 2 / sqrt(4/3) = sqrt(3), freedom (4/3)^2 / (1/1 + (1/9)/2) = 1.6842
    assert found.p_value == pytest.approx(0.2466, abs=2e-3)


def test_the_headline_is_wider_than_either_part():
    random = np.random.default_rng(3)
    table = random.normal(size=(5, 1)) + random.normal(size=(1, 40)) + random.normal(size=(5, 40))
    found = difference_of(table)
    for part in (found.over_seeds, found.over_traces):
        assert found.both.low < part.low
        assert found.both.high > part.high


def test_the_headline_covers_what_it_says():
    """Of 300 boards with known truth, between 93 and 100 % of the intervals hold it."""
    random, hits = np.random.default_rng(0), 0
    for _ in range(300):
        table = random.normal(size=(5, 1)) + 3 * random.normal(size=(1, 30)) + random.normal(size=(5, 30))
        found = difference_of(table)
        hits += found.both.low <= 0.0 <= found.both.high
    assert hits >= 0.93 * 300


def test_one_seed_or_no_spread():
    alone = difference_of(np.array([[1.0, 2.0, 3.0]]))
    assert alone.p_value is None
    assert alone.both == Interval(2.0, None, None)
    assert not alone.both.excludes_zero
    same = difference_of(np.full((2, 3), -1.0))
    assert (same.p_value, same.both.low, same.both.high) == (0.0, -1.0, -1.0)
    assert difference_of(np.zeros((2, 3))).p_value == 1.0


@pytest.mark.parametrize("table", [np.zeros((0, 3)), np.zeros(3), np.array([[np.nan, 1.0]])])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(InputError, match="seeds by traces"):
        difference_of(table)


def test_percent_is_of_the_mean_of_the_other():
    against = np.array([8.0, 12.0])
    assert percent_of(np.array([[7.0, 11.0], [9.0, 11.0]]), against).mean == pytest.approx(-5.0)
    assert router_percent(np.array([9.0, 13.0]), against).mean == pytest.approx(10.0)
    assert scaled(Interval(1.0, None, None), 2.0) == Interval(2.0, None, None)


def test_the_share_of_a_gap_is_a_ratio_of_means():
    upper, bound = np.array([10.0, 20.0]), np.array([8.0, 12.0])  # gaps 2 and 8
    assert share_of_gap(upper, np.array([9.0, 18.0]), bound) == pytest.approx(3 / 10)  # not (0.5 + 0.25) / 2
    assert share_of_gap(upper, np.array([[9.0, 18.0], [11.0, 20.0]]), bound) == pytest.approx(1 / 10)
    assert share_of_gap(upper, bound, bound) == 1.0
    assert share_of_gap(upper, bound, upper) is None
    assert share_of_gap(upper, bound, upper - 0.04) is None


def test_the_mean_share_and_its_interval():
    one = Gap(np.array([10.0, 20.0]), np.array([[9.0, 18.0]]), np.array([8.0, 12.0]))
    two = Gap(np.full(5, 10.0), np.full((2, 5), 9.0), np.full(5, 8.0))
    found = mean_share([one, two])
    assert found.mean == pytest.approx((0.3 + 0.5) / 2)
    # drawn again, the first share is one half, 0.3 or a quarter; the second never moves
    assert found.low == pytest.approx((0.25 + 0.5) / 2)
    assert found.high == pytest.approx((0.5 + 0.5) / 2)
    with pytest.raises(InputError, match="scenarios with a gap"):
        mean_share([Gap(np.ones(2), np.ones((1, 2)), np.ones(2))])
