"""What another policy would have given, estimated from decisions that chance had a part in. Pure functions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from serve.trials.sequence import MIN_UNITS, TYPICAL, Interval, Stream, bounded_interval_of, interval_of


class Value(NamedTuple):
    """A mean of an order under another policy.

    Attributes:
        ips: unbiased, and restless where weights are large; None of no units, or if an arm decides who has a value.
        snips: over the sum of weights: a little biased, and calmer; None where no unit has weight.
        effective: number of units of equal weight that would tell as much.
    """

    ips: float | None
    snips: float | None
    effective: float


def value_by_weights(weights: np.ndarray, sums: np.ndarray, sizes: np.ndarray) -> Value:
    """Inverse propensity scores, plain and self-normalised.

    Source: Horvitz and Thompson 1952, JASA 47; Swaminathan and Joachims 2015, "The self-normalized estimator for
    counterfactual learning", NIPS 28, eq. 9; effective sample size: Kish 1965, "Survey sampling", section 11.7.

    Args:
        weights: float (n,), probability of what was done under the other policy over that under the one that did it.
        sums: float (n,), of what is measured, over the orders of each unit.
        sizes: float (n,), orders of each.
    """
    if not len(weights):
        return Value(None, None, 0.0)
    weighted, square = float((weights * sizes).sum()), float((weights**2).sum())
    total = float((weights * sums).sum())
    return Value(
        total / float(sizes.sum()),
        total / weighted if weighted else None,
        float(weights.sum()) ** 2 / square if square else 0.0,
    )


def value_of_arm(stream: Stream, arm: int, propensity: float) -> Value:
    """The same where units weigh one over the propensity of their arm, or nothing.

    Inverse propensity scores are a total over a number of orders that no arm has influence on. If some orders have no
    value, as one arm declines more of them, say, there is no such number, and only the self-normalised mean is told.

    Args:
        stream: what came of units.
        arm: column of the stream.
        propensity: probability that a unit falls to it.
    """
    orders, total = float(stream.sizes[:, arm].sum()), float(stream.sums[:, arm].sum())
    everything = float(stream.sizes.sum())
    return Value(
        total / propensity / everything if everything and not stream.num_absent else None,
        total / orders if orders else None,
        float(stream.counts[:, arm].sum()),
    )


class Log(NamedTuple):
    """Decisions that chance had a part in, where another policy's plan could have come out; in the order of time.

    Attributes:
        is_same: bool (n,), whether that plan came out.
        propensities: float (n,), the probability with which it could.
        values: float (n,), what came of the decision.
        most: that a value can be, the least is 0; None if it has no bound.
    """

    is_same: np.ndarray
    propensities: np.ndarray
    values: np.ndarray
    most: float | None = None


def value_of_log(log: Log, alpha: float, planned: float) -> tuple[Value, Interval]:
    """What the other policy would have given, with an interval that may be looked at at any time.

    Each term is the mean of all values before, mended by the inverse propensity where the plans are the same: unbiased
    whatever that mean is worth, and calmer than without it. Its variance is known but for that of the values.

    Source: Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2022, "Anytime-valid off-policy inference for
    contextual bandits", ACM/IMS Journal of Data Science 1(3), section 3 (doubly robust terms); the interval as in
    ``serve.trials.sequence``.
    """
    weights, ones = log.is_same / log.propensities, np.ones(len(log.values))
    value = value_by_weights(weights, log.values, ones)
    num = len(log.values)
    if num < 2 or value.effective < MIN_UNITS:
        return value, Interval(value.ips, None, None, num)
    before = (np.cumsum(log.values) / np.arange(1, num + 1))[:-1]  # the first one only starts it
    mended, inflation = weights[1:] * (log.values[1:] - before), float((1 / log.propensities).mean())
    if log.most is not None:
        scale = log.most * float((1 / log.propensities).max())
        limits = scale, planned * TYPICAL * inflation * log.most**2, alpha
        return value, bounded_interval_of(before, mended, ones[1:], num - 1, limits)
    if np.count_nonzero(log.values) < MIN_UNITS:
        return value, Interval(value.ips, None, None, num)
    least = inflation * float(((log.values[1:] - before) ** 2).sum())
    return value, interval_of(before + mended, ones[1:], least, num - 1, (alpha, planned))
