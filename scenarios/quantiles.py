"""Quantile tables: every duration is a look-up, every expectation a prefix sum.

A table has ``TABLE_SIZE`` whole values with whole weights that sum to ``TABLE_WEIGHT``. The cells are
finer in the tail: 56 equal ones up to the 96th percentile, then edges at .97, .98, .985, .99, .993, .996,
.999 and 1. The value of a cell is the mean of the distribution inside the cell, so the mean of a table is
the mean of its distribution (up to rounding, and the extreme tail of the last cell).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from scenarios.checks import MAX_SECONDS, check_float, check_int, check_tuple
from scenarios.errors import InputError
from scenarios.network import TABLE_SIZE, TABLE_WEIGHT, TABLES

_TAIL = (0.97, 0.98, 0.985, 0.99, 0.993, 0.996, 0.999, 1.0)
_BODY = tuple(0.96 * cell / (TABLE_SIZE - len(_TAIL)) for cell in range(TABLE_SIZE - len(_TAIL) + 1))
EDGES = _BODY + _TAIL
"""Levels between the cells, ``TABLE_SIZE + 1`` numbers from 0 to 1."""

WEIGHTS = tuple(round(high * TABLE_WEIGHT) - round(low * TABLE_WEIGHT) for low, high in itertools.pairwise(EDGES))
"""Whole weights of the cells; they sum to ``TABLE_WEIGHT``."""

_POINTS = 64  # evaluations inside one cell


@dataclass(frozen=True, slots=True)
class QuantileTable:
    """A distribution on whole numbers (seconds, or thousandths of a factor).

    Attributes:
        values: ``TABLE_SIZE`` whole numbers, never descending, none negative.
        weights: ``TABLE_SIZE`` whole numbers above zero that sum to ``TABLE_WEIGHT``.
    """

    values: tuple[int, ...]
    weights: tuple[int, ...] = WEIGHTS

    def __post_init__(self) -> None:
        for key, numbers in (("table values", self.values), ("table weights", self.weights)):
            check_tuple(key, numbers, int)
            if len(numbers) != TABLE_SIZE:
                raise InputError(key, f"{len(numbers)} numbers", f"{TABLE_SIZE} numbers", "build it with a constructor")
        for value in self.values:
            check_int("table value", value, 0, MAX_SECONDS)
        for before, after in zip(self.values, self.values[1:], strict=False):
            if after < before:
                raise InputError("table value", after, f"at least {before}", "sort the quantiles")
        for weight in self.weights:
            check_int("table weight", weight, 1, TABLE_WEIGHT)
        if sum(self.weights) != TABLE_WEIGHT:
            raise InputError(
                "table weights", sum(self.weights), f"a sum of {TABLE_WEIGHT}", "build it with a constructor"
            )

    @property
    def mean(self) -> float:
        return sum(v * w for v, w in zip(self.values, self.weights, strict=True)) / TABLE_WEIGHT

    def row(self) -> np.ndarray:
        """The table as an array of ``TABLES``, shape ``(TABLE_SIZE,)``."""
        row = np.zeros(TABLE_SIZE, TABLES)
        row["value"], row["weight"] = self.values, self.weights
        row["weight_up_to"] = np.cumsum(row["weight"])
        row["moment_up_to"] = np.cumsum(row["weight"] * row["value"])
        return row


def table_of(quantile: Callable[[float], float]) -> QuantileTable:
    """The table of a distribution given by its quantile function on the open interval (0, 1)."""
    values = []
    for low, high in itertools.pairwise(EDGES):
        step = (high - low) / _POINTS
        values.append(round(sum(quantile(low + (point + 0.5) * step) for point in range(_POINTS)) / _POINTS))
    return QuantileTable(tuple(values))


def constant(value: int) -> QuantileTable:
    """Always ``value``."""
    check_int("constant", value, 0, MAX_SECONDS)
    return QuantileTable((int(value),) * TABLE_SIZE)


def lognormal(median: float, sigma: float, least: float = 0.0) -> QuantileTable:
    """``least`` plus a lognormal with that ``median`` and that standard deviation of its logarithm."""
    check_float("lognormal median", median, 0.0, MAX_SECONDS)
    check_float("lognormal sigma", sigma, 0.0, 4.0)
    check_float("lognormal least", least, 0.0, MAX_SECONDS)
    normal = NormalDist()
    return table_of(lambda level: least + median * math.exp(sigma * normal.inv_cdf(level)))


def unit_lognormal(sigma: float) -> QuantileTable:
    """A factor in thousandths with mean 1 and that standard deviation of its logarithm."""
    return lognormal(1000.0 * math.exp(-sigma * sigma / 2.0), sigma)


def exponential(mean: float) -> QuantileTable:
    """Exponential with that mean (for queueing theory)."""
    check_float("exponential mean", mean, 0.0, MAX_SECONDS)
    return table_of(lambda level: -mean * math.log1p(-level))


def from_quantiles(levels: Sequence[float], values: Sequence[float]) -> QuantileTable:
    """Straight lines between given quantiles; flat below the first and above the last level.

    Args:
        levels: ascending, within 0..1, at least one.
        values: the quantiles at these levels, never descending.
    """
    if len(levels) != len(values) or not len(levels):
        raise InputError("quantiles", f"{len(levels)} levels, {len(values)} values", "as many of both", "pair them")
    for position, (level, value) in enumerate(zip(levels, values, strict=True)):
        check_float(f"quantile level[{position}]", level, 0.0, 1.0)
        check_float(f"quantile value[{position}]", value, 0.0, MAX_SECONDS)
        if position and (level <= levels[position - 1] or value < values[position - 1]):
            raise InputError(f"quantile[{position}]", (level, value), "ascending levels and values", "sort them")
    return table_of(lambda level: float(np.interp(level, levels, values)))


def from_samples(samples: Sequence[float] | np.ndarray) -> QuantileTable:
    """The empirical distribution of ``samples`` (at least one, finite, none negative)."""
    ordered = np.sort(np.asarray(samples, np.float64))
    if not len(ordered) or not np.isfinite(ordered).all() or ordered[0] < 0 or ordered[-1] > MAX_SECONDS:
        raise InputError("samples", f"{len(ordered)} numbers", "finite, none negative", "leave out unusable samples")
    middle = (np.arange(len(ordered)) + 0.5) / len(ordered)
    grid = np.array(EDGES[:-1])[:, None] + np.diff(EDGES)[:, None] * (np.arange(_POINTS) + 0.5) / _POINTS
    values = np.interp(grid.ravel(), middle, ordered).reshape(grid.shape).mean(axis=1)
    return QuantileTable(tuple(int(value) for value in np.rint(values)))
