"""One short trace of every named scenario."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from scenarios import draw_trace, load_scenario, scenario_names
from scenarios.trace import Trace

SHORTER: dict[str, dict[str, Any]] = {
    "metro": {"horizon_days": 1, "drain_days": 4, "orders_per_day": 900.0},
    "metro-small": {"horizon_days": 2, "drain_days": 5},
    "olist-pooled": {"horizon_days": 3},
    "toy-mmc": {"horizon_days": 2, "drain_days": 2},
}
"""Overrides that keep a test short."""

NEEDS_DATA = ("olist-pooled",)
NAMES = scenario_names()


@cache
def short_trace(name: str, seed: int = 3, data: Path | None = None) -> Trace:
    """A trace of the named scenario, cut short."""
    folder = {"data": data} if data is not None else {}
    return draw_trace(load_scenario(name, **SHORTER.get(name, {}), **folder), seed)
