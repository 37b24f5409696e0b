"""``routelab report RUN``: tables, figures and the page of a run, made from its record alone."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pandas as pd

from experiments.cell import CELLS, Cell, read_cells
from experiments.comparison import Table, summary, summary_csv, tables
from experiments.console import make_console, print_table
from experiments.gallery import Material, draw_all, save_all
from experiments.headline import headline
from experiments.page import render
from experiments.record import Run, read_json, write_json, write_text
from experiments.results import Results
from scenarios.arguments import Arguments
from scenarios.errors import InputError

CURVE, REFERENCES, PLACE = "learning_curve.csv", "references.json", "network.json"
PAGE, RESULTS = "report.html", "results.csv"
OWN_REPORTS = {"whatif": "experiments.whatif.command:report_study"}
"""Commands whose runs have a page of their own -> the function that makes and prints it."""


def results_of(run: Run) -> Results:
    """The results of an evaluation, read from its cells.

    Raises:
        InputError: cells are missing.
    """
    return Results.of(_cells(run), run.record.get("policies", ()), run.record.get("reference", "auto"))


def _cells(run: Run) -> list[Cell]:
    """The cells that belong to the run's last start: a folder may hold older ones of other rules."""
    wanted = run.record.get("cells")
    found = {cell.id: cell for cell in read_cells(run.path(CELLS))}
    if wanted is None:
        return []
    missing = [name for name in wanted if name not in found]
    if missing:
        raise InputError(
            "cells",
            f"{len(missing)} of {len(wanted)} missing",
            f"all results in {run.path(CELLS)}",
            "run the evaluation again in the same run_dir; it goes on where it stopped",
        )
    return [found[name] for name in wanted]


def make_report(run: Run) -> Path:
    """Writes results as CSV and JSON, figures and ``report.html`` of a run; returns the page.

    Raises:
        InputError: the run is unfinished, or its record is damaged.
    """
    if run.record.get("status") != "finished":
        raise InputError("run", str(run.folder), "a finished run", f"go on with it: {run.record.get('command_line')}")
    material = material_of(run)
    pictures = draw_all(material)
    save_all(run, pictures)
    found: list[Table] = []
    sentences: list[str] = []
    if material.results is not None:
        results = material.results
        found = tables(results)
        sentences = headline(results, run.record["scenario_id"], run.record.get("kind", "unseen traces"))
        write_text(run.path(RESULTS), results.frame.to_csv(index=False))
        write_text(run.path("comparison.csv"), summary_csv(results))
        write_json(run.path("comparison.json"), {"headline": sentences, **summary(results)})
    sentences = sentences or run.record.get("headline", [])
    page = render(run, headline=sentences, compared=_compared(run, material), tables=found, pictures=pictures)
    return write_text(run.path(PAGE), page)


def material_of(run: Run) -> Material:
    """What the record offers to draw."""
    results, place, portraits = None, None, None
    if run.record.get("cells"):
        cells = _cells(run)
        results = Results.of(cells, run.record.get("policies", ()), run.record.get("reference", "auto"))
        portraits = {cell.agent: cell.portrait for cell in cells if cell.portrait}
        place = read_json(run.path(PLACE))
    curve = None
    if run.path(CURVE).exists():
        try:
            curve = pd.read_csv(run.path(CURVE))
            curve[["steps", "cost_per_order"]].astype(float)
        except (ValueError, KeyError, pd.errors.ParserError) as error:
            raise InputError(
                "learning curve", str(run.path(CURVE)), "columns steps and cost_per_order", f"train again ({error})"
            ) from error
    references = read_json(run.path(REFERENCES)) if run.path(REFERENCES).exists() else {}
    return Material(results, place, portraits, curve, references)


def _compared(run: Run, material: Material) -> list[tuple[str, str]]:
    rows = [("scenario", run.record["scenario_id"])] if run.record.get("scenario_id") else []
    if material.results is not None:
        traces = run.record["traces"]
        orders = [trace["num_orders"] for trace in traces]
        rows += [
            ("traces", f"{len(traces)} {run.record['kind']}, {min(orders):,} to {max(orders):,} orders each"),
            ("agents", ", ".join(material.results.agents)),
            ("paired", "every agent met the same orders, stock, receipts and luck"),
            ("goals", run.record["goals"]),
            ("clock", run.record["clock"]),
        ]
    return rows + [(name, str(value)) for name, value in run.record.get("facts", {}).items()]


def print_results(run: Run) -> None:
    """Prints headline, tables and notes of a run."""
    console = make_console()
    material = material_of(run)
    if material.results is not None:
        console.print()
        for table in tables(material.results):
            print_table(console, table)
        for sentence in headline(material.results, run.record["scenario_id"], run.record.get("kind", "unseen traces")):
            console.print(sentence, markup=False)
    for note in run.record.get("notes", ()):
        console.print(f"Mind: {note}.", markup=False)


def main(arguments: list[str]) -> int:
    """Makes the tables, figures and page of a recorded run.

    Raises:
        InputError: not one folder that holds a run.
    """
    parser = Arguments(prog="routelab report", description="Makes tables, figures and page of a recorded run again.")
    parser.add_argument("run", metavar="RUN", help="the folder of a recorded run")
    run = Run.open(parser.parse_args(arguments).run)
    if run.record["command"] in OWN_REPORTS:
        module, _, function = OWN_REPORTS[run.record["command"]].partition(":")
        page = getattr(import_module(module), function)(run)
    else:
        page = make_report(run)
        print_results(run)
    print(f"\nReport: {page}")
    return 0
