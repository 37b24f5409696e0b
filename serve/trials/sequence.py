"""Always-valid intervals: right at all times together, so that one may look, and stop, whenever one likes.

Pure functions of arrays in the order of time; they know no tables.
"""

from __future__ import annotations

from math import log, sqrt
from typing import NamedTuple

import numpy as np

from serve.trials.boundary import boundary

MIN_UNITS = 20
"""In each arm; before there is no interval, which is asymptotic, and trusts a variance that few units do not tell."""

MEMORY = 50
"""Rows of an arm whose mean predicts its next one: few, as demand drifts; a fiftieth of the variance is the price."""


TYPICAL = 0.05
"""Of the square of the most that an order can have: variance at which bounded intervals are tightest when as many units
have come as are planned. A share of one in twenty has it; others have slightly wider ones."""


class Stream(NamedTuple):
    """What came of units, in the order in which they began; orders of a unit belong together.

    A row is one unit, or all units that began in the same moment where they are too many. Columns: control, treatment.

    Attributes:
        counts: float (n, 2), units that fell to each arm.
        sizes: float (n, 2), their orders; arms have no influence on how many a unit has.
        sums: float (n, 2), of what is measured, over these orders.
        share: probability of the treatment.
        most: that an order can have of it, the least is 0; None if it has no bound.
        num_absent: orders of the same units that have no value of it, and so are in no size.
    """

    counts: np.ndarray
    sizes: np.ndarray
    sums: np.ndarray
    share: float
    most: float | None = None
    num_absent: int = 0


def stream_of(
    is_treated: np.ndarray, sizes: np.ndarray, sums: np.ndarray, share: float, most: float | None = None
) -> Stream:
    """One row a unit.

    Args:
        is_treated: bool (n,).
        sizes: float (n,).
        sums: float (n,).
        share: probability of the treatment.
        most: that an order can have, see ``Stream``.
    """
    arms = np.stack([~is_treated, is_treated], axis=1).astype(np.float64)
    return Stream(arms, arms * sizes[:, None], arms * sums[:, None], share, most)


class Terms(NamedTuple):
    """Unbiased guesses of each row's sum under both arms; the first rows, which the guesses start from, are left out.

    Attributes:
        sizes: float (m,), orders in both arms.
        guesses: float (m, 2), what was predicted for all units of the row, had they fallen to the arm.
        missed: float (m, 2), what the units of the arm came to less what was predicted of them.
        counts: float (2,), units of each arm in all rows.
    """

    sizes: np.ndarray
    guesses: np.ndarray
    missed: np.ndarray
    counts: np.ndarray


class Interval(NamedTuple):
    """An estimate with an interval that is right at all times together; ends are None until enough is known."""

    estimate: float | None
    low: float | None
    high: float | None
    num_units: int


def terms_of(stream: Stream) -> Terms:
    """What each unit tells of both arms: a prediction from the units before it, mended where its own arm is seen.

    As the prediction looks at earlier units only, and the arm is drawn by itself, each term is unbiased given all that
    was before, whatever the prediction is worth and however demand changes from day to day.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, "Time-uniform central limit theory and asymptotic
    confidence sequences", Annals of Statistics 52(6), section 3.2: pseudo-outcomes of a randomised experiment, with
    known propensities and a predictable regression; here the mean of an order in the arm lately, times the unit's size.
    """
    counts, sizes, sums = stream[:3]
    were_seen = (np.cumsum(counts, axis=0) > 0).all(axis=1)
    start = int(np.argmax(were_seen)) + 1 if were_seen.any() else len(counts)  # the first row after both arms were seen
    all_sizes = sizes[start:].sum(axis=1)
    guesses, missed = np.zeros((len(all_sizes), 2)), np.zeros((len(all_sizes), 2))
    for arm in (0, 1):
        means = _means_before(sizes[:, arm], sums[:, arm], start)
        guesses[:, arm] = all_sizes * means
        missed[:, arm] = sums[start:, arm] - sizes[start:, arm] * means
    return Terms(all_sizes, guesses, missed, counts[start:].sum(axis=0))


def _means_before(sizes: np.ndarray, sums: np.ndarray, start: int) -> np.ndarray:
    """Mean of an order over the last ``MEMORY`` rows of an arm before each row from ``start`` on."""
    if start >= len(sizes):
        return np.zeros(0)
    has_any = sizes > 0
    until = np.cumsum(has_any)[start - 1 : -1]
    since = np.maximum(until - MEMORY, 0)
    of_sums, of_sizes = (np.concatenate([[0.0], np.cumsum(values[has_any])]) for values in (sums, sizes))
    return (of_sums[until] - of_sums[since]) / (of_sizes[until] - of_sizes[since])


def interval_of(
    terms: np.ndarray, sizes: np.ndarray, least_square: float, num_units: int, level: tuple[float, float]
) -> Interval:
    """Sum of terms over sum of sizes, with an interval that is wrong at any time with probability about ``alpha``.

    It covers the mean over the units so far of what each was expected to be, given all before it.

    Source: Waudby-Smith et al. 2024 (see ``terms_of``), theorem 2.2 with the variance of means that change with time
    (section 2.4), and equation 9 for where the interval is tightest. The floor under the variance is ours: of a small
    arm few units are seen, and until its rare large values come their variance looks too small.

    Args:
        terms: float (n,), at least one.
        sizes: float (n,), positive.
        least_square: the sum of squares of the terms is taken to be no smaller.
        num_units: that the terms are of.
        level: probability of ever being wrong, and units at which the interval is to be tightest.
    """
    alpha, planned = level
    total = float(sizes.sum())
    estimate = float(terms.sum()) / total
    square = max(least_square, float(((terms - estimate * sizes) ** 2).sum()))
    grain = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / planned  # rho squared
    spread = num_units * grain + 1
    reach = sqrt(square) * sqrt(2 * spread / (spread - 1) * log(sqrt(spread) / alpha)) / total
    return Interval(estimate, estimate - reach, estimate + reach, num_units)


def bounded_interval_of(
    guesses: np.ndarray, mended: np.ndarray, sizes: np.ndarray, num_units: int, limits: tuple[float, float, float]
) -> Interval:
    """The same where an order's value is bounded: right for few units, too, and before a rare event has come.

    Args:
        guesses: float (n,), at least one; of the terms, from what was before.
        mended: float (n,), terms less guesses.
        sizes: float (n,), positive.
        num_units: that the terms are of.
        limits: the largest that ``mended`` can be on either side, the sum of its squares at which the interval is to
            be tightest, and the probability of ever being wrong.
    """
    scale, planned, alpha = limits
    total = float(sizes.sum())
    estimate = float((guesses + mended).sum()) / total
    reach = boundary(float((mended**2).sum()), scale, planned, alpha / 2) / total
    return Interval(estimate, estimate - reach, estimate + reach, num_units)


def difference_of(stream: Stream, alpha: float, planned: float) -> Interval:
    """Treatment less control, of the mean of an order."""
    return _interval(stream, np.array([-1 / (1 - stream.share), 1 / stream.share]), (alpha, planned))


def value_of(stream: Stream, is_treatment: bool, alpha: float, planned: float) -> Interval:
    """The mean of an order, if all units fell to one arm."""
    weights = [0.0, 1 / stream.share] if is_treatment else [1 / (1 - stream.share), 0.0]
    return _interval(stream, np.array(weights), (alpha, planned))


def _interval(stream: Stream, weights: np.ndarray, level: tuple[float, float]) -> Interval:
    """Of the arms, each times the sign of its weight, which is one over its propensity where it counts."""
    terms = terms_of(stream)
    num_units, num_rows = int(terms.counts.sum()), len(terms.sizes)
    if not num_rows:
        return Interval(None, None, None, 0)
    guesses, mended = terms.guesses @ np.sign(weights), terms.missed @ weights
    inflation = float(np.abs(weights).sum())
    has_enough = terms.counts.min() >= MIN_UNITS and num_rows >= 2 * MIN_UNITS
    if stream.most is None:  # until as many have anything of it, their variance does not tell what is to come
        has_enough &= np.count_nonzero(stream.sums.any(axis=1)) >= MIN_UNITS
    if not has_enough:
        return Interval(float((guesses + mended).sum() / terms.sizes.sum()), None, None, num_units)
    if stream.most is not None:
        largest = stream.most * float(terms.sizes.max())
        planned = level[1] * TYPICAL * inflation * stream.most**2 * float(terms.sizes.sum()) / num_units
        limits = float(np.abs(weights).max()) * largest, planned, level[0]
        return bounded_interval_of(guesses, mended, terms.sizes, num_units, limits)
    least = inflation * float((terms.missed**2).sum())
    return interval_of(guesses + mended, terms.sizes, least, num_units, level)
