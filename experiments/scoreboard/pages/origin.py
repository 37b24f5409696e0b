"""Where a page comes from: the command that remakes it, commits, machines, seeds and times."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace

from experiments.scoreboard.board import LEAST, PARTS, Board
from experiments.scoreboard.cell import BOUND, DECISION, PLAY, TRAINING, Cell
from experiments.scoreboard.pages.fronts import Front

_FLAGS = {
    "num_traces": "--traces",
    "num_validation": "--validation",
    "num_slow": "--slow-traces",
    "num_seeds": "--seeds",
    "num_front": "--front-traces",
    "num_elsewhere": "--elsewhere-traces",
}


def command_of(board: Board, scenarios: Sequence[str] = (), parts: Sequence[str] = ()) -> str:
    """The command line that makes cells and page again."""
    usual, words = Board(), ["routelab", "scoreboard", *scenarios]
    for part in parts:
        words += ["--part", part]
    if board.routers != usual.routers:
        words += ["--routers", ",".join(board.routers)]
    for field in fields(Board):
        if field.name in _FLAGS and getattr(board, field.name) != getattr(usual, field.name):
            words += [_FLAGS[field.name], str(getattr(board, field.name))]
    for key, value in board.training.items():
        words += ["--training", f"{key}={value}"]
    return shlex.join(words)


def traces_of(fronts: Iterable[Front]) -> dict[str, int]:
    """Scenario to the test traces that its front has."""
    return {front.scenario: front.num_traces for front in fronts}


def commands_of(board: Board, scenarios: Sequence[str], parts: Sequence[str], num_traces: Mapping[str, int]) -> str:
    """Command lines that make cells and page again, where fronts may have fewer traces than were asked for.

    Args:
        board: what was to be run.
        scenarios: to be named; none for all.
        parts: to be named; none for all.
        num_traces: test traces that each front has.
    """
    played = {name: count for name, count in num_traces.items() if count}
    numbers = set(played.values())
    if len(numbers) <= 1:
        return command_of(
            replace(board, num_front=max(LEAST["num_front"], *numbers)) if numbers else board, scenarios, parts
        )
    lines = [
        command_of(replace(board, num_front=max(LEAST["num_front"], count)), (name,), ("front",))
        for name, count in played.items()
    ]
    others = [part for part in parts or PARTS if part != "front"]
    return "\n".join([*lines, command_of(board, scenarios, others)])


def origin(command: str, cells: Iterable[Cell]) -> str:
    """The last section of a page.

    Args:
        command: that remakes it, a line or several.
        cells: it was made from.
    """
    cells = sorted(cells, key=lambda cell: cell.id)
    lines = ["## Where this comes from", f"```bash\n{command}\n```"]
    if not cells:
        return "\n\n".join([*lines, "Nothing has been run yet."])
    kinds = [(PLAY, "simulations"), (BOUND, "bounds"), (TRAINING, "trainings"), (DECISION, "exported policies timed")]
    counts = ", ".join(
        f"{len(found):,} {word} ({_hours(found)})" for kind, word in kinds if (found := _of(cells, kind))
    )
    commits = ", ".join(sorted({cell.facts["commit"] for cell in cells}))
    dates = sorted({cell.facts["date"] for cell in cells})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    machines = ", ".join(sorted({cell.facts["processor"] for cell in cells}))
    facts = [
        f"- Cells: {counts}; times are those of one process.",
        f"- Commit: {commits} (a plus: with code that differed from it). Made {when} on {machines}.",
        f"- Trace seeds: {_seeds(cells)}.",
    ]
    trainings = _of(cells, TRAINING)
    if trainings:
        facts.append(f"- Training seeds: {', '.join(map(str, sorted({cell.seed for cell in trainings})))}.")
    facts.append("- `--part pages` makes the pages again from the cells alone.")
    return "\n\n".join([*lines, "\n".join(facts)])


def _of(cells: list[Cell], kind: str) -> list[Cell]:
    return [cell for cell in cells if cell.kind == kind]


def _hours(cells: list[Cell]) -> str:
    seconds = sum(cell.values["seconds"] for cell in cells)
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _seeds(cells: list[Cell]) -> str:
    """Validation and test seeds as ranges."""
    seeds = sorted({cell.seed for cell in cells if cell.kind != TRAINING})
    ranges: list[list[int]] = []
    for seed in seeds:
        if ranges and seed == ranges[-1][1] + 1:
            ranges[-1][1] = seed
        else:
            ranges.append([seed, seed])
    return ", ".join(f"{low:,} to {high:,}" for low, high in ranges)
