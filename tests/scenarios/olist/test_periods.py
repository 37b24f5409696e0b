from __future__ import annotations

import itertools
from datetime import date, timedelta

import numpy as np
import pytest

from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS
from scenarios.olist.periods import FORECAST_DAYS, split_periods, unbroken, window_starts


def days(*runs: tuple[str, int, int]) -> np.ndarray:
    """Runs of (first day, number of days, orders a day)."""
    return np.concatenate([np.repeat(np.datetime64(first) + np.arange(count), rate) for first, count, rate in runs])


def test_the_stream_is_the_longest_run_without_an_empty_week():
    stream = days(("2016-10-03", 8, 20), ("2016-12-23", 1, 1), ("2017-01-05", 100, 10))
    assert unbroken(stream) == (date(2017, 1, 5), date(2017, 4, 14))


def test_a_trickle_at_the_end_is_left_out():
    stream = days(("2017-01-05", 100, 40), ("2017-04-15", 30, 1))
    first, last = unbroken(stream)
    assert first == date(2017, 1, 5)
    assert date(2017, 4, 14) <= last <= date(2017, 4, 18)


def test_a_single_day_is_a_stream():
    assert unbroken(days(("2017-01-05", 1, 1))) == (date(2017, 1, 5), date(2017, 1, 5))


def test_splits_follow_one_another_without_gap_or_overlap():
    periods = list(split_periods(date(2017, 1, 1), date(2018, 4, 30)).values())
    assert [period.split for period in periods] == ["training", "validation", "test"]
    assert periods[0].first == date(2017, 1, 1)
    assert periods[-1].last == date(2018, 4, 30)
    for before, after in itertools.pairwise(periods):
        assert after.first == before.last + timedelta(days=1)
        assert after.begin == before.end


def test_windows_lie_within_their_period_and_after_the_forecast_days():
    first = date(2017, 1, 1)
    periods = split_periods(first, date(2018, 4, 30))
    for period in periods.values():
        starts = window_starts(period, first, 14)
        assert (starts >= period.begin).all()
        assert (starts + 14 * DAY_SECONDS <= period.end).all()
        assert len(np.unique(starts)) == len(starts) > 50
    starts = window_starts(periods["training"], first, 14)
    assert starts[0] - periods["training"].begin == FORECAST_DAYS * DAY_SECONDS


def test_a_period_too_short_says_how_long_a_window_may_be():
    first = date(2017, 5, 1)
    period = split_periods(first, date(2017, 8, 8))["test"]
    with pytest.raises(InputError, match="at most 20 days") as caught:
        window_starts(period, first, 21)
    assert caught.value.value == 21
    assert len(window_starts(period, first, 20)) == 1
