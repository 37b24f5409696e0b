"""A study's findings as tables: for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.comparison import DASH, Table, bracket
from experiments.headline import signed
from experiments.whatif.drill_down import DrillDown
from experiments.whatif.figures.tornado import Bar
from experiments.whatif.findings import Findings, Pair
from experiments.whatif.kpi import (
    ALL_KPIS,
    CARBON,
    COST,
    KPIS,
    ON_TIME,
    PART_KPIS,
    Kpi,
    gap_text,
    mean_text,
    two,
    whole,
)
from experiments.whatif.variant import BASELINE

SURE, UNSURE, OPEN = "●", "○", "·"
GLANCE = (COST, "total_cost", ON_TIME, "decline_rate", "split_rate", CARBON, "utilisation")
BY_NAME = {kpi.name: kpi for kpi in ALL_KPIS}


def mark(findings: Findings, pair: Pair, metric: str) -> str:
    """How sure a difference is."""
    if findings.is_sure(pair, metric):
        return SURE
    return UNSURE if findings.gap(pair, metric).excludes_zero else OPEN


def mark_note(findings: Findings) -> str:
    """What the marks mean."""
    number = len(findings.adjusted)
    if not number:
        return "One replication: no intervals, and no difference can be told from luck."
    return (
        f"{SURE} told from zero even though {number} differences were looked at (Holm's adjustment of paired t-tests, "
        f"5 %); {UNSURE} only its own 95 % interval excludes zero; {OPEN} cannot be told from zero. Intervals are "
        "paired BCa bootstrap intervals over replications, each for itself. Orders of the warm-up are not counted."
    )


def glance(findings: Findings) -> Table:
    """The planner's own router: what each variant changes."""
    kpis = [BY_NAME[name] for name in GLANCE]
    router = findings.routers[0]
    rows = [(f"{BASELINE} ({router})", *(kpi.write(findings.mean(BASELINE, router, kpi.name)) for kpi in kpis))]
    for variant in findings.variants:
        pair = findings.pairs_of(variant)[0]
        cells = (f"{mean_text(kpi, findings.gap(pair, kpi.name))} {mark(findings, pair, kpi.name)}" for kpi in kpis)
        rows.append((variant if pair.router == router else pair.label, *cells))
    return Table(
        "At a glance: the baseline, and what each variant adds to it",
        ("variant", *(kpi.head for kpi in kpis)),
        tuple(rows),
        frozenset({0}),
        mark_note(findings),
    )


def by_router(findings: Findings) -> Table | None:
    """Cost per order of every router in every variant; None with one router."""
    if len(findings.routers) < 2:
        return None
    kpi = BY_NAME[COST]
    rows = [
        (BASELINE, *(bracket(findings.interval(BASELINE, router, COST), two) for router in findings.routers)),
    ]
    for variant, labels in findings.variants.items():
        if labels != findings.routers:
            continue
        cells = (
            f"{two(findings.mean(variant, pair.router, COST))}  ({kpi.write_gap(findings.gap(pair, COST).mean)} "
            f"{mark(findings, pair, COST)})"
            for pair in findings.pairs_of(variant)
        )
        rows.append((variant, *cells))
    return Table(
        "Cost per order by router",
        ("variant", *findings.routers),
        tuple(rows),
        frozenset({0}),
        "Baseline with the 95 % interval of its mean; variants with the paired difference to the same router.",
    )


def figures_table(findings: Findings, pair: Pair, kpis: Sequence[Kpi] = KPIS, title: str = "Key figures") -> Table:
    """Baseline, variant, difference and paired interval, one row a key figure."""
    rows = []
    for kpi in kpis:
        if not findings.is_shown(pair, kpi):
            continue
        rows.append(
            (
                kpi.head,
                kpi.write(findings.mean(BASELINE, pair.reference, kpi.name)),
                kpi.write(findings.mean(pair.variant, pair.router, kpi.name)),
                gap_text(kpi, findings.gap(pair, kpi.name)),
                mark(findings, pair, kpi.name),
            )
        )
    return Table(
        title,
        ("mean over replications", f"baseline ({pair.reference})", f"variant ({pair.router})", "difference [95 %]", ""),
        tuple(rows),
    )


def parts_table(findings: Findings, pair: Pair) -> Table:
    """Where the money went: the cost parts, which add up to the cost per order."""
    return figures_table(findings, pair, PART_KPIS, "Where the money went, per order")


def groups_table(found: DrillDown) -> Table:
    """What became of the orders of one replication."""
    rows = tuple((name, whole(number), _money(cost)) for name, (number, cost) in found.groups.items() if number)
    return Table(
        "What changed, order by order",
        ("one replication", "orders", "cost in all"),
        rows,
        note=f"{found.num_before:,} orders in the baseline, {found.num_after:,} in the variant; the same order is "
        "recognised by its luck. Warm-up included.",
    )


def causes_table(found: DrillDown) -> Table:
    """Why, counted over the explained orders by their first reason."""
    rows = tuple((kind, whole(number), _money(cost)) for kind, (number, cost) in found.causes.items())
    return Table(
        "Why",
        ("first reason", "orders", "cost in all"),
        rows,
        note=f"Over the {len(found.changed):,} orders whose cost changed most. A reason is something that differed at "
        "the warehouse when the order was decided; it is not an experiment.",
    )


def orders_table(found: DrillDown, most: int) -> Table:
    """The orders that changed most, one by one."""
    rows = tuple(
        (
            f"{order.arrival} from {order.region}: {order.basket}",
            order.before,
            order.after,
            f"{signed(order.gap)} ({order.parts or DASH})",
            "; ".join(reason.text for reason in order.reasons),
        )
        for order in found.changed[:most]
    )
    return Table("Orders that changed most", ("order", "baseline", "variant", "cost", "why"), rows)


def tornado_table(bars: Sequence[Bar]) -> Table:
    """The bars in numbers."""
    cost, on_time = BY_NAME[COST], BY_NAME[ON_TIME]
    rows = []
    for bar in sorted(bars, key=lambda bar: -bar.swing):
        for text, ends in ((bar.low_text, bar.low), (bar.high_text, bar.high)):
            rows.append((bar.name, text, gap_text(cost, ends[0]), gap_text(on_time, ends[1])))
    return Table(
        "Sensitivities in numbers",
        ("parameter", "change", "cost per order [95 %]", "on time, in full [95 %]"),
        tuple(rows),
        note="One parameter at a time, everything else as in the baseline; paired intervals, not adjusted.",
    )


def _money(value: float) -> str:
    return signed(value, 0) if abs(value) >= 100 else signed(value, 2)
