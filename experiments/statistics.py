"""Paired statistics over traces: bootstrap intervals, tail means, the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtr

from scenarios.errors import InputError

RESAMPLES = 10_000
LEVEL = 0.95
TAIL = 0.05


class Interval(NamedTuple):
    """A mean and its confidence interval; ``low`` and ``high`` are None for fewer than two values."""

    mean: float
    low: float | None
    high: float | None

    @property
    def excludes_zero(self) -> bool:
        """Whether the mean can be told from zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def bootstrap_interval(values: np.ndarray, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Mean with its bias-corrected and accelerated (BCa) bootstrap interval.

    Source: Efron 1987, "Better bootstrap confidence intervals", JASA 82; Efron and Tibshirani 1993, eq. 14.10, 14.14
    and 14.15.

    Args:
        values: float (n,), independent, such as one paired difference a trace.
        level: coverage, between 0 and 1.
        resamples: bootstrap samples.
        seed: of the resampling, so that a report can be remade.

    Raises:
        InputError: no values, or one that is not finite.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
        raise InputError("values", values.tolist(), "a list of finite numbers, at least one", "evaluate again")
    mean, size = float(values.mean()), len(values)
    if size < 2:
        return Interval(mean, None, None)
    spread = float(values.max() - values.min())
    if spread <= 1e-12 * max(1.0, abs(mean)):
        return Interval(mean, mean, mean)
    means = values[_draws(size, resamples, seed)].mean(axis=1)
    below = (means < mean).mean() + 0.5 * (means == mean).mean()
    bias = ndtri(np.clip(below, 0.5 / resamples, 1 - 0.5 / resamples))
    influence = (values - mean) / (size - 1)  # mean minus each leave-one-out mean
    acceleration = (influence**3).sum() / (6 * (influence**2).sum() ** 1.5)
    wanted = bias + ndtri([(1 - level) / 2, (1 + level) / 2])
    levels = ndtr(bias + wanted / (1 - acceleration * wanted))
    low, high = np.quantile(means, levels)
    return Interval(mean, float(low), float(high))


@lru_cache(maxsize=2)
def _draws(size: int, resamples: int, seed: int) -> np.ndarray:
    """Positions of the bootstrap samples, the same for every metric; int64 (resamples, size), read-only."""
    draws = np.random.default_rng(seed).integers(0, size, (resamples, size))
    draws.flags.writeable = False
    return draws


def paired_p_value(differences: np.ndarray) -> float | None:
    """Two-sided p-value of the paired t-test that the mean difference is zero; None for fewer than two values.

    Differences that are all the same number give 1 if it is zero, else 0.

    Args:
        differences: float (n,), independent.
    """
    differences = np.asarray(differences, np.float64)
    if len(differences) < 2:
        return None
    mean, error = float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(len(differences)))
    if error <= 1e-12 * abs(mean) or error == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return float(2.0 * stdtr(len(differences) - 1, -abs(mean / error)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: one below 0.05 stands although so many differences were looked at.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.
    """
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.minimum(1.0, np.maximum.accumulate((len(values) - np.arange(len(values))) * values[order]))
    adjusted = np.empty(len(values))
    adjusted[order] = steps
    return [float(value) for value in adjusted]


def tail_mean(costs: np.ndarray, share: float = TAIL) -> float:
    """Mean of the dearest ``share`` of the orders (conditional value at risk), at least one order.

    Args:
        costs: float (n,), n at least 1.
        share: above 0, at most 1.
    """
    count = max(1, round(share * len(costs)))
    return float(np.sort(np.asarray(costs, np.float64))[-count:].mean())


def pareto_front(points: np.ndarray) -> np.ndarray:
    """Which rows no other row beats: bool (n,).

    Args:
        points: float (n, goals); lower is better in every column.
    """
    no_worse = (points[:, None, :] <= points[None, :, :]).all(axis=2)
    better = (points[:, None, :] < points[None, :, :]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))
