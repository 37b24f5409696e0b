"""Hourly load is what counting second by second gives."""

from __future__ import annotations

import numpy as np

from experiments.portrait import HOUR, _by_hour


def test_seconds_by_hour_are_counted_right():
    random = np.random.default_rng(3)
    start = random.integers(0, 6 * HOUR, 40)
    end = start + random.integers(0, 3 * HOUR, 40)
    row = random.integers(0, 3, 40)
    wanted = np.zeros((3, 5))
    for first, last, place in zip(start, end, row, strict=True):
        for second in range(first, min(last, 5 * HOUR)):
            wanted[place, second // HOUR] += 1
    assert _by_hour(start, end, row, 3, 5).tolist() == wanted.tolist()


def test_no_work_is_no_load():
    none = np.zeros(0, np.int64)
    assert _by_hour(none, none, none, 2, 4).tolist() == np.zeros((2, 4)).tolist()
