"""The stream in time: its unbroken part, its splits, and the windows that traces are cut from."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS
from scenarios.olist.clock import local_dates, midnight
from scenarios.olist.outcomes import Outcomes

SPLIT_SHARES = {"training": 0.6, "validation": 0.2, "test": 0.2}
"""Shares of the days, one after the other in time."""

FORECAST_DAYS = 28
"""Whoever plans a window knows the mean daily orders of so many days before it."""

_WEEK = 7
_QUIET = 0.05  # of the median week


@dataclass(frozen=True, slots=True)
class Period:
    """Local days ``first..last`` of one split."""

    split: str
    first: date
    last: date

    @property
    def begin(self) -> int:
        """UTC seconds of the first local midnight."""
        return midnight(self.first)

    @property
    def end(self) -> int:
        """UTC seconds of the midnight after the last day."""
        return midnight(self.last + timedelta(days=1))


def unbroken(days: np.ndarray) -> tuple[date, date]:
    """The longest run of days in which every week has orders.

    A day counts if the seven days around it hold at least 5 % of the median such week; so the few orders of the
    marketplace's first months and the trickle after its last are left out.

    Args:
        days: ``datetime64[D]`` of the orders, at least one.
    """
    first = days.min()
    counts = np.bincount((days - first).astype(np.int64))
    weeks = np.convolve(counts, np.ones(_WEEK), mode="full")[_WEEK // 2 : _WEEK // 2 + len(counts)]
    is_busy = (weeks >= max(1.0, _QUIET * float(np.median(weeks[weeks > 0])))) & (weeks > 0)
    best = (0, 0)
    start = 0
    for busy, group in itertools.groupby(is_busy.tolist()):
        length = len(list(group))
        if busy and length > best[1] - best[0]:
            best = (start, start + length)
        start += length
    filled = np.flatnonzero(counts[best[0] : best[1]]) + best[0]
    return (first + filled[0]).astype(object), (first + filled[-1]).astype(object)


def split_periods(first: date, last: date) -> dict[str, Period]:
    """Training, validation and test, in this sequence and without overlap."""
    num_days = (last - first).days + 1
    edges = [0, *(round(num_days * share) for share in itertools.accumulate(SPLIT_SHARES.values()))]
    return {
        split: Period(split, first + timedelta(days=low), first + timedelta(days=high - 1))
        for split, (low, high) in zip(SPLIT_SHARES, itertools.pairwise(edges), strict=True)
    }


def assign(placed_at: np.ndarray, outcomes: Outcomes, is_usable: np.ndarray) -> dict[str, Period]:
    """The periods of the usable orders; orders outside them get their reason.

    Args:
        placed_at: UTC seconds of all rows of the orders table, NaN where not known.
        outcomes: of the orders table.
        is_usable: bool, same shape.

    Raises:
        InputError: no usable order at all.
    """
    if not is_usable.any():
        refused = {reason: rows for reason, rows in outcomes.counts().items() if rows}
        raise InputError("rows of the orders table", refused, "usable orders", "check that the tables belong together")
    times = placed_at[is_usable].astype(np.int64)
    periods = split_periods(*unbroken(local_dates(times)))
    begin, end = periods["training"].begin, periods["test"].end
    outcomes.refuse(placed_at < begin, f"placed before the unbroken stream begins ({periods['training'].first})")
    outcomes.refuse(placed_at >= end, f"placed after the unbroken stream ends ({periods['test'].last})")
    return periods


def window_starts(period: Period, stream_first: date, horizon_days: int) -> np.ndarray:
    """UTC seconds of all local midnights at which a window of the period can begin, int64 ``(N,)``.

    The window ends within the period, and ``FORECAST_DAYS`` of the stream lie before it.

    Raises:
        InputError: the period is too short for such a window.
    """
    day = max(period.first, stream_first + timedelta(days=FORECAST_DAYS))
    starts = []
    while day <= period.last and midnight(day) + horizon_days * DAY_SECONDS <= period.end:
        starts.append(midnight(day))
        day += timedelta(days=1)
    if not starts:
        longest = (period.last - max(period.first, stream_first + timedelta(days=FORECAST_DAYS))).days + 1
        raise InputError(
            f"horizon_days of the {period.split} period ({period.first} to {period.last})",
            horizon_days,
            f"at most {max(0, longest)} days",
            "shorten the horizon or read more data",
        )
    return np.array(starts, np.int64)
