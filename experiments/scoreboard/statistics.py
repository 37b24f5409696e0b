"""Statistics of a learned router: two sources of chance, seeds and traces, told apart and then put together."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from experiments.statistics import LEVEL, RESAMPLES, Interval, bootstrap_interval
from scenarios.errors import InputError


class Difference(NamedTuple):
    """A mean paired difference with its intervals.

    Attributes:
        mean: over seeds and traces.
        over_seeds: t-interval over the means of the seeds; what another set of traces would do is not in it.
        over_traces: BCa bootstrap over traces of the mean over seeds; what other seeds would do is not in it.
        both: the headline: the two reaches added as squares on each side, so it is wider than either.
        p_value: two-sided, of the t-statistic with the two variances added and Satterthwaite's degrees of freedom; None
            for one seed or one trace.
    """

    mean: float
    over_seeds: Interval
    over_traces: Interval
    both: Interval
    p_value: float | None


def difference_of(differences: np.ndarray) -> Difference:
    """A difference from a table of differences.

    Each variance also holds a share of what seeds and traces do together, which is thus counted twice: the interval is
    rather too wide than too narrow.

    Args:
        differences: float (seeds, traces).

    Raises:
        InputError: no number, or one that is not finite.
    """
    table = np.asarray(differences, np.float64)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise InputError("differences", table.shape, "a table of finite numbers, seeds by traces", "run the board")
    seeds, traces = table.mean(axis=1), table.mean(axis=0)
    over_seeds, over_traces = t_interval(seeds), bootstrap_interval(traces)
    mean = float(table.mean())
    both = Interval(mean, None, None)
    if over_traces.low is not None and over_traces.high is not None:
        low, high = mean - over_traces.low, over_traces.high - mean
        if over_seeds.low is not None:
            reach = mean - over_seeds.low
            low, high = math.hypot(low, reach), math.hypot(high, reach)
            both = Interval(mean, mean - low, mean + high)
    return Difference(mean, over_seeds, over_traces, both, _p_value(mean, seeds, traces))


def _p_value(mean: float, seeds: np.ndarray, traces: np.ndarray) -> float | None:
    """Source: Satterthwaite 1946, "An approximate distribution of estimates of variance components"."""
    if len(seeds) < 2 or len(traces) < 2:
        return None
    parts = [float(values.var(ddof=1)) / len(values) for values in (seeds, traces)]
    error = math.sqrt(sum(parts))
    if error <= 1e-12 * abs(mean) or error == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (seeds, traces), strict=True)
    )
    return float(2.0 * stdtr(freedom, -abs(mean) / error))


def t_interval(values: np.ndarray, level: float = LEVEL) -> Interval:
    """Mean of independent values, float (n,), with Student's interval; no interval for fewer than two."""
    values = np.asarray(values, np.float64)
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, None, None)
    reach = float(stdtrit(len(values) - 1, (1 + level) / 2)) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach)


def scaled(interval: Interval, factor: float) -> Interval:
    """The interval in another unit."""
    ends = (None if end is None else factor * end for end in interval[1:])
    return Interval(factor * interval.mean, *ends)


LEAST_GAP = 0.003
"""A gap smaller than this share of the cost is none: a share of it would be noise."""


def share_of_gap(upper: np.ndarray, value: np.ndarray, bound: np.ndarray) -> float | None:
    """How much of the way from ``upper`` down to ``bound`` a router goes: a ratio of mean differences.

    Args:
        upper: costs of the router that the gap is measured from, float (traces,).
        value: of the router, float (traces,) or (seeds, traces).
        bound: on the same traces, float (traces,).

    Returns:
        One for the bound itself; None if there is no gap.
    """
    gap = float((upper - bound).mean())
    if gap < LEAST_GAP * abs(float(upper.mean())):
        return None
    return float((upper - value).mean()) / gap


class Gap(NamedTuple):
    """Costs of one scenario: what a share of gap closed is made of; see ``share_of_gap``."""

    upper: np.ndarray
    value: np.ndarray
    bound: np.ndarray

    @property
    def share(self) -> float | None:
        """The ratio of mean differences."""
        return share_of_gap(*self)


def mean_share(gaps: list[Gap], resamples: int = RESAMPLES // 10, seed: int = 0) -> Interval:
    """Mean over scenarios of the share of gap closed, with a percentile interval.

    Seeds and traces of every scenario are drawn again with replacement, each scenario by itself.

    Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice" (stratified
    bootstrap).

    Args:
        gaps: one a scenario, ``value`` (seeds, traces), each with a gap.
        resamples: bootstrap samples.
        seed: of the resampling.
    """
    shares = [gap.share for gap in gaps]
    known = [share for share in shares if share is not None]
    if not known or len(known) < len(shares):
        raise InputError("gaps", len(shares) - len(known), "scenarios with a gap", "leave the others out")
    random, drawn = np.random.default_rng(seed), np.zeros(resamples)
    for upper, value, bound in gaps:  # how often each trace and each seed is drawn
        seeds, traces = (random.multinomial(size, [1 / size] * size, resamples) / size for size in value.shape)
        saved = traces @ upper - np.einsum("rs,st,rt->r", seeds, value, traces)
        drawn += saved / (traces @ (upper - bound)) / len(gaps)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(np.mean(known)), float(low), float(high))
