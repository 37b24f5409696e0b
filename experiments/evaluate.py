"""``routelab evaluate``: agents on the same unseen traces, with confidence intervals."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from envs.simulation import CLOCKS
from experiments.cell import CELLS, Cell, Contestant, check_forecasters, contestants
from experiments.console import getting_ready, make_console, meter
from experiments.evaluation import Match, Weights, play, warm_up
from experiments.portrait import map_of
from experiments.record import Run, write_bytes, write_json
from experiments.report import CURVE, PLACE, REFERENCES, make_report, print_results, results_of
from experiments.results import Results, choose_reference
from experiments.settings import (
    ScenarioChoice,
    check_count,
    launch,
    mlflow_of,
    texts_of,
    usual_of,
    weights_of,
)
from experiments.traces import TraceSource, notes_of, notes_on_number, scenario_of, seeds_of
from experiments.tracking import check_database, track
from scenarios.errors import InputError, unknown_name

COMMAND = "evaluate"

OF_SEEDS = ("scenario", "traces", "split", "first")
"""Settings that choose traces by seeds, so they say nothing beside ``trace_files``."""


@dataclass(frozen=True)
class Evaluation:
    """What is to be compared, and how.

    Attributes:
        source: the traces.
        kind: what the traces are, in words.
        agents: names, bundle folders, or ``heuristics``.
        reference: label that differences are taken to, or ``auto``.
        clock: ``compiled`` or ``simpy``.
        weights: preference weights shown to the agents.
        workers: processes.
        training_run: whose learning curve the report shows.
        mlflow_uri: None to leave MLflow out.
    """

    source: TraceSource
    kind: str
    agents: tuple[str, ...]
    reference: str = "auto"
    clock: str = "compiled"
    weights: Weights = (1.0, 1.0, 1.0)
    workers: int = 1
    training_run: Path | None = None
    mlflow_uri: str | None = None

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Evaluation:
        """From resolved settings.

        Raises:
            InputError: a value that cannot be used.
        """
        clock = settings["env"].get("clock")
        if clock not in CLOCKS:
            raise unknown_name("env.clock", clock, CLOCKS)
        files = texts_of("trace_files", settings["trace_files"])
        if len(set(files)) < len(files):
            raise InputError("trace_files", list(files), "each file once", "remove the second one")
        count = check_count("traces", settings["traces"])
        first = check_count("first", settings["first"], 0, 999_999)
        split = str(settings["split"])
        scenario = ScenarioChoice.of(settings["scenario"])
        if files:
            _check_alone(scenario, settings)
            source, kind = TraceSource(files=files), "traces from files"
        else:
            source = TraceSource(scenario, seeds_of(split, first, count))
            kind = f"unseen {split} traces"
        run = settings["training_run"]
        return cls(
            source=source,
            kind=kind,
            agents=texts_of("agents", settings["agents"]),
            reference=str(settings["reference"]),
            clock=clock,
            weights=weights_of(settings["reward"]),
            workers=check_count("workers", settings["workers"], 1, 256),
            training_run=None if run is None else Path(run),
            mlflow_uri=mlflow_of(settings),
        )


def _check_alone(scenario: ScenarioChoice, settings: dict[str, Any]) -> None:
    """Refuses what chooses traces by seeds and is not as usual, beside ``trace_files``."""
    usual, stated = usual_of(COMMAND), {**settings, "scenario": scenario.name}
    given = {f"scenario.{key}": value for key, value in scenario.overrides.items()}
    given |= {key: stated[key] for key in OF_SEEDS if stated[key] != usual[key]}
    for key, value in given.items():
        raise InputError(key, value, "no setting beside trace_files", "files bring theirs: remove it")


def evaluate(
    evaluation: Evaluation, folder: Path, config: dict[str, Any], arguments: tuple[str, ...], console: Console
) -> tuple[Run, Results]:
    """Plays, records and reports an evaluation; goes on where an earlier one in ``folder`` stopped.

    Args:
        evaluation: what to compare.
        folder: of the run.
        config: the resolved settings, for the record.
        arguments: the command line, for the record.
        console: progress goes here.

    Returns:
        The finished run and its results.

    Raises:
        InputError: something that cannot be used; no run has been written then, at most an empty database.
    """
    agents = contestants(evaluation.agents, has_scenario=not evaluation.source.files)
    choose_reference(evaluation.reference, [a.label for a in agents], [a.label for a in agents if a.is_policy])
    if not evaluation.source.files:
        check_forecasters("agents", agents, scenario_of(evaluation.source.scenario), evaluation.clock)
    evaluation.source.check()
    first = evaluation.source.load(0)
    curve = _learning_curve(evaluation.training_run)
    began = time.perf_counter()
    check_database(evaluation.mlflow_uri)
    run = Run.begin(folder, COMMAND, config, arguments)
    for name, content in curve.items():
        write_bytes(run.path(name), content)
    write_json(run.path(PLACE), map_of(first))
    match = Match(evaluation.source, tuple(agents), evaluation.clock, evaluation.weights)
    cells = _play(match, run, evaluation.workers, console)
    choice = None if evaluation.source.files else evaluation.source.scenario
    cost, lateness, carbon = evaluation.weights
    traces = _trace_rows(cells)
    run.finish(
        scenario_id=first.scenario_id,
        kind=evaluation.kind,
        policies=[agent.label for agent in agents if agent.is_policy],
        agents=[_agent_row(agent) for agent in agents],
        reference=evaluation.reference,
        clock=evaluation.clock,
        goals=f"weights {cost:g} on cost, {lateness:g} on lateness, {carbon:g} on carbon; tables count all at one",
        notes=[
            *notes_of(first, choice, [row["seed"] for row in traces]),
            *notes_on_number(len(evaluation.source), "traces"),
        ],
        traces=traces,
        cells=[cell.id for cell in cells],
        seconds=round(time.perf_counter() - began, 1),
    )
    make_report(run)
    results = results_of(run)
    if evaluation.mlflow_uri is not None:
        _track(run, results, evaluation.mlflow_uri)
    return run, results


def _agent_row(agent: Contestant) -> dict[str, Any]:
    return {"label": agent.label, "spec": agent.spec, "identity": agent.identity, "is_policy": agent.is_policy}


def _trace_rows(cells: list[Cell]) -> list[dict[str, Any]]:
    rows = {
        cell.position: {"seed": cell.seed, "sha256": cell.trace_sha256, "num_orders": cell.num_orders} for cell in cells
    }
    return [rows[position] for position in sorted(rows)]


def _play(match: Match, run: Run, workers: int, console: Console) -> list[Cell]:
    with getting_ready(console):
        warm_up(match.clock)
    done = taken = 0
    with meter(console, "Simulating", match.num_cells) as progress:

        def on_cell(cell: Cell, is_stored: bool) -> None:
            nonlocal done, taken
            done, taken = done + 1, taken + is_stored
            progress.to(done, f"{cell.agent} on trace {cell.position + 1}")

        cells = play(match, run.path(CELLS), on_cell, workers)
    if taken:
        console.print(f"{taken} of {done} results were there already.")
    return cells


def _learning_curve(training_run: Path | None) -> dict[str, bytes]:
    """The files of a training run that the report shows."""
    if training_run is None:
        return {}
    if not (training_run / CURVE).is_file():
        raise InputError(
            "training_run", str(training_run), f"a folder with {CURVE}", "give the folder of a training run"
        )
    paths = [training_run / name for name in (CURVE, REFERENCES)]
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def _track(run: Run, results: Results, uri: str) -> None:
    names = [name for name in results.frame.columns if name not in ("agent", "position", "seed", "trace_sha256")]
    metrics = {f"{agent}/{name}": results.mean(agent, name) for agent in results.agents for name in names}
    metrics |= {f"{agent}/difference": results.difference(agent).mean for agent in results.agents}
    track(run, uri, metrics, {"scenario": run.record["scenario_id"], "traces": results.num_traces, **_flat(run.config)})


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return {key: value for key, value in flat.items() if key not in ("scenario", "traces")}


def main(arguments: list[str]) -> int:
    """Hydra main of ``routelab evaluate``."""

    def job(settings: dict[str, Any], folder: Path) -> int:
        evaluation = Evaluation.of(settings)
        unused = OF_SEEDS if evaluation.source.files else ()
        used = {key: value for key, value in settings.items() if key not in unused}
        run, _ = evaluate(evaluation, folder, used, tuple(arguments), make_console())
        print_results(run)
        print(f"\nRecord: {run.folder}\nReport: {run.path('report.html')}")
        return 0

    return launch(COMMAND, job, arguments)
