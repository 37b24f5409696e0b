"""Promises: the end of a local day, for many orders at once."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from scenarios.demand import Promise
from scenarios.local_time import local_days, minutes_of, utc_of, zone_of

_END_OF_DAY = 24 * 60


def promise_times(
    promises: tuple[Promise, ...], zones: tuple[str, ...], rule: np.ndarray, region: np.ndarray, placed_at: np.ndarray
) -> np.ndarray:
    """When each order is promised, UTC seconds.

    Args:
        promises: the rules.
        zones: IANA name of each region's clock.
        rule: int64 (N,), position in ``promises``.
        region: int64 (N,), position in ``zones``.
        placed_at: int64 (N,), UTC seconds.

    Returns:
        int64 (N,).
    """
    promised = np.zeros(len(placed_at), np.int64)
    if not len(placed_at):
        return promised
    names = sorted(set(zones))
    number = np.array([names.index(name) for name in zones])[region]
    for position, name in enumerate(names):
        chosen = np.flatnonzero(number == position)
        zone = zone_of("time_zone", name)
        days = local_days(zone, int(placed_at.min()), int(placed_at.max()))
        begins = np.array([utc_of(zone, day, 0) for day in days])
        cutoffs = np.array(
            [[utc_of(zone, day, minutes_of("cutoff", promise.cutoff)) for day in days] for promise in promises]
        )
        ends = np.array(
            [
                [
                    [utc_of(zone, promised_day(promise, day, late), _END_OF_DAY) for late in (False, True)]
                    for day in days
                ]
                for promise in promises
            ]
        )
        rules, day = rule[chosen], np.searchsorted(begins, placed_at[chosen], side="right") - 1
        is_late = placed_at[chosen] >= cutoffs[rules, day]
        promised[chosen] = ends[rules, day, is_late.astype(np.int64)]
    return promised


def _table(promises: tuple[Promise, ...], zone: ZoneInfo, days: list[date]) -> tuple[np.ndarray, np.ndarray]:
    """UTC seconds of each rule's cutoff on each day, and of the promise before and after it."""
    cutoffs, ends = np.zeros((len(promises), len(days)), np.int64), np.zeros((len(promises), len(days), 2), np.int64)
    for rule, promise in enumerate(promises):
        minutes = minutes_of("cutoff", promise.cutoff)
        for position, day in enumerate(days):
            cutoffs[rule, position] = utc_of(zone, day, minutes)
            for is_late in (False, True):
                ends[rule, position, int(is_late)] = utc_of(zone, promised_day(promise, day, is_late), _END_OF_DAY)
    return cutoffs, ends


def promised_day(promise: Promise, day: date, is_after_cutoff: bool) -> date:
    """The local day at whose end an order of ``day`` is promised."""
    step = timedelta(days=1)
    if is_after_cutoff:
        day += step
    while day.weekday() in promise.skip_weekdays:
        day += step
    for _ in range(promise.days):
        day += step
        while day.weekday() in promise.skip_weekdays:
            day += step
    return day
