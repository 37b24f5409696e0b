"""Published cells: pages without a play, nothing of other code, and trainings again only where a play is missing."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from experiments.scoreboard import command, plan, published, running, work
from experiments.scoreboard.board import Board
from experiments.scoreboard.cell import EVEN, PLAY, TRAINING, Store
from experiments.scoreboard.command import Runner
from experiments.scoreboard.published import SUFFIX, publish
from tests.experiments.scoreboard.conftest import run
from tests.experiments.scoreboard.test_pages import content


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


def test_pages_come_from_published_cells_alone(small_run, copied, done):
    before = content(copied.pages)
    assert {"cells/tiny.jsonl.xz", "cells/mixed.jsonl.xz", "index.md"} <= set(before)
    for path in copied.pages.glob("*.md"):
        path.unlink()
    store = run(copied)
    assert done == []
    assert content(copied.pages) == before
    assert {cell.id: cell for cell in store.all()} == {cell.id: cell for cell in small_run[1].all()}
    assert not (copied.folder / "cells").exists()
    table = pd.read_json(copied.pages / "cells" / "tiny.jsonl.xz", lines=True)
    assert set(table.id) == {cell.id for cell in store.all() if cell.world == "tiny"}


def test_plays_of_policies_of_the_same_file_are_found_by_its_hash(small_run):
    """As docs/scoreboard.md has it; the learned and the conditioned policies of this board are the same files."""
    board, store = small_run
    paths = sorted((board.pages / "cells").glob(f"*{SUFFIX}"))
    rows = pd.concat([pd.read_json(path, lines=True) for path in paths])
    trainings, plays = rows[rows.kind == TRAINING], rows[rows.kind == PLAY]
    files = {row.who: row.facts["policy_sha256"] for row in trainings.itertuples()}
    assert len(set(files.values())) < len(files)
    known = {(row.world, row.seed, tuple(row.weights), files.get(row.who, row.who)) for row in plays.itertuples()}
    policies = [*plan.policies_of(board, store, "tiny"), *plan.policies_of(board, store, "tiny", is_conditioned=True)]
    tasks = [*plan.learned_tasks(board, "tiny", policies[:2]), *plan.conditioned_tasks(board, "tiny", policies[2:])]
    tasks += [task for task in plan.elsewhere_tasks(board, store) if task.policy]
    assert {(task.world, task.seed, task.weights, files[task.who]) for task in tasks} <= known
    named = {(row.world, row.seed, tuple(row.weights), row.who) for row in plays.itertuples()}
    assert not {(task.world, task.seed, task.weights, task.who) for task in tasks} <= named


def test_cells_of_other_code_are_not_published(copied):
    store = Store(copied.folder, published.published(copied.pages))
    first = next(iter(store.all()))
    store.add(replace(first, id="of-other-code"))
    store.add(replace(first, world="two-tier", id="of-another-world"))
    before = content(copied.pages)
    assert publish(copied, store) == []
    assert content(copied.pages) == before


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


def costs_in(cells: Path, first: int) -> dict[str, float]:
    """Mean costs by router, from published cells alone and by other means than the board's."""
    table = pd.read_json(cells, lines=True)
    plays = table[(table.kind == PLAY) & (table.seed >= first) & (table.weights.map(tuple) == EVEN)]
    costs = plays.assign(cost=plays["values"].map(lambda values: values["cost_per_order"])).groupby("who").cost
    own = [name for name in costs.groups if name.startswith("learned@" + cells.name.removesuffix(SUFFIX) + "/")]
    return {**costs.mean(), "**learned**": float(np.mean([costs.get_group(name).mean() for name in own]))}


def check_page(page: Path, cells: Path, first: int) -> int:
    """Holds what a page says of routers against cells; how many they are."""
    section = page.read_text().partition("## All routers")[2].partition("\n## ")[0]
    costs, found = costs_in(cells, first), re.findall(r"^\| (\S+) \| ([\d.]+) \|", section, re.MULTILINE)
    assert [(who, cost) for who, cost in found if f"{costs[who]:.3f}" != cost] == []
    return len(found)


def test_pages_say_what_published_cells_say(small_run, copied):
    page, cells = copied.pages / "tiny.md", copied.pages / "cells" / "tiny.jsonl.xz"
    assert check_page(page, cells, 2_000_100) == 4  # three routers and the learned one
    page.write_text(page.read_text().replace("| nearest | ", "| nearest | 1"))
    with pytest.raises(AssertionError):
        check_page(page, cells, 2_000_100)


def test_the_board_s_pages_say_what_its_published_cells_say(repository):
    """Those that were made from them: a page of the first hundred test traces was not."""
    results, found = repository / "docs/results", 0
    for cells in sorted((results / "cells").glob(f"*{SUFFIX}")):
        page = results / f"{cells.name.removesuffix(SUFFIX)}.md"
        if page.is_file() and "2,000,100 to 2,000,199" in page.read_text():
            found += check_page(page, cells, 2_000_100)
    if not found:
        pytest.skip("no page was made from published cells yet")
