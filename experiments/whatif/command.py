"""``routelab whatif``: what would change, if ...?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import Console

from experiments.console import getting_ready, make_console, meter, print_table
from experiments.evaluation import warm_up
from experiments.record import Run, write_json, write_text, yaml_of
from experiments.settings import check_count, launch, mlflow_of
from experiments.traces import notes_of, notes_on_number
from experiments.tracking import check_database, track
from experiments.whatif.command_line import COMMAND, read_arguments
from experiments.whatif.outcome import Outcome
from experiments.whatif.playing import check_orders, play
from experiments.whatif.reading import place_of
from experiments.whatif.report import PLACES, findings_of, make_report
from experiments.whatif.sentences import sentences
from experiments.whatif.study import Study, automatic_name, study_settings
from experiments.whatif.tables import by_router, glance
from experiments.whatif.variant import NOTHING, Variant
from scenarios.errors import InputError

AUTO = "auto"
STUDY = "study.yaml"
HIDDEN_CHANGE = "Changes of demand and outages are not announced: routers know the published means and what they see"


def run_study(settings: dict[str, Any], folder: Path, arguments: tuple[str, ...], console: Console) -> Run:
    """Plays, records and reports a study; goes on where an earlier one in ``folder`` stopped.

    Args:
        settings: resolved.
        folder: of the run.
        arguments: the command line, for the record.
        console: progress goes here.

    Raises:
        InputError: something that cannot be used; no run has been written then, at most an empty database.
    """
    study = Study.of(settings)
    workers = check_count("workers", settings["workers"], 1, 256)
    shown = check_count("orders", settings["orders"], 1, 1000)
    mlflow_uri = mlflow_of(settings)
    places = {
        entry.variant.name: place_of(study.source(entry.variant).world(0))
        for entry in study.entries
        if not entry.is_sensitivity
    }
    first = check_orders(study)
    began = time.perf_counter()
    check_database(mlflow_uri)
    run = Run.begin(folder, COMMAND, settings, arguments)
    write_text(run.path(STUDY), yaml_of(study_settings(settings)))
    write_json(run.path(PLACES), places)
    outcomes = _play(study, run, workers, console)
    cost, lateness, carbon = study.weights
    base = [cell for cell in outcomes if cell.variant == study.entries[0].variant.name]
    run.finish(
        scenario_id=first.scenario_id,
        routers=[router.label for router in study.routers],
        variants=[
            {
                "name": entry.variant.name,
                "changes": study.source(entry.variant).lines(),
                "routers": [router.label for router in entry.routers],
            }
            for entry in study.entries[1:]
            if not entry.is_sensitivity
        ],
        sensitivities=[
            {"name": row.name, "low": _shown(study, row.low), "high": _shown(study, row.high)}
            for row in study.sensitivities
        ],
        replications=len(study.seeds),
        split=study.split,
        clock=study.clock,
        goals=f"weights {cost:g} on cost, {lateness:g} on lateness, {carbon:g} on carbon; tables count all at one",
        notes=[*notes_of(first, study.scenario, study.seeds), *_notes(study)],
        shown_orders=shown,
        traces=[
            {"seed": cell.seed, "sha256": cell.trace_sha256, "num_orders": cell.num_orders}
            for cell in base[: len(study.seeds)]
        ],
        cells=[
            {"id": cell.id, "variant": cell.variant, "router": cell.router, "position": cell.position}
            for cell in outcomes
        ],
        seconds=round(time.perf_counter() - began, 1),
    )
    with console.status("Tables, figures and page"):
        make_report(run)
    if mlflow_uri is not None:
        _track(run, mlflow_uri)
    return run


def _shown(study: Study, variant: Variant) -> str:
    return "; ".join(study.source(variant).lines()) or NOTHING


def _notes(study: Study) -> list[str]:
    """What has to be said beside the results."""
    changed = {type(change).__name__ for variant in study.variants for change in variant.changes}
    notes = [HIDDEN_CHANGE] if changed & {"DemandChange", "ServiceOutage"} else []
    return [*notes, *notes_on_number(len(study.seeds), "replications")]


def _play(study: Study, run: Run, workers: int, console: Console) -> list[Outcome]:
    with getting_ready(console):
        warm_up(study.clock)
    done = taken = 0
    with meter(console, "Simulating", study.num_cells) as progress:

        def on_outcome(outcome: Outcome, is_stored: bool) -> None:
            nonlocal done, taken
            done, taken = done + 1, taken + is_stored
            progress.to(done, f"{outcome.variant}, {outcome.router}, replication {outcome.position + 1}")

        outcomes = play(study, run.folder, on_outcome, workers)
    if taken:
        console.print(f"{taken} of {done} results were there already.")
    return outcomes


def _track(run: Run, uri: str) -> None:
    findings = findings_of(run)[0]
    metrics = {
        f"{pair.label}/{name}": findings.gap(pair, name).mean
        for pair in findings.pairs
        for name in findings.cells(pair.variant, pair.router)[0].metrics
    }
    params = {"scenario": run.record["scenario_id"], "replications": run.record["replications"]}
    track(run, uri, metrics, {**params, **{row["name"]: "; ".join(row["changes"]) for row in run.record["variants"]}})


def print_study(run: Run, console: Console) -> None:
    """Prints the tables and sentences of a finished study."""
    findings = findings_of(run)[0]
    console.print()
    for table in (glance(findings) if findings.pairs else None, by_router(findings)):
        if table is not None:
            print_table(console, table)
    for sentence in sentences(findings, run.record["scenario_id"]):
        console.print(sentence, markup=False)
    for note in run.record.get("notes", ()):
        console.print(f"Mind: {note}.", markup=False)


def report_study(run: Run) -> Path:
    """Makes the page of a study again, from its record alone, and prints its tables."""
    page = make_report(run)
    print_study(run, make_console())
    return page


def main(arguments: list[str]) -> int:
    """Hydra main of ``routelab whatif``."""

    def job(settings: dict[str, Any], folder: Path) -> int:
        name = settings["name"]
        if name == AUTO:
            name = automatic_name(settings)
            folder = folder.with_name(name) if folder.name == AUTO else folder
        if not isinstance(name, str) or not name or "/" in name:
            raise InputError("name", name, "a name for the study's folder", "write name=NAME")
        console = make_console()
        run = run_study({**settings, "name": name}, folder, tuple(arguments), console)
        print_study(run, console)
        print(f"\nStudy:  {run.folder}\nReport: {run.path('report.html')}")
        return 0

    return launch(COMMAND, job, read_arguments(arguments).arguments())
