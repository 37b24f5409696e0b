"""Published cells: packed files beside the pages, so that whoever has the project goes on where the board stopped."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from experiments.record import write_bytes
from experiments.scoreboard import plan
from experiments.scoreboard.board import MIXED, Board
from experiments.scoreboard.cell import Cell, Store, cells_of
from experiments.scoreboard.evidence import Evidence
from experiments.scoreboard.task import Task

CELLS, SUFFIX = "cells", ".jsonl.xz"


def published(pages: Path) -> Iterator[Cell]:
    """Cells beside pages, also those of earlier code."""
    for path in sorted((pages / CELLS).glob(f"*{SUFFIX}")):
        yield from cells_of(map(json.loads, lzma.decompress(path.read_bytes()).splitlines()))


def publish(board: Board, store: Store) -> list[Path]:
    """Writes the cells of the present code beside the pages, a file a world; a file without a change stays as it is.

    Args:
        board: what was run; cells of the usual board are kept besides.
        store: of cells, the published ones among them.

    Returns:
        The files that were written.
    """
    worlds = {cell.world for cell in store.all()}
    wanted = {task.id for known in (Board(pages=board.pages), board) for task in _tasks(known, store, worlds)}
    written = []
    for world in sorted(worlds):
        cells = [cell for cell in store.all() if cell.world == world and cell.id in wanted]
        cells.sort(key=lambda cell: (cell.kind, cell.seed, cell.who, cell.weights))
        path = board.pages / CELLS / f"{world}{SUFFIX}"
        lines = "".join(json.dumps(asdict(cell), sort_keys=True) + "\n" for cell in cells)
        content = lzma.compress(lines.encode(), preset=9)
        if cells and not (path.is_file() and path.read_bytes() == content):
            written.append(write_bytes(path, content))
    return written


def _tasks(board: Board, store: Store, worlds: set[str]) -> Iterator[Task]:
    """All of a board that may have cells in some worlds."""
    for name in filter(worlds.__contains__, (*board.scenarios, MIXED)):
        yield from plan.training_tasks(plan.policies_of(board, store, name))
    for name in filter(worlds.__contains__, board.scenarios):
        policies, probe = plan.policies_of(board, store, name), Evidence(board, store, name).probe
        yield from plan.router_tasks(board, name)
        yield from plan.probe_tasks(board, name)
        yield from plan.probe_plays(board, name, probe, "test") if probe else ()
        yield from plan.bound_tasks(board, name)
        yield from plan.learned_tasks(board, name, policies)
        yield from plan.decision_tasks(board, policies)
    for name in filter(worlds.__contains__, board.front_scenarios):
        policies = plan.policies_of(board, store, name, is_conditioned=True)
        yield from plan.reference_tasks(board, name)
        yield from plan.sweep_tasks(board, name)
        yield from plan.training_tasks(policies)
        yield from plan.conditioned_tasks(board, name, policies)
    yield from plan.elsewhere_tasks(board, store, worlds)
    yield from plan.elsewhere_bounds(board, worlds)
