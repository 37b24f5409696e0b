"""A study's findings as CSV files: numbers as they are, no rounding."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from experiments.whatif.figures.tornado import Bar
from experiments.whatif.findings import Findings
from experiments.whatif.kpi import ALL_KPIS
from experiments.whatif.variant import BASELINE

Places = dict[str, dict[str, Any]]
"""Variant -> its network, see ``experiments.whatif.reading.place_of``."""


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV; numbers are written so that they are read back unchanged, None as nothing."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return buffer.getvalue()


def kpis_csv(findings: Findings) -> str:
    """One row a variant, router and key figure, with baseline, variant, difference and interval."""
    head = (
        *("variant", "router", "baseline_router", "kpi", "baseline", "value"),
        *("difference", "difference_low", "difference_high", "holm_p"),
    )
    return csv_text(head, _kpi_rows(findings))


def _kpi_rows(findings: Findings) -> Iterator[Sequence[object]]:
    for router in findings.routers:
        for kpi in ALL_KPIS:
            level = findings.mean(BASELINE, router, kpi.name)
            yield BASELINE, router, router, kpi.name, level, level, 0.0, 0.0, 0.0, None
    for pair in findings.pairs:
        for kpi in ALL_KPIS:
            gap = findings.gap(pair, kpi.name)
            yield (
                *(pair.variant, pair.router, pair.reference, kpi.name),
                findings.mean(BASELINE, pair.reference, kpi.name),
                findings.mean(pair.variant, pair.router, kpi.name),
                *gap,
                findings.adjusted.get((pair, kpi.name)),
            )


def replications_csv(findings: Findings) -> str:
    """One row a simulation with all its metrics; a metric that a network lacks is left empty."""
    cells = sorted(findings.outcomes.values(), key=lambda cell: cell.position)
    names = list(dict.fromkeys(name for cell in cells for name in cell.metrics))
    rows = (
        (
            *(cell.variant, cell.router, cell.position, cell.seed, cell.trace_sha256),
            *(cell.metrics.get(name) for name in names),
        )
        for cell in cells
    )
    return csv_text(("variant", "router", "replication", "seed", "trace_sha256", *names), rows)


def flows_csv(findings: Findings, places: Places) -> str:
    """Mean parcels of a replication by variant, router, warehouse, service and region; no rows of zeros."""
    head = ("variant", "router", "warehouse", "service", "region", "parcels")
    return csv_text(head, _flow_rows(findings, places))


def shape_of(place: dict[str, Any]) -> tuple[int, int, int]:
    """Warehouses, services, regions."""
    return len(place["warehouses"]), len(place["services"]), len(place["regions"])


def _flow_rows(findings: Findings, places: Places) -> Iterator[Sequence[object]]:
    for variant, routers in {BASELINE: findings.routers, **findings.variants}.items():
        place = places[variant]
        for router in routers:
            flows = findings.flows(variant, router, shape_of(place))
            for w, s, r in np.argwhere(flows):
                names = place["warehouses"][w]["name"], place["services"][s], place["regions"][r]["name"]
                yield variant, router, *names, float(flows[w, s, r])


def utilisation_csv(findings: Findings, places: Places) -> str:
    """Share of open station time spent picking by variant, router, warehouse and hour of the week."""
    head = ("variant", "router", "warehouse", "hour_of_week", "open_station_hours", "pick_load")
    return csv_text(head, _load_rows(findings, places))


def _load_rows(findings: Findings, places: Places) -> Iterator[Sequence[object]]:
    for variant, routers in {BASELINE: findings.routers, **findings.variants}.items():
        names = [row["name"] for row in places[variant]["warehouses"]]
        for router in routers:
            busy, opened = findings.load(variant, router)
            hours = opened / 3600 / findings.num_replications
            for w, hour in np.argwhere(opened > 0):
                load = float(busy[w, hour] / opened[w, hour])
                yield variant, router, names[w], int(hour), float(hours[w, hour]), load


def tornado_csv(bars: Sequence[Bar]) -> str:
    """Both ends of every bar."""
    head = (
        *("parameter", "change", "cost_difference", "cost_low", "cost_high"),
        *("on_time_difference", "on_time_low", "on_time_high"),
    )
    rows = (
        (bar.name, text, *ends[0], *ends[1])
        for bar in bars
        for text, ends in ((bar.low_text, bar.low), (bar.high_text, bar.high))
    )
    return csv_text(head, rows)
