"""How far apart two histograms are: the population stability index and the Kolmogorov-Smirnov distance."""

from __future__ import annotations

import numpy as np

_UNSEEN = 0.5
"""Added to every bin, so that one that is empty on one side alone counts much, but not without limit."""


def stability_index(reference: np.ndarray, counts: np.ndarray) -> float:
    """The population stability index, sum of (p - q) ln(p / q) over bins.

    0.1 is commonly called a small change, 0.25 a big one. Of two samples of n and m independent values from the same
    source it is about (bins - 1) (1/n + 1/m).

    Args:
        reference: counts by bin.
        counts: of the same bins.

    Source: Siddiqi, Credit Risk Scorecards (2006); its bias: Yurdakul and Naranjo, Statistical properties of the
        population stability index (2020).
    """
    p = (reference + _UNSEEN) / (reference.sum() + _UNSEEN * len(reference))
    q = (counts + _UNSEEN) / (counts.sum() + _UNSEEN * len(counts))
    return float(((p - q) * np.log(p / q)).sum())


def largest_gap(reference: np.ndarray, counts: np.ndarray) -> float:
    """The Kolmogorov-Smirnov distance at the edges of the bins: the largest gap between shares below an edge."""
    p = np.cumsum(reference) / max(1, reference.sum())
    q = np.cumsum(counts) / max(1, counts.sum())
    return float(np.abs(p - q).max())
