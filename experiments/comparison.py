"""The comparison as tables: for the terminal, for files and for the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from experiments.headline import fine, percent
from experiments.results import COST, PART_METRICS, Results
from experiments.statistics import Interval

DASH = "–"


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        title: above it.
        columns: their heads; the first is left-aligned, the others right-aligned.
        rows: cells.
        strong: rows to stress.
        note: below it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()
    note: str = ""


@dataclass(frozen=True)
class Column:
    """A metric as a column: its head, its name and how a mean is written."""

    head: str
    metric: str
    write: Callable[[float], str]


def _means(num_traces: int) -> str:
    if num_traces == 1:
        return "One trace: no mean and no interval."
    return f"Means over {num_traces} traces; intervals are BCa bootstrap over traces, differences paired."


def _two(value: float) -> str:
    return f"{value:.2f}"


SERVICE = (
    Column("on time, in full", "otif_rate", percent),
    Column("fill", "fill_rate", percent),
    Column("declined", "decline_rate", percent),
    Column("split", "split_rate", percent),
    Column("hours to door", "hours_to_door", lambda value: f"{value:.1f}"),
    Column("kg CO2e", "carbon_kg_per_order", lambda value: f"{value:.3f}"),
    Column("pick load", "utilisation", percent),
    Column("ms/decision", "ms_per_decision", lambda value: f"{value:.3f}"),
)


def bracket(interval: Interval, write: Callable[[float], str] = _two) -> str:
    """``mean [low, high]``."""
    if interval.low is None or interval.high is None:
        return write(interval.mean)
    return f"{write(interval.mean)} [{write(interval.low)}, {write(interval.high)}]"


def tables(results: Results) -> list[Table]:
    """Cost with intervals, service, and where the money went; agents by cost."""
    strong = frozenset(i for i, agent in enumerate(results.by_cost) if agent in results.policies)
    return [
        Table(
            "Cost per order",
            ("agent", "mean [95 %]", f"minus {results.reference} [95 %]", "dearest 5 %"),
            tuple(_cost_row(results, agent) for agent in results.by_cost),
            strong,
            _means(results.num_traces),
        ),
        Table(
            "Service",
            ("agent", *(column.head for column in SERVICE)),
            tuple(
                (agent, *(column.write(results.mean(agent, column.metric)) for column in SERVICE))
                for agent in results.by_cost
            ),
            strong,
            "Time per decision is that of the whole simulation: plans, choice and the world's answer.",
        ),
        Table(
            "Where the money went, per order",
            ("agent", *(part.replace("_", " ") for part in PART_METRICS), "total"),
            tuple(
                (agent, *map(_two, results.part_means(agent).values()), _two(results.mean(agent)))
                for agent in results.by_cost
            ),
            strong,
        ),
    ]


def _cost_row(results: Results, agent: str) -> tuple[str, ...]:
    is_reference = agent == results.reference
    return (
        agent,
        bracket(results.interval(agent)),
        DASH if is_reference else bracket(results.difference(agent), fine),
        _two(results.mean(agent, "tail_cost_per_order")),
    )


def summary(results: Results) -> dict[str, Any]:
    """All means and intervals as JSON."""
    metrics = [name for name in results.frame.columns if name not in ("agent", "position", "seed", "trace_sha256")]
    return {
        "num_traces": results.num_traces,
        "reference": results.reference,
        "policies": list(results.policies),
        "pareto_front": list(results.front),
        "agents": {
            agent: {
                "cost": results.interval(agent)._asdict(),
                "difference": None if agent == results.reference else results.difference(agent)._asdict(),
                "means": {name: results.mean(agent, name) for name in metrics},
                "parts": results.part_means(agent),
            }
            for agent in results.by_cost
        },
    }


def summary_csv(results: Results) -> str:
    """One row an agent: cost and difference with intervals, then the mean of every metric."""
    head = ["agent", "cost", "cost_low", "cost_high", "difference", "difference_low", "difference_high"]
    content = summary(results)["agents"]
    metrics = [name for name in next(iter(content.values()))["means"] if name != COST]
    lines = [",".join([*head, *metrics])]
    for agent, row in content.items():
        gap = row["difference"] or dict.fromkeys(("mean", "low", "high"))
        numbers = [*row["cost"].values(), *gap.values(), *(row["means"][name] for name in metrics)]
        quoted = '"' + agent.replace('"', '""') + '"'
        lines.append(",".join([quoted, *("" if number is None else repr(number) for number in numbers)]))
    return "\n".join(lines) + "\n"
