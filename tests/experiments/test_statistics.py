"""Intervals that cover what they promise, and hand-worked tails and fronts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.statistics import Interval, bootstrap_interval, holm, paired_p_value, pareto_front, tail_mean
from scenarios.errors import InputError


def test_agrees_with_scipy_on_skewed_values():
    values = np.random.default_rng(5).lognormal(size=25)
    ours = bootstrap_interval(values, resamples=5_000, seed=3)
    drawn_alike = np.random.default_rng(3)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=5_000, method="BCa", rng=drawn_alike).confidence_interval
    assert ours == pytest.approx((values.mean(), theirs.low, theirs.high), rel=1e-9)


def test_covers_the_true_mean_about_as_often_as_promised():
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(300):
        interval = bootstrap_interval(random.normal(3.0, 2.0, 20), resamples=800)
        hits += interval.low <= 3.0 <= interval.high
    assert 0.89 <= hits / 300 <= 0.98


def test_same_values_same_interval():
    values = np.random.default_rng(1).random(12)
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)


def test_interval_is_narrower_at_a_lower_level():
    values = np.random.default_rng(2).random(30)
    wide, narrow = bootstrap_interval(values, 0.99), bootstrap_interval(values, 0.5)
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high


def test_one_value_has_no_interval():
    assert bootstrap_interval(np.array([2.5])) == Interval(2.5, None, None)
    assert not Interval(2.5, None, None).excludes_zero


def test_equal_values_have_an_interval_of_no_width():
    assert bootstrap_interval(np.full(5, -1.5)) == Interval(-1.5, -1.5, -1.5)


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [np.inf, 0.0], [[1.0, 2.0]]])
def test_refuses_what_has_no_mean(values):
    with pytest.raises(InputError, match="finite numbers"):
        bootstrap_interval(np.array(values, float))


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False), (0.0, 0.1, False)]
)
def test_excludes_zero(low, high, expected):
    assert Interval((low + high) / 2, low, high).excludes_zero is expected


def test_tail_mean_is_the_mean_of_the_dearest():
    costs = np.arange(1.0, 101.0)
    assert tail_mean(costs) == 98.0  # 96..100
    assert tail_mean(np.array([1.0, 9.0])) == 9.0  # at least one order
    assert tail_mean(costs, 1.0) == costs.mean()


def test_pareto_front_by_hand():
    points = np.array([[1, 5, 1], [2, 2, 2], [3, 3, 3], [5, 1, 9], [2, 2, 2]])
    assert pareto_front(points).tolist() == [True, True, False, True, True]


def test_p_value_agrees_with_scipy():
    gaps = np.random.default_rng(4).normal(0.3, 1.0, 12)
    assert paired_p_value(gaps) == pytest.approx(stats.ttest_1samp(gaps, 0.0).pvalue)


def test_p_value_of_equal_or_too_few_differences():
    assert paired_p_value(np.zeros(5)) == 1.0
    assert paired_p_value(np.full(5, 0.1)) == 0.0
    assert paired_p_value(np.array([0.1])) is None


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_rejects_at_most_as_much_as_each_alone():
    values = np.random.default_rng(6).random(40)
    adjusted = np.array(holm(values.tolist()))
    assert (adjusted >= values).all()
    assert (np.diff(adjusted[np.argsort(values)]) >= 0).all()
