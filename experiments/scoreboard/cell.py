"""A cell: a router or a bound on a trace, a training, or an exported policy timed; computed once, kept as a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from experiments.evaluation import Weights
from experiments.record import append_line, read_lines

PLAY, BOUND, TRAINING, DECISION = "play", "bound", "training", "decision"
EVEN: Weights = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Cell:
    """What came out.

    Attributes:
        id: of the task, see ``experiments.scoreboard.task``.
        kind: ``play``, ``bound``, ``training``, or ``decision``: how long an exported policy takes for one.
        world: see ``experiments.scoreboard.board.world_of``.
        seed: of the trace, or of the training.
        who: see ``experiments.scoreboard.task.Task``.
        weights: preferences over cost, lateness and carbon.
        trace_sha256: of the trace; empty for a training.
        values: numbers.
        facts: where it was made: commit, processor, date, and the hash of a trained policy.
    """

    id: str
    kind: str
    world: str
    seed: int
    who: str
    weights: Weights
    trace_sha256: str
    values: dict[str, float]
    facts: dict[str, str] = field(default_factory=dict)


class Store:
    """All cells of a folder, one file a world, and those that others made.

    Args:
        folder: ``cells`` lies in it.
        others: what was computed elsewhere; a cell of the folder goes before.
    """

    def __init__(self, folder: Path, others: Iterable[Cell] = ()) -> None:
        self.folder = folder / "cells"
        self._cells = {cell.id: cell for cell in others}
        for path in sorted(self.folder.glob("*.jsonl")):
            self._cells |= {cell.id: cell for cell in cells_of(read_lines(path))}

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._cells

    def __len__(self) -> int:
        return len(self._cells)

    def get(self, task_id: str) -> Cell | None:
        """A cell, if it is there."""
        return self._cells.get(task_id)

    def all(self) -> Iterable[Cell]:
        """Every cell, also those of earlier code."""
        return self._cells.values()

    def forget(self, task_ids: Iterable[str]) -> None:
        """Leaves cells aside, so that they are made again; what is on disk stays until then."""
        for task_id in task_ids:
            self._cells.pop(task_id, None)

    def add(self, cell: Cell) -> None:
        """Writes a cell to disk at once."""
        append_line(self.folder / f"{cell.world}.jsonl", asdict(cell))
        self._cells[cell.id] = cell


def cells_of(rows: Iterable[Mapping[str, Any]]) -> Iterator[Cell]:
    """Cells by their fields; rows of another shape, such as an earlier version's, are skipped."""
    names = {field.name for field in fields(Cell)}
    for row in rows:
        if names == set(row):
            yield Cell(**{**row, "weights": tuple(row["weights"])})
