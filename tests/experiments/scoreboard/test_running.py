"""Cells: made once, resumed one by one, the same in any number of processes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.console import Console

from agents.registry import load_agent
from envs.simulation import simulate
from experiments.scoreboard import plan, running, work
from experiments.scoreboard.board import Board
from experiments.scoreboard.cell import Cell, Store
from experiments.scoreboard.running import Expectation
from experiments.scoreboard.task import play_task
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError
from tests.experiments.scoreboard.conftest import run

TIMES = ("seconds", "solving_seconds", "ms_per_decision")


def go(board: Board, store: Store, workers: int = 1) -> int:
    tasks = plan.router_tasks(board, "tiny")
    return running.run("Routers", tasks, store, board.folder, workers=workers, console=Console(quiet=True))


def facts(store: Store) -> dict[str, dict]:
    """Everything but the timings."""
    return {cell.id: {k: v for k, v in cell.values.items() if k not in TIMES} for cell in store.all()}


def test_a_cell_is_a_plain_simulation(small_run):
    store = small_run[1]
    cell = store.get(play_task("tiny", 2_000_101, "primal-dual").id)
    simulation = simulate(draw_trace(load_scenario("tiny"), 2_000_101), load_agent("primal-dual"))
    assert cell.values["cost_per_order"] == pytest.approx(simulation.metrics["cost_per_order"], abs=1e-9)
    assert cell.values["total_millicents"] == simulation.world.totals.sum()
    assert cell.values["num_decisions"] == simulation.metrics["num_decisions"]
    assert cell.values["whole_cost_per_order"] == pytest.approx(simulation.metrics["cost_per_order"])
    assert cell.trace_sha256 == simulation.world.trace.sha256
    assert cell.facts["commit"]


def test_a_board_goes_on_cell_by_cell(small_board, small_run, monkeypatch):
    class PowerCut(Exception):
        pass

    add, count = Store.add, []

    def failing(store: Store, cell: Cell) -> None:
        if len(count) == 4:
            raise PowerCut
        count.append(cell.id)
        add(store, cell)

    monkeypatch.setattr(Store, "add", failing)
    with pytest.raises(PowerCut):
        go(small_board, Store(small_board.folder))
    monkeypatch.setattr(Store, "add", add)
    (path,) = (small_board.folder / "cells").iterdir()
    with open(path, "a") as file:
        file.write('{"id": "half a li')
    again = Store(small_board.folder)
    assert [cell.id for cell in again.all()] == count
    whole = len({task.id for task in plan.router_tasks(small_board, "tiny")})
    assert go(small_board, again) == whole - 4
    assert go(small_board, Store(small_board.folder)) == 0
    whole_run = facts(small_run[1])
    assert all(whole_run[key] == values for key, values in facts(Store(small_board.folder)).items())


@pytest.mark.slow
def test_two_processes_make_the_same_cells(small_board, small_run):
    store = Store(small_board.folder)
    go(small_board, store, workers=2)
    whole = facts(small_run[1])
    assert all(whole[key] == values for key, values in facts(store).items())


def test_cells_of_other_code_are_left_alone(small_run, tmp_path):
    board = small_run[0]
    other = replace(board, folder=tmp_path / "run", pages=tmp_path / "pages")
    path = other.folder / "cells" / "tiny.jsonl"
    path.parent.mkdir(parents=True)
    rows = [json.loads(line) for line in (board.folder / "cells" / "tiny.jsonl").read_text().splitlines()]
    path.write_text("".join(json.dumps({**row, "id": f"old-{row['id']}"}) + "\n" for row in rows))
    assert run(other, "pages") is not None
    assert "nothing" in (other.pages / "index.md").read_text()
    assert not (other.pages / "tiny.md").exists()


def test_a_policy_that_is_another_file_does_not_play(small_board):
    store = run(small_board, "train")
    (policy, _) = plan.policies_of(small_board, store, "tiny")
    path = small_board.folder / "policies" / policy.training_id / "policy.zip"
    before = path.read_text()
    path.write_text("other")
    work._player.cache_clear()
    with pytest.raises(InputError, match="learned@tiny/0"):
        work.do(play_task("tiny", 2_000_100, policy), small_board.folder)
    run(small_board, "learned")  # trains it again
    assert path.read_text().splitlines()[0] == before.splitlines()[0]


def test_estimates_are_means_of_what_was_measured(small_run):
    store = small_run[1]
    seconds = Expectation(store)
    task = play_task("tiny", 2_000_900, "dual")
    assert seconds.of(task) == running.GUESSES["dual"]
    taken = [cell.values["seconds"] for cell in store.all() if cell.who == "nearest" and cell.world == "tiny"]
    assert seconds.of(play_task("tiny", 2_000_900, "nearest")) == pytest.approx(max(0.05, sum(taken) / len(taken)))
