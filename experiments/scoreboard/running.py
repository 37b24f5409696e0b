"""Doing the tasks that have no cell yet, in one process or several, with an estimate of what is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console

from experiments.console import meter
from experiments.jobs import at_once
from experiments.scoreboard.board import SLOW
from experiments.scoreboard.cell import BOUND, DECISION, TRAINING, Cell, Store
from experiments.scoreboard.task import Task
from experiments.scoreboard.work import do

GUESSES = {TRAINING: 300.0, BOUND: 0.5, DECISION: 10.0, "learned": 0.5, "dual": 5.0, "static-dual": 1.0, SLOW: 200.0}
"""Seconds of a task of which nothing was measured yet, by kind or router."""

_SHORT = 0.05
_LONG = 20.0
"""Seconds; tasks that take longer are begun first, so that no core waits for one of them at the end."""


def run(title: str, tasks: Iterable[Task], store: Store, folder: Path, *, workers: int, console: Console) -> int:
    """Does what is missing and stores it cell by cell.

    Args:
        title: of the progress shown.
        tasks: wanted; the same one twice counts once.
        store: of cells.
        folder: of the board.
        workers: processes.
        console: progress goes here.

    Returns:
        How many cells were made.
    """
    wanted = {task.id: task for task in tasks}
    missing = [task for task in wanted.values() if task.id not in store]
    if not missing:
        console.print(f"{title}: all {len(wanted)} cells are there.")
        return 0
    seconds = Expectation(store)
    expected = {task.id: seconds.of(task) for task in missing}
    missing.sort(key=lambda task: expected[task.id] < _LONG)  # the others stay trace by trace
    words = f"{title}: {len(missing)} of {len(wanted)} cells to make; progress in seconds of one process"
    console.print(f"{words}, about {sum(expected.values()) / 60 / workers:.0f} min")
    done = 0.0
    with meter(console, title, round(sum(expected.values()), 1)) as progress:
        for number, cell in enumerate(_cells(missing, folder, workers), start=1):
            store.add(cell)
            done += expected[cell.id]
            progress.to(round(done, 1), f"({number} of {len(missing)} cells, {cell.who} on {cell.world})")
    return len(missing)


def _cells(tasks: list[Task], folder: Path, workers: int) -> Iterator[Cell]:
    if workers == 1:
        yield from (do(task, folder) for task in tasks)
    else:
        yield from at_once(do, ((task, folder) for task in tasks), workers)


class Expectation:
    """How long tasks take, from the cells that are there.

    Args:
        store: of cells, also those of earlier code.
    """

    def __init__(self, store: Store) -> None:
        found: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
        for cell in store.all():
            for key in _keys(cell):
                found[key].append(cell.values["seconds"])
        self._means = {key: sum(values) / len(values) for key, values in found.items()}

    def of(self, task: Task) -> float:
        """Seconds: of such tasks in this world, else in all worlds, else a guess."""
        keys = _keys(task)
        known = next((self._means[key] for key in keys if key in self._means), None)
        router = keys[0][1]
        return max(_SHORT, GUESSES.get(task.kind, GUESSES.get(router, _SHORT)) if known is None else known)


def _keys(item: Task | Cell) -> tuple[tuple[str, str, str], tuple[str, str]]:
    router = "learned" if "@" in item.who else item.who.partition("=")[0]
    return (item.kind, router, item.world), (item.kind, router)
