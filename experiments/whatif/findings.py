"""Outcomes of a study as arrays over replications, and paired differences to the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from experiments.statistics import Interval, bootstrap_interval, holm, paired_p_value
from experiments.whatif.kpi import ALL_KPIS, Kpi
from experiments.whatif.outcome import Outcome
from experiments.whatif.variant import BASELINE
from scenarios.errors import InputError

SURE = 0.05
"""Adjusted p-values below this count as told from zero."""


class Pair(NamedTuple):
    """A variant under a router, and the router of the baseline that it is compared with."""

    variant: str
    router: str
    reference: str

    @property
    def label(self) -> str:
        """For tables and figures."""
        return f"{self.variant}, {self.router}"


@dataclass(frozen=True)
class Findings:
    """All outcomes of a study.

    Attributes:
        outcomes: by variant, router and position.
        routers: labels of the baseline's routers, the planner's own first.
        variants: names of the variants, the baseline not among them, with their routers' labels.
        num_replications: of every variant and router.
    """

    outcomes: dict[tuple[str, str, int], Outcome]
    routers: tuple[str, ...]
    variants: dict[str, tuple[str, ...]]
    num_replications: int
    _intervals: dict[tuple[str, ...], Interval] = field(default_factory=dict)

    @classmethod
    def of(
        cls, outcomes: Sequence[Outcome], routers: Sequence[str], variants: Mapping[str, Sequence[str]], count: int
    ) -> Findings:
        """From outcomes.

        Raises:
            InputError: one is missing.
        """
        found = {outcome.key: outcome for outcome in outcomes}
        for variant, labels in {BASELINE: routers, **variants}.items():
            for router in labels:
                for position in range(count):
                    if (variant, router, position) not in found:
                        raise InputError(
                            "cells",
                            f"no result of {router!r} in variant {variant!r}, replication {position}",
                            "every router on every replication",
                            "run the study again; it goes on where it stopped",
                        )
        return cls(found, tuple(routers), {name: tuple(labels) for name, labels in variants.items()}, count)

    @property
    def pairs(self) -> list[Pair]:
        """Every variant under every router of it, with the same router in the baseline or else the planner's own."""
        return [
            Pair(variant, router, router if router in self.routers and labels == self.routers else self.routers[0])
            for variant, labels in self.variants.items()
            for router in labels
        ]

    def pairs_of(self, variant: str) -> list[Pair]:
        """Those of one variant."""
        return [pair for pair in self.pairs if pair.variant == variant]

    def cells(self, variant: str, router: str) -> list[Outcome]:
        """Outcomes by replication."""
        return [self.outcomes[variant, router, position] for position in range(self.num_replications)]

    def values(self, variant: str, router: str, metric: str) -> np.ndarray:
        """One number a replication, float (replications,)."""
        return np.array([cell.metrics.get(metric, 0.0) for cell in self.cells(variant, router)], np.float64)

    def mean(self, variant: str, router: str, metric: str) -> float:
        """Mean over replications."""
        return float(self.values(variant, router, metric).mean())

    def interval(self, variant: str, router: str, metric: str) -> Interval:
        """Mean over replications with its interval."""
        key = (variant, router, metric)
        if key not in self._intervals:
            self._intervals[key] = bootstrap_interval(self.values(variant, router, metric))
        return self._intervals[key]

    def gaps(self, pair: Pair, metric: str) -> np.ndarray:
        """Paired differences, variant minus baseline, float (replications,)."""
        return self.values(pair.variant, pair.router, metric) - self.values(BASELINE, pair.reference, metric)

    def gap(self, pair: Pair, metric: str) -> Interval:
        """Mean paired difference with its interval."""
        key = (*pair, metric)
        if key not in self._intervals:
            self._intervals[key] = bootstrap_interval(self.gaps(pair, metric))
        return self._intervals[key]

    @cached_property
    def adjusted(self) -> dict[tuple[Pair, str], float]:
        """Holm-adjusted p-values of all differences that the page shows; none with a single replication."""
        keys = [(pair, kpi.name) for pair in self.pairs for kpi in ALL_KPIS if self.is_shown(pair, kpi)]
        values = [paired_p_value(self.gaps(pair, metric)) for pair, metric in keys]
        if any(value is None for value in values):
            return {}
        return dict(zip(keys, holm([value for value in values if value is not None]), strict=True))

    def is_shown(self, pair: Pair, kpi: Kpi) -> bool:
        """Whether the tables have a row for it: rare things only where they happen."""
        if not kpi.is_rare:
            return True
        before, after = (
            self.values(BASELINE, pair.reference, kpi.name),
            self.values(pair.variant, pair.router, kpi.name),
        )
        return bool(before.any() or after.any())

    def is_sure(self, pair: Pair, metric: str) -> bool:
        """Whether the difference can be told from zero although so many were looked at."""
        return self.adjusted.get((pair, metric), 1.0) < SURE

    def flows(self, variant: str, router: str, shape: tuple[int, int, int]) -> np.ndarray:
        """Mean parcels of a replication, float (warehouses, services, regions)."""
        total = np.zeros(shape)
        for cell in self.cells(variant, router):
            total += cell.flow_table(shape)
        return total / self.num_replications

    def load(self, variant: str, router: str) -> tuple[np.ndarray, np.ndarray]:
        """Pick seconds and open station seconds by warehouse and hour of the week, float (W, 168) each, in all."""
        cells = self.cells(variant, router)
        return (
            np.sum([np.array(cell.busy, np.float64) for cell in cells], axis=0),
            np.sum([np.array(cell.opened, np.float64) for cell in cells], axis=0),
        )
