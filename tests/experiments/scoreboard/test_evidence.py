"""What is read from cells: the rival chosen on validation, completeness, the bound asserted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.bounds import hindsight
from experiments.scoreboard.cell import EVEN, Store
from experiments.scoreboard.evidence import Evidence
from experiments.scoreboard.front import add_reference_point
from experiments.scoreboard.pages.elsewhere import Elsewhere, elsewhere_page
from experiments.scoreboard.pages.scenario_page import scenario_page
from experiments.scoreboard.pages.writing import write_pages
from experiments.scoreboard.task import bound_task, play_task
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError

FIRST = 2_000_100


@pytest.fixture
def copied(small_run, tmp_path) -> tuple:
    """The small board with cells that a test may change."""
    board, store = small_run
    changed = replace(board, folder=tmp_path / "run", pages=tmp_path / "pages")
    copy = Store(changed.folder)
    copy._cells = {cell.id: cell for cell in store.all()}
    return changed, copy


def put(store: Store, task_id: str, **values: float) -> None:
    cell = store.get(task_id)
    assert cell is not None
    store._cells[task_id] = replace(cell, values={**cell.values, **values})


def test_the_rival_is_chosen_on_validation_traces(copied):
    board, store = copied
    assert Evidence(board, store, "tiny").rival == "primal-dual"
    for seed in board.seeds("test", 3):  # on the test traces another one is better
        put(store, play_task("tiny", seed, "nearest").id, cost_per_order=0.01)
    assert Evidence(board, store, "tiny").rival == "primal-dual"
    for seed in board.seeds("validation", 2):
        put(store, play_task("tiny", seed, "nearest").id, cost_per_order=0.01)
    assert Evidence(board, store, "tiny").rival == "nearest"


def test_a_slow_router_is_no_rival(copied):
    board, store = copied
    for seed in board.seeds("validation", 2):
        put(store, play_task("tiny", seed, "primal-dual").id, ms_per_decision=10.1)
    evidence = Evidence(board, store, "tiny")
    assert evidence.rival == "myopic"
    assert "primal-dual" in evidence.routers


def test_a_router_that_knows_the_end_is_no_rival_and_the_page_says_so(copied):
    board, store = copied
    board = replace(board, routers=("nearest", "myopic", "static-dual"))
    for split, count in (("validation", 2), ("test", 3)):
        for seed in board.seeds(split, count):
            play = store.get(play_task("tiny", seed, "primal-dual").id)
            task = play_task("tiny", seed, "static-dual")
            store._cells[task.id] = replace(play, id=task.id, who=task.who)
    evidence = Evidence(board, store, "tiny")
    assert evidence.routers[0] == "static-dual"
    assert evidence.rival == "myopic"
    words = "static-dual, which knows when the episode ends (it was better than myopic on validation traces)"
    assert words in scenario_page(evidence, None, "")
    literature = Evidence(board, store, "jasin-sinha")  # its end is published
    assert (evidence.knows_end, literature.knows_end) == ("static-dual", None)


def test_arrays_are_by_seed_and_trace(copied):
    board, store = copied
    evidence = Evidence(board, store, "tiny")
    learned = evidence.learned()
    assert learned.shape == (2, 3)
    assert (learned[0] == evidence.values("primal-dual")).all()  # who plays in disguise
    assert (learned[1] == evidence.values("myopic")).all()
    bounds = [hindsight(draw_trace(load_scenario("tiny"), FIRST + i)) for i in range(3)]
    expected = [bound.value_millicents / 100_000 / bound.num_orders for bound in bounds]
    assert np.allclose(evidence.bound("hindsight"), expected)
    assert (evidence.optimum >= evidence.bound("hindsight") - 2e-9).all()


def test_a_missing_cell_is_told(copied):
    board, store = copied
    del store._cells[play_task("tiny", FIRST, "myopic").id]
    del store._cells[bound_task("tiny", FIRST, "hindsight").id]
    evidence = Evidence(board, store, "tiny")
    assert evidence.missing["myopic"] == "2 of 3 traces"
    assert evidence.missing["hindsight"] == "2 of 3 traces"
    assert "myopic" not in evidence.routers
    assert evidence.bound("hindsight") is None


@pytest.mark.parametrize("who", ["nearest", "learned@tiny/1", "optimum"])
def test_a_router_below_hindsight_stops_the_pages(copied, who):
    board, store = copied
    least = store.get(bound_task("tiny", FIRST + 1, "hindsight").id).values["total_millicents"]
    place = (who, FIRST + 1, "tiny", EVEN)
    (cell,) = [one for one in store.all() if (one.who, one.seed, one.world, one.weights) == place]
    put(store, cell.id, total_millicents=least)
    write_pages(board, store)
    put(store, cell.id, total_millicents=least - 1)
    for path in board.pages.glob("*.md"):
        path.unlink()
    with pytest.raises(InputError, match=rf"ledger of {who} on trace {FIRST + 1} of tiny"):
        write_pages(board, store)
    assert not list(board.pages.glob("*.md"))


def test_plays_on_validation_traces_are_held_against_hindsight_too(copied):
    board, store = copied
    seed = board.seeds("validation", 2)[1]
    put(store, play_task("tiny", seed, "myopic").id, total_millicents=1)
    with pytest.raises(InputError, match=f"ledger of myopic on trace {seed} of tiny"):
        write_pages(board, store)
    del store._cells[bound_task("tiny", seed, "hindsight").id]
    assert Evidence(board, store, "tiny").missing["hindsight on validation traces"] == "1 of 2 traces"
    write_pages(board, store)  # nothing to hold it against


def test_plays_under_other_weights_are_held_against_hindsight_too(copied):
    board, store = copied
    add_reference_point(board.pages, "tiny@1", 2, np.full((1, 3), 9.0))
    put(store, play_task("tiny", FIRST, "myopic", (1.0, 6.0, 1.0)).id, total_millicents=1)
    with pytest.raises(InputError, match=f"ledger of myopic on trace {FIRST} of tiny"):
        write_pages(board, store)


@pytest.mark.parametrize(("world", "who"), [("tiny+twinned", "myopic"), ("tiny+drawn", "learned@tiny/0")])
def test_plays_in_other_worlds_are_held_against_hindsight_too(copied, world, who):
    board, store = copied
    elsewhere = Elsewhere(board, store)
    plays = [cell for cell in store.all() if cell.kind == "play" and "+" in cell.world]
    at_home = 2 * (2 + 2 + 2)  # traces by plain routers, own policies and those of drawn worlds
    assert elsewhere.num_held == len(plays) + at_home
    cell = next(cell for cell in plays if (cell.world, cell.who) == (world, who))
    put(store, cell.id, total_millicents=1)
    with pytest.raises(InputError, match=rf"ledger of {who} on trace {cell.seed} of "):
        write_pages(board, store)
    assert not list(board.pages.glob("*.md"))


def test_an_other_router_that_was_not_chosen_is_told(copied):
    board, store = copied
    assert "Not chosen" not in elsewhere_page(Elsewhere(board, store), "")
    for seed in board.seeds("validation", 2):
        del store._cells[play_task("tiny", seed, "primal-dual").id]
    assert "Not chosen, for want of validation traces: the other router of tiny." in elsewhere_page(
        Elsewhere(board, store), ""
    )
