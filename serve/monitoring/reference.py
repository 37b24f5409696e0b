"""What a bundle's traffic looked like when it was made, and how far from that is too far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.recording import count
from agents.shift import largest_gap, stability_index

LEAST_PSI = 0.15
"""Below what is commonly called big, 0.25, so that such a shift is found in one window of a thousand decisions."""

LEAST_GAP = 0.12

LEAST_WINDOWS = 8
"""Fewer windows do not tell how much windows of the same traffic differ."""

_SPREADS = 8.0
"""Standard deviations beyond the mean of the reference's windows. So many, because there are 110 comparisons in each
window, because queues and transit seen remember, which gives them long tails, and because the deviation is known from
a few windows only. ``tests/serve/monitoring/test_drift.py`` counts the false alarms of later weeks."""


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One histogram that is compared.

    Attributes:
        group: ``features`` of plans, ``context``, or ``choices``.
        name: of the feature.
        edges: float64, inner edges of the bins.
        counts: int64, of the reference.
        psi_limit: a higher stability index is an alarm.
        gap_limit: a larger Kolmogorov-Smirnov distance is one, too.
    """

    group: str
    name: str
    edges: np.ndarray
    counts: np.ndarray
    psi_limit: float
    gap_limit: float


@dataclass(frozen=True, slots=True)
class Finding:
    """How far one histogram is from its reference.

    Attributes:
        measure: which one.
        psi: stability index.
        gap: Kolmogorov-Smirnov distance.
    """

    measure: Measure
    psi: float
    gap: float

    @property
    def is_alarm(self) -> bool:
        """Whether that is too far."""
        return self.psi > self.measure.psi_limit or self.gap > self.measure.gap_limit


class Reference:
    """The reference of one bundle.

    Args:
        document: see ``agents.recording.reference_histograms``; of an older bundle nothing is compared.

    Attributes:
        measures: what is compared, in the order in which counts are kept.
        window_seconds: how long a window is, as in the reference: traffic has cycles.
        least_decisions: a window with fewer is not judged, as chance alone would set it apart.
        is_known: whether the reference has enough windows to tell a shift from what is usual.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        sizes = document.get("num_decisions")
        self.is_known = isinstance(sizes, list) and len(sizes) >= LEAST_WINDOWS
        self.measures: tuple[Measure, ...] = ()
        self.window_seconds, self.least_decisions = 0, 0
        if self.is_known:
            self.window_seconds, self.least_decisions = int(document["window_seconds"]), min(document["num_decisions"])
            groups = ((group, document[group].items()) for group in ("features", "context"))
            found = [_measure(group, name, row) for group, rows in groups for name, row in rows]
            self.measures = (*found, _measure("choices", "slot", document["choices"]))

    def count(self, features: Sequence[np.ndarray], contexts: Sequence[np.ndarray], slots: Sequence[int]) -> Counts:
        """Counts of decisions in the bins of every measure.

        Args:
            features: of each decision, float32 (real plans, NUM_FEATURES).
            contexts: of each decision, float32 (NUM_CONTEXT,).
            slots: that were chosen, of the decisions where one was.
        """
        plans, context = np.concatenate(features), np.stack(contexts)
        columns = [*plans.T, *context.T, np.array(slots, np.int64)]
        return [count(measure.edges, values) for measure, values in zip(self.measures, columns, strict=True)]

    def compare(self, counts: Counts) -> list[Finding]:
        """Every measure of a window against the reference."""
        return [
            Finding(measure, stability_index(measure.counts, row), largest_gap(measure.counts, row))
            for measure, row in zip(self.measures, counts, strict=True)
        ]


Counts = list[np.ndarray]
"""int64 counts by bin, of each measure."""


def _measure(group: str, name: str, row: dict[str, Any]) -> Measure:
    root = np.sqrt(row["psi"])  # its spread is closer to even than that of the index
    gap = np.array(row["gap"])
    return Measure(
        group,
        name,
        np.array(row["edges"], np.float64),
        np.array(row["counts"], np.int64),
        max(LEAST_PSI, float(root.mean() + _SPREADS * root.std(ddof=1)) ** 2),
        max(LEAST_GAP, float(gap.mean() + _SPREADS * gap.std(ddof=1))),
    )
