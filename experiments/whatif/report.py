"""Tables, figures, CSV files and the page of a study, made from its record alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from experiments.comparison import Table
from experiments.figures.style import png_of, styled
from experiments.gallery import Picture, save_all
from experiments.page import embedded, frame_of, rendered
from experiments.record import Run, read_json, write_text
from experiments.report import PAGE
from experiments.whatif import csv_files
from experiments.whatif.drill_down import DrillDown, drill_down, orders_csv
from experiments.whatif.figures import flow_map, gaps, load_map, three_goals, tornado
from experiments.whatif.findings import Findings, Pair
from experiments.whatif.kpi import COST, ON_TIME
from experiments.whatif.order_table import OrderTable
from experiments.whatif.outcome import Outcome, read_outcomes
from experiments.whatif.playing import CELLS, DRILLED_POSITION, orders_path
from experiments.whatif.sentences import sentences
from experiments.whatif.tables import (
    by_router,
    causes_table,
    figures_table,
    glance,
    groups_table,
    mark_note,
    orders_table,
    parts_table,
    tornado_table,
)
from experiments.whatif.variant import BASELINE, NOTHING
from scenarios.errors import InputError

PLACES = "networks.json"


@dataclass(frozen=True)
class Material:
    """What the record offers.

    Attributes:
        findings: outcomes of baseline and variants.
        places: networks by variant.
        bars: of the tornado.
        drilled: orders of one replication by variant.
    """

    findings: Findings
    places: dict[str, dict[str, Any]]
    bars: tuple[tornado.Bar, ...]
    drilled: dict[str, DrillDown]


@dataclass(frozen=True)
class Section:
    """A variant on the page.

    Attributes:
        name: of the variant.
        lines: its changes.
        tables: key figures and cost parts under its first router.
        others: the same tables under its other routers, by router.
        pictures: flows and load.
        counts: what changed and why, counted.
        orders: single orders.
    """

    name: str
    lines: list[str]
    tables: list[Table]
    others: dict[str, list[Table]]
    pictures: list[dict[str, Any]]
    counts: list[Table]
    orders: Table | None


def findings_of(run: Run) -> tuple[Findings, list[Outcome]]:
    """The findings of a study, and all its outcomes, those of the sensitivities included.

    Raises:
        InputError: outcomes are missing.
    """
    record = run.record
    by_id = {outcome.id: outcome for outcome in read_outcomes(run.path(CELLS))}
    outcomes = [_outcome(by_id, row) for row in record["cells"]]
    variants = {row["name"]: row["routers"] for row in record["variants"]}
    return Findings.of(outcomes, record["routers"], variants, record["replications"]), outcomes


def material_of(run: Run) -> Material:
    """Reads what was recorded.

    Raises:
        InputError: outcomes or order tables are missing or damaged.
    """
    findings, outcomes = findings_of(run)
    places = read_json(run.path(PLACES))
    drilled = {}
    base = OrderTable.load(orders_path(run.folder, _id_of(outcomes, BASELINE, findings.routers[0])))
    for variant in findings.variants:
        pair = findings.pairs_of(variant)[0]
        table = OrderTable.load(orders_path(run.folder, _id_of(outcomes, variant, pair.router)))
        drilled[variant] = drill_down(base, table, (places[BASELINE], places[variant]), (pair.reference, pair.router))
    return Material(findings, places, _bars(run.record, outcomes), drilled)


def _outcome(by_id: dict[str, Outcome], row: dict[str, Any]) -> Outcome:
    if row["id"] not in by_id:
        raise InputError(
            "cells", row["id"], f"all results in {CELLS}", "run the study again; it goes on where it stopped"
        )
    return replace(by_id[row["id"]], variant=row["variant"], router=row["router"], position=row["position"])


def _id_of(outcomes: list[Outcome], variant: str, router: str) -> str:
    return next(cell.id for cell in outcomes if cell.key == (variant, router, DRILLED_POSITION))


def _bars(record: dict[str, Any], outcomes: list[Outcome]) -> tuple[tornado.Bar, ...]:
    """Differences of the sensitivities' ends to the baseline, under the planner's own router."""
    router = record["routers"][0]
    rows = record["sensitivities"]
    ends = {f"{row['name']}_{end}": [router] for row in rows for end in ("low", "high")}
    findings = Findings.of(outcomes, record["routers"], ends, record["replications"])

    def gaps_of(name: str) -> tuple[Any, Any]:
        pair = Pair(name, router, router)
        return findings.gap(pair, COST), findings.gap(pair, ON_TIME)

    return tuple(
        tornado.Bar(row["name"], row["low"], row["high"], gaps_of(f"{row['name']}_low"), gaps_of(f"{row['name']}_high"))
        for row in rows
    )


def make_report(run: Run) -> Path:
    """Writes CSV files, figures and the page of a finished study; returns the page.

    Raises:
        InputError: the study is unfinished, or its record is damaged.
    """
    if run.record.get("status") != "finished":
        raise InputError("run", str(run.folder), "a finished study", f"go on with it: {run.record.get('command_line')}")
    material = material_of(run)
    findings, places = material.findings, material.places
    write_text(run.path("kpis.csv"), csv_files.kpis_csv(findings))
    write_text(run.path("replications.csv"), csv_files.replications_csv(findings))
    write_text(run.path("flows.csv"), csv_files.flows_csv(findings, places))
    write_text(run.path("utilisation.csv"), csv_files.utilisation_csv(findings, places))
    if material.bars:
        write_text(run.path("sensitivities.csv"), csv_files.tornado_csv(material.bars))
    for variant, found in material.drilled.items():
        write_text(run.path(f"orders-{variant}.csv"), orders_csv(found))
    with styled():
        overview = _pictures(
            (
                gaps.NAME,
                gaps.TITLE,
                "Same seeds, same orders, same luck: most of the noise cancels.",
                gaps.draw(findings),
            ),
            (
                three_goals.NAME,
                three_goals.TITLE,
                "Means over replications; the intervals of the differences stand in the tables, they are narrower.",
                three_goals.draw(findings) if findings.pairs or len(findings.routers) > 1 else None,
            ),
        )
        last = _pictures(
            (tornado.NAME, tornado.TITLE, "One at a time around the baseline.", tornado.draw(material.bars)),
        )
        sections, drawn = _sections(run, material)
    save_all(run, [*overview, *drawn, *last])
    page = rendered(
        "whatif.html.j2",
        **frame_of(run),
        headline=sentences(findings, run.record["scenario_id"]),
        asked=_asked(run),
        overview_tables=[
            table for table in (glance(findings) if findings.pairs else None, by_router(findings)) if table
        ],
        overview=embedded(overview),
        sections=sections,
        mark_note=mark_note(findings),
        tornado=embedded(last),
        tornado_tables=[tornado_table(material.bars)] if material.bars else [],
    )
    return write_text(run.path(PAGE), page)


def _pictures(*drawn: tuple[str, str, str, Figure | None]) -> list[Picture]:
    return [
        Picture(name, title, caption, png_of(figure)) for name, title, caption, figure in drawn if figure is not None
    ]


def _sections(run: Run, material: Material) -> tuple[list[Section], list[Picture]]:
    """The variants, and their pictures once more for the folder."""
    findings, sections, drawn = material.findings, [], []
    for row in run.record["variants"]:
        variant = row["name"]
        first, *others = findings.pairs_of(variant)
        found = material.drilled[variant]
        pictures = _variant_pictures(material, first)
        drawn += pictures
        sections.append(
            Section(
                variant,
                row["changes"],
                [figures_table(findings, first), parts_table(findings, first)],
                {pair.router: [figures_table(findings, pair), parts_table(findings, pair)] for pair in others},
                embedded(pictures),
                [table for table in (groups_table(found), causes_table(found)) if table.rows],
                orders_table(found, run.record["shown_orders"]) if found.changed else None,
            )
        )
    return sections, drawn


def _variant_pictures(material: Material, pair: Pair) -> list[Picture]:
    findings, places = material.findings, material.places
    place, old_place = places[pair.variant], places[BASELINE]
    after = findings.flows(pair.variant, pair.router, csv_files.shape_of(place)).sum(axis=1)
    old = findings.flows(BASELINE, pair.reference, csv_files.shape_of(old_place)).sum(axis=1)
    before = after * 0.0
    before[: len(old)] = old
    names = (BASELINE, pair.variant) if pair.router == pair.reference else (f"{BASELINE}, {pair.reference}", pair.label)
    loads = findings.load(BASELINE, pair.reference), findings.load(pair.variant, pair.router)
    warehouses = [row["name"] for row in place["warehouses"]]
    return _pictures(
        (
            f"{flow_map.NAME}-{pair.variant}",
            flow_map.TITLE,
            "Mean parcels of a replication from warehouse to region, all services; a hollow square is closed.",
            flow_map.draw(place, before, after, names),
        ),
        (
            f"{load_map.NAME}-{pair.variant}",
            load_map.TITLE,
            "Picking is where queues form: a warehouse that is full all day sends parcels late.",
            load_map.draw(warehouses, *loads, names),
        ),
    )


def _asked(run: Run) -> list[tuple[str, str]]:
    record = run.record
    orders = [trace["num_orders"] for trace in record["traces"]]
    span = f"{min(orders):,} to {max(orders):,}" if min(orders) < max(orders) else f"{min(orders):,}"
    return [
        ("scenario", record["scenario_id"]),
        ("replications", f"{record['replications']}, seeds of the {record['split']} split, {span} orders each"),
        ("routers", ", ".join(record["routers"])),
        ("paired", "a variant meets the same orders and the same luck as the baseline, seed by seed"),
        *((f"variant {row['name']}", "; ".join(row["changes"]) or NOTHING) for row in record["variants"]),
        ("goals", record["goals"]),
        ("clock", record["clock"]),
    ]
