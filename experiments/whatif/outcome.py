"""One router on one replication of one variant: the unit that is computed, recorded and never computed twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from experiments.record import read_lines

HOURS_A_WEEK = 168


@dataclass(frozen=True)
class Outcome:
    """What is kept of one simulation.

    Attributes:
        id: hash of what the result follows from; see ``experiments.cell.cell_id``.
        variant: name.
        router: label.
        position: of the replication.
        seed: of the trace.
        trace_sha256: of the trace.
        num_orders: of the trace, warm-up included.
        metrics: key figures.
        flows: two lists of equal length: places in the flattened (warehouse, service, region) table, and parcels.
        busy: pick seconds by warehouse and hour of the local week, Monday 00:00 first, summed over weeks.
        opened: open station seconds, the same way.
    """

    id: str
    variant: str
    router: str
    position: int
    seed: int
    trace_sha256: str
    num_orders: int
    metrics: dict[str, float]
    flows: list[list[int]]
    busy: list[list[int]]
    opened: list[list[int]]

    @property
    def key(self) -> tuple[str, str, int]:
        """Variant, router and position."""
        return self.variant, self.router, self.position

    @property
    def is_empty(self) -> bool:
        """Whether it stands for a result that is recorded already."""
        return not self.metrics

    def flow_table(self, shape: tuple[int, int, int]) -> np.ndarray:
        """Parcels, int64 (warehouses, services, regions)."""
        table = np.zeros(shape, np.int64)
        table.ravel()[self.flows[0]] = self.flows[1]
        return table

    def row(self) -> dict[str, Any]:
        """As one JSON line; its lists are not copied."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def read_outcomes(path: Path) -> Iterator[Outcome]:
    """Outcomes of a file of JSON lines; lines of another shape are skipped."""
    names = {field.name for field in fields(Outcome)}
    for row in read_lines(path):
        if names == set(row):
            yield Outcome(**row)
