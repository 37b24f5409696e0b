"""Key figures that planners look at: one row each, with how they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from envs.costs import COST_PARTS
from experiments.comparison import DASH
from experiments.headline import percent, signed
from experiments.statistics import Interval


class Kpi(NamedTuple):
    """A key figure.

    Attributes:
        name: of the metric in an outcome.
        head: in tables.
        write: a level as text.
        write_gap: a difference as text, with its sign.
        is_rare: whether it is left out of tables where it is zero before and after.
        unit: of a difference, written behind it; empty where it is that of the level.
    """

    name: str
    head: str
    write: Callable[[float], str]
    write_gap: Callable[[float], str]
    unit: str = ""
    is_rare: bool = False


def whole(value: float) -> str:
    """``12,345``."""
    return f"{value:,.0f}"


def whole_gap(value: float) -> str:
    """``+1,234``."""
    text = f"{value:+,.0f}".replace("-", "−")
    return text if text.strip("+−0") else "0"


def points(value: float) -> str:
    """A difference of shares, in percentage points."""
    return signed(100 * value, 2)


def two(value: float) -> str:
    """``12.34``."""
    return f"{value:.2f}"


def three(value: float) -> str:
    """``0.123``."""
    return f"{value:.3f}"


def one(value: float) -> str:
    """``12.3``."""
    return f"{value:.1f}"


def gap_of(digits: int) -> Callable[[float], str]:
    """Differences with so many digits."""
    return lambda value: signed(value, digits)


POINTS = " pp"
COST, ON_TIME, CARBON = "cost_per_order", "otif_rate", "carbon_kg_per_order"

KPIS: tuple[Kpi, ...] = (
    Kpi(COST, "cost per order, all goals", two, gap_of(3)),
    Kpi("total_cost", "cost in all", whole, whole_gap),
    Kpi("num_orders", "orders", whole, whole_gap),
    Kpi(ON_TIME, "on time, in full", percent, points, POINTS),
    Kpi("late_line_rate", "lines late", percent, points, POINTS),
    Kpi("fill_rate", "lines from stock at once", percent, points, POINTS),
    Kpi("decline_rate", "orders declined", percent, points, POINTS),
    Kpi("cancel_rate", "orders cancelled", percent, points, POINTS, is_rare=True),
    Kpi("hold_rate", "holds an order", three, gap_of(4), is_rare=True),
    Kpi("reroute_rate", "broken plans an order", three, gap_of(4), is_rare=True),
    Kpi("split_rate", "orders split", percent, points, POINTS),
    Kpi("hours_to_door", "hours to door", one, gap_of(2)),
    Kpi(CARBON, "kg CO2e per order", three, gap_of(4)),
    Kpi("utilisation", "pick load, open warehouses", percent, points, POINTS),
    Kpi("tail_cost_per_order", "dearest 5 % of orders", two, gap_of(2)),
)
PART_KPIS: tuple[Kpi, ...] = tuple(
    Kpi(f"{part.name}_per_order", part.name.replace("_", " "), two, gap_of(3)) for part in COST_PARTS
)
"""Cost parts per order; they add up to the cost per order."""

ALL_KPIS = KPIS + PART_KPIS


def mean_text(kpi: Kpi, gap: Interval) -> str:
    """A difference without its interval."""
    return f"{kpi.write_gap(gap.mean)}{kpi.unit}"


def gap_text(kpi: Kpi, gap: Interval) -> str:
    """A difference with its interval."""
    if gap.low is None or gap.high is None:
        return f"{mean_text(kpi, gap)} [{DASH}]"
    return f"{kpi.write_gap(gap.mean)} [{kpi.write_gap(gap.low)}, {kpi.write_gap(gap.high)}]{kpi.unit}"
