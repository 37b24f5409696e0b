"""Published cells: pages without a play, nothing of other code, and trainings again only where a play is missing."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console

from experiments.scoreboard import command, published, running, work
from experiments.scoreboard.board import Board
from experiments.scoreboard.cell import EVEN, PLAY, TRAINING, Store
from experiments.scoreboard.command import Runner
from experiments.scoreboard.published import publish


@pytest.fixture
def copied(small_run, tmp_path) -> Board:
    """The small board on another machine: pages with published cells, and nothing computed."""
    board = small_run[0]
    shutil.copytree(board.pages, tmp_path / "pages")
    return replace(board, folder=tmp_path / "elsewhere", pages=tmp_path / "pages")


@pytest.fixture
def done(monkeypatch) -> list:
    """Tasks that are done from now on."""
    tasks: list = []
    monkeypatch.setattr(running, "do", lambda task, folder: tasks.append(task) or work.do(task, folder))
    return tasks


def go(board: Board, *parts: str) -> Store:
    runner = Runner(board, 1, Console(quiet=True))
    for part in parts or command.PARTS:
        runner.part(part)
    return runner.store


def texts(board: Board) -> dict[str, bytes]:
    return {str(path.relative_to(board.pages)): path.read_bytes() for path in board.pages.rglob("*") if path.is_file()}


def test_pages_come_from_published_cells_alone(small_run, copied, done):
    before = texts(copied)
    assert {"cells/tiny.jsonl.xz", "cells/mixed.jsonl.xz", "index.md"} <= set(before)
    for path in copied.pages.glob("*.md"):
        path.unlink()
    store = go(copied)
    assert done == []
    assert texts(copied) == before
    assert {cell.id: cell for cell in store.all()} == {cell.id: cell for cell in small_run[1].all()}
    assert not (copied.folder / "cells").exists()
    table = pd.read_json(copied.pages / "cells" / "tiny.jsonl.xz", lines=True)
    assert set(table.id) == {cell.id for cell in store.all() if cell.world == "tiny"}


def test_cells_of_other_code_are_not_published(copied):
    store = Store(copied.folder, published.published(copied.pages))
    first = next(iter(store.all()))
    store.add(replace(first, id="of-other-code"))
    store.add(replace(first, world="two-tier", id="of-another-world"))
    before = texts(copied)
    assert publish(copied, store) == []
    assert texts(copied) == before


def test_a_part_of_the_board_leaves_the_rest_published(copied):
    def routers() -> set[str]:
        """Those of the usual board, which has no front here."""
        plain = (cell for cell in published.published(copied.pages) if cell.weights == EVEN)
        return {cell.id for cell in plain if cell.world == "tiny" and cell.who in named}

    named = {*copied.routers, "hindsight", "demand_hindsight"}
    before = routers()
    assert len(before) > 15
    part = replace(copied, routers=("myopic",), num_traces=2, num_seeds=1)
    publish(part, Store(copied.folder, published.published(copied.pages)))
    assert routers() == before


def test_a_policy_left_on_another_machine_is_trained_again_when_it_has_to_play(copied, done):
    cells = list(published.published(copied.pages))
    lost = next(cell for cell in cells if cell.kind == PLAY and cell.who == "learned@tiny/1" and cell.world == "tiny")
    runner = Runner(copied, 1, Console(quiet=True), [cell for cell in cells if cell is not lost])
    runner.part("train")
    assert done == []
    runner.part("learned")
    assert [(task.kind, task.who) for task in done] == [(TRAINING, lost.who), (PLAY, lost.who)]
    again = runner.store.get(lost.id)
    assert again is not None
    assert again.values["cost_per_order"] == lost.values["cost_per_order"]


def test_anew_leaves_published_cells_aside(copied, monkeypatch):
    stores = []
    monkeypatch.setattr(Runner, "part", lambda self, name: stores.append(len(self.store)))
    words = ["tiny", "--part", "pages", "--folder", str(copied.folder), "--pages", str(copied.pages)]
    assert command.main(words) == 0
    assert command.main([*words, "--anew"]) == 0
    assert stores[0] > 0
    assert stores[1] == 0
