"""A board of three traces of ``tiny`` whose policies are trained by nobody: heuristics in disguise."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from agents.registry import load_agent
from experiments.scoreboard import work
from experiments.scoreboard.board import PARTS, Board
from experiments.scoreboard.cell import Store
from experiments.scoreboard.command import Runner
from experiments.scoreboard.policies import Trained

SMALL = {
    "scenarios": ("tiny",),
    "routers": ("nearest", "myopic", "primal-dual"),
    "num_traces": 3,
    "num_validation": 2,
    "num_seeds": 2,
    "num_front": 2,
    "num_elsewhere": 2,
    "fronts": ("tiny",),
    "training": {"pricing": "CLOSED_FORM"},
}
DISGUISED = {0: "primal-dual", 1: "myopic"}
"""Training seed -> who plays in truth."""


@pytest.fixture(scope="package")
def fake_training() -> Iterator[None]:
    """Trainings that take no time and policies that are heuristics."""

    def train(scenario, config, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "policy.zip"
        path.write_text(f"{scenario.id} {config.seed}\n{time.perf_counter()}")  # files of the same policy differ
        spent = {"seconds": 60.0 + config.seed, "core_seconds": 120.0}
        return Trained(path, spent, {"base": 5.0, "values": 4.5 - config.seed}, "values")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "train_policy", train)
        patch.setattr(work, "sha256_of", lambda path: hashlib.sha256(path.read_bytes().splitlines()[0]).hexdigest())
        patch.setattr(work, "agent_of", lambda policy, config, scenario: load_agent(DISGUISED[config.seed]))
        patch.setattr(work, "decision_times", lambda *given: {"decision_us": 90.0, "choice_us": 40.0})
        work._player.cache_clear()
        yield
        work._player.cache_clear()


def run(board: Board, *parts: str) -> Store:
    """Runs parts of a board in this process."""
    runner = Runner(board, 1, Console(quiet=True))
    for part in parts or PARTS:
        runner.part(part)
    return runner.store


@pytest.fixture(scope="package")
def small_run(tmp_path_factory, fake_training) -> tuple[Board, Store]:
    """All parts of the small board; not to be changed."""
    folder = tmp_path_factory.mktemp("board")
    board = Board(**SMALL, folder=folder / "run", pages=folder / "pages")
    return board, run(board)


@pytest.fixture
def small_board(tmp_path, fake_training) -> Board:
    """The small board before anything was run."""
    return Board(**SMALL, folder=tmp_path / "run", pages=tmp_path / "pages")
