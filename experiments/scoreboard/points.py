"""Points of the fronts: what each router pays of the three goals under each weight vector."""

from __future__ import annotations

import numpy as np

from experiments.scoreboard.board import Board
from experiments.scoreboard.cell import Cell, Store
from experiments.scoreboard.front import GOALS, SWEEP
from experiments.scoreboard.task import Policy, play_task


def swept_cells(board: Board, store: Store, scenario: str, who: str | Policy, split: str) -> list[list[Cell | None]]:
    """Of a router, by weight vector and trace."""
    seeds = board.seeds(split, board.num_front if split == "test" else board.num_validation)
    return [[store.get(play_task(scenario, seed, who, weights).id) for seed in seeds] for weights in SWEEP]


def swept_points(board: Board, store: Store, scenario: str, who: str | Policy, split: str) -> np.ndarray | None:
    """Objectives, float (weights, traces, goals), currency units an order; None unless all were played."""
    return points_of(swept_cells(board, store, scenario, who, split))


def num_played(cells: list[list[Cell | None]]) -> int:
    """How many of the first traces were played under all weight vectors."""
    return next((trace for trace, row in enumerate(zip(*cells, strict=True)) if None in row), len(cells[0]))


def points_of(cells: list[list[Cell | None]]) -> np.ndarray | None:
    """See ``swept_points``."""
    if any(cell is None for row in cells for cell in row):
        return None
    return np.array([[[cell.values[goal] for goal in GOALS] for cell in row if cell] for row in cells])
