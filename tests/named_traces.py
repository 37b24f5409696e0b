"""One short trace of every named scenario."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from scenarios import draw_trace, load_scenario, scenario_names
from scenarios.carrier_outage import CarrierOutage
from scenarios.trace import Trace

BOARD = (
    "ample-stock",
    "carrier-regime",
    "cutoff-congestion",
    "hold-consolidate",
    "misplaced-scarce",
    "peak-regime",
    "presale-split",
    "single-warehouse",
    "stationary",
    "two-tier",
)
"""Scenarios of the board whose demand is a model."""

SHORTER: dict[str, dict[str, Any]] = {
    **{name: {"horizon_days": 2, "drain_days": 4, "orders_per_day": 40.0} for name in BOARD},
    "jasin-sinha": {"horizon_days": 1},
    "metro": {"horizon_days": 1, "drain_days": 4, "orders_per_day": 900.0},
    "metro-disrupted": {"horizon_days": 2, "drain_days": 4, "orders_per_day": 300.0},
    "metro-reorder": {"horizon_days": 2, "drain_days": 5},
    "metro-small": {"horizon_days": 2, "drain_days": 5},
    "olist-pooled": {"horizon_days": 3},
    "toy-mmc": {"horizon_days": 2, "drain_days": 2},
}
"""Overrides that keep a test short."""

OUTAGES = {"metro-disrupted": (CarrierOutage(service="ground", from_day=0.6, to_day=1.2),)}
"""Chance seldom brings one within so short a time."""

NEEDS_DATA = ("olist-pooled",)
NAMES = scenario_names()


@cache
def short_trace(name: str, seed: int = 3, data: Path | None = None) -> Trace:
    """A trace of the named scenario, cut short."""
    folder = {"data": data} if data is not None else {}
    scenario = load_scenario(name, **SHORTER.get(name, {}), **folder)
    return draw_trace(replace(scenario, outages=OUTAGES.get(name, scenario.outages)), seed)
