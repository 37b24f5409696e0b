"""Pages: remade equal from cells alone, honest when partial, plain about what was lost."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from experiments.scoreboard.board import PARTS, SIZES, Board, short_of
from experiments.scoreboard.cell import Store
from experiments.scoreboard.evidence import WHOLE, Evidence
from experiments.scoreboard.front import SWEEP
from experiments.scoreboard.pages.elsewhere import Elsewhere, elsewhere_page
from experiments.scoreboard.pages.front_page import _since
from experiments.scoreboard.pages.fronts import Front, weighted
from experiments.scoreboard.pages.headroom_page import _group
from experiments.scoreboard.pages.literature_section import PUBLISHED, Published, literature_section
from experiments.scoreboard.pages.markdown import percent, table
from experiments.scoreboard.pages.origin import command_of, commands_of
from experiments.scoreboard.pages.scenario_page import scenario_page
from experiments.scoreboard.pages.summaries import percent_of, summary_of
from experiments.scoreboard.pages.writing import write_pages
from experiments.scoreboard.plan import probes_of
from experiments.scoreboard.task import DEMAND_HINDSIGHT, HINDSIGHT
from experiments.statistics import Interval
from tests.experiments.scoreboard.conftest import SMALL, run


def content(folder) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_pages_are_remade_equal_from_the_cells_alone(small_run, tmp_path):
    board, _ = small_run
    before = content(board.pages)
    again = replace(board, pages=tmp_path)
    (tmp_path / "reference_points.csv").write_bytes(before["reference_points.csv"])
    write_pages(again, Store(board.folder))
    assert content(tmp_path) == {name: data for name, data in before.items() if not name.startswith("cells/")}
    assert set(before) >= {"index.md", "tiny.md", "front.md", "generalisation.md", "figures/tiny.png"}
    assert all(len(data) < 100_000 for name, data in before.items() if name.endswith(".png"))


def test_links_between_pages_lead_somewhere(small_run, repository):
    board, _ = small_run
    outside = {"../board.md", "../scoreboard.md", "../olist.md", "../learning.md", "../bounds.md"}
    for path in board.pages.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
            if link in outside:
                assert (repository / "docs/results" / link).resolve().is_file(), link
            else:
                assert (board.pages / link).is_file(), f"{path.name} links to {link}"


def test_the_index_says_what_was_not_run(small_run):
    index = (small_run[0].pages / "index.md").read_text()
    assert "| peak-regime | not run |" in index
    assert "- peak-regime: nothing" in index
    assert "olist-pooled: it needs the data" in index
    assert "too little was run" in index
    assert "hypervolume at least 5 %" in index


def test_what_was_run_on_less_than_usual_is_not_called_whole(small_run):
    pages = small_run[0].pages
    index, elsewhere, front = ((pages / f"{name}.md").read_text() for name in ("index", "generalisation", "front"))
    assert "- every scenario: 3 of 100 test traces, 2 of 20 validation traces, 2 of 5 training seeds\n" in index
    assert (
        "- [front](front.md) of tiny: 2 of 100 test traces of each weight vector, 2 of 5 training seeds, dual" in index
    )
    assert "- [other worlds](generalisation.md): 2 of 20 test traces of each world" in index
    assert "- 2 of 20 test traces of each world" in elsewhere
    assert "Test traces: 2 of 100." in front


def test_the_usual_board_is_short_of_nothing():
    usual = Board()
    assert short_of(**{size: getattr(usual, size) for size in SIZES}) == []
    assert set(SIZES) == {name for name in vars(usual) if name.startswith("num_")}
    assert short_of(num_front=11, num_seeds=5) == ["11 of 100 test traces of each weight vector"]


def test_the_trainings_of_fronts_and_of_drawn_worlds_are_counted(small_run):
    pages = small_run[0].pages
    assert "2 trainings (" in (pages / "front.md").read_text()
    assert "- Training seeds: 0, 1.\n" in (pages / "front.md").read_text()
    assert "6 trainings (" in (pages / "index.md").read_text()  # tiny, its front, and drawn worlds


def test_a_partial_board_gives_partial_pages(small_board):
    run(small_board, "routers", "pages")
    page = (small_board.pages / "tiny.md").read_text()
    assert "The learned router: not run" in page
    assert "- hindsight: not run" in page
    assert "- learned: 0 of 2 training seeds" in page
    assert "- dual: not asked for" in page
    assert "is at most the ledger" not in page
    assert "| nearest |" in page
    assert "Not run." in (small_board.pages / "front.md").read_text()
    assert "Not run." in (small_board.pages / "generalisation.md").read_text()


def test_nothing_at_all_gives_honest_pages(small_board):
    run(small_board, "pages")
    index = (small_board.pages / "index.md").read_text()
    assert "Nothing has been run yet." in index
    assert "| tiny | not run |" in index


@pytest.mark.parametrize(("factor", "words"), [(1.02, "above** primal-dual"), (0.97, "below** primal-dual")])
def test_losing_reads_as_clearly_as_winning(small_run, monkeypatch, factor, words):
    board, store = small_run
    evidence = Evidence(board, store, "tiny")
    summary = summary_of(evidence)
    table = evidence.learned() * 0 + factor * evidence.values(summary.rival)
    page = scenario_page(evidence, replace(summary, percent=percent_of(table, evidence.values(summary.rival))), "")
    assert f"**{abs(100 * (factor - 1)):.2f} % {words}" in page


def test_the_headline_of_the_small_board(small_run):
    board, store = small_run
    evidence = Evidence(board, store, "tiny")
    rival, other = evidence.values("primal-dual"), evidence.values("myopic")
    found = summary_of(evidence)
    assert found.rival == "primal-dual"
    assert found.percent.mean == pytest.approx(100 * (other - rival).mean() / rival.mean() / 2)
    assert found.training_minutes == (2.0, 2.0)
    assert found.left_by_dual is None  # the dual was not on this board
    assert f"{found.percent.mean:.2f} %" in (board.pages / "tiny.md").read_text()


def test_the_time_of_an_exported_decision_is_on_the_pages(small_run):
    board = small_run[0]
    assert "the policy of seed 0 takes 90 us for a decision" in (board.pages / "tiny.md").read_text()
    assert "| not decided | 90 us on tiny" in (board.pages / "index.md").read_text()  # the only scenario of twelve


def test_plays_held_against_the_bound_are_counted(small_run):
    board, store = small_run
    count = 3 * (3 + 2) + 2 * 3 + 3 + 3 + 2 * len(probes_of(board, "tiny"))  # routers, policies, optimum, probes
    assert Evidence(board, store, "tiny").num_held == count
    words = f"is at most the ledger of each of {count} plays held against it"
    assert words in (board.pages / "tiny.md").read_text()
    bare = Store(board.folder / "none", (cell for cell in store.all() if cell.kind == "bound"))
    assert Evidence(board, bare, "tiny").num_held == 0
    assert "is at most" not in scenario_page(Evidence(board, bare, "tiny"), None, "")


def test_a_reference_point_of_other_rules_is_told(small_run, monkeypatch):
    front = Front(*small_run, "tiny")
    assert np.allclose(front.reference_now, front.reference, atol=1e-6)
    assert "by the present rules" not in _since(front)
    front.__dict__["reference"] = front.reference + 1e-4
    assert "by the present rules the nadir would be" in _since(front)


def test_who_has_not_played_elsewhere_is_told(small_run):
    board, store = small_run
    assert "tiny, 1 of 2" not in (board.pages / "generalisation.md").read_text()
    kept = (cell for cell in store.all() if (cell.world, cell.who) != ("tiny+drawn", "learned@tiny/1"))
    page = elsewhere_page(Elsewhere(board, Store(board.folder / "none", kept)), "")
    assert "- tiny, 1 of 2 training seeds: tiny+drawn" in page


def test_the_command_on_the_page_is_the_one_that_made_it(small_run):
    board, _ = small_run
    line = command_of(board, ("tiny",))
    assert line in (board.pages / "tiny.md").read_text()
    assert line == (
        "routelab scoreboard tiny --routers nearest,myopic,primal-dual --traces 3 --validation 2 --seeds 2 "
        "--front-traces 2 --elsewhere-traces 2 --training pricing=CLOSED_FORM"
    )


def test_fronts_of_fewer_traces_are_remade_with_as_many():
    fewer = {"misplaced-scarce": 11, "cutoff-congestion": 11}
    line = "routelab scoreboard --part front --part pages --front-traces 11"
    assert commands_of(Board(), (), ("front", "pages"), fewer) == line
    usual = dict.fromkeys(fewer, 100)
    assert commands_of(Board(), (), (), usual) == "routelab scoreboard"
    assert commands_of(Board(), (), (), dict.fromkeys(fewer, 0)) == "routelab scoreboard"
    lines = commands_of(Board(num_elsewhere=5), (), ("front", "pages"), {**usual, "misplaced-scarce": 11})
    assert lines.splitlines() == [
        "routelab scoreboard misplaced-scarce --part front --front-traces 11 --elsewhere-traces 5",
        "routelab scoreboard cutoff-congestion --part front --elsewhere-traces 5",
        "routelab scoreboard --part pages --elsewhere-traces 5",
    ]
    whole = commands_of(Board(), (), (), {**usual, "misplaced-scarce": 11}).splitlines()[-1]
    assert whole == " --part ".join(["routelab scoreboard", *(part for part in PARTS if part != "front")])


def test_the_page_of_the_sanity_group_shows_what_is_lost_and_the_optimum(small_run):
    board, store = small_run
    evidence = Evidence(board, store, "tiny")
    page = (board.pages / "sanity.md").read_text()
    assert "| ample-stock | not run |" in page
    rival, learned = evidence.values("primal-dual"), evidence.learned()
    worst = 100 * (learned.mean(axis=1).max() / rival.mean() - 1)
    assert f"| {worst:+.2f} % | too little was run |" in page
    optimum, whole = evidence.optimum, evidence.values("nearest", WHOLE)
    above = 100 * (whole - optimum).mean() / optimum.mean()
    assert f"| nearest | {whole.mean():.3f} | {above:+.2f} % [" in page
    assert f"choices cost {optimum.mean():.3f} an order on the same 3 test traces" in page


def test_the_page_of_headroom_holds_routers_against_the_bound(small_run):
    board, store = small_run
    evidence = Evidence(board, store, "tiny")
    page = (board.pages / "headroom.md").read_text()
    bound, myopic = evidence.bound(DEMAND_HINDSIGHT), evidence.values("myopic", WHOLE)
    assert f"| [tiny](tiny.md) | {100 * (myopic - bound).mean() / bound.mean():+.1f} % [" in page
    assert " – | – | – |" in page  # static-dual, dual and rollout are not on this board
    assert _group("tiny", bound * 1.02, bound) == "nothing to lose, though more than 1 % is left"
    assert _group("tiny", bound, bound) == "nothing to lose"
    assert _group("jasin-sinha", bound, bound) == "from the literature"
    assert _group("peak-regime", bound * 1.001, bound) == "to be won, though less than 1 % is left"


def test_the_page_of_fronts_shows_weighted_costs_and_links_its_reason(small_run, repository):
    board, store = small_run
    page = (board.pages / "front.md").read_text()
    front = Front(board, store, "tiny")
    myopic, learned = front.heuristics["myopic"], front.learned
    for row, weights in enumerate(SWEEP):
        costs = [(points[..., row, :, :] @ np.array(weights)).mean() for points in (myopic, learned)]
        (line,) = re.findall(rf"^\| {', '.join(f'{weight:g}' for weight in weights)} \| .*$", page, re.MULTILINE)
        assert line.split(" | ")[1] == f"{costs[0]:.3f}"
        assert line.split(" | ")[4] == f"{costs[1]:.3f}"
        assert line.endswith(f"({front.rivals[row]}) |")
    assert "## Front: in two steps" in (repository / "docs/scoreboard.md").read_text()
    assert "../scoreboard.md#front-in-two-steps" in page


def test_the_rival_under_each_weight_is_the_cheapest_on_validation_traces(small_run):
    front = Front(*small_run, "tiny")
    for row, rival in enumerate(front.rivals):
        means = {who: weighted(front._points(who, "validation"))[row].mean() for who in front.heuristics}
        assert means[rival] <= min(means.values()) + 1e-9


def test_published_numbers_stand_beside_ours(small_run, monkeypatch):
    board, store = small_run
    evidence = Evidence(board, store, "tiny")
    assert literature_section(evidence) == ""
    monkeypatch.setitem(PUBLISHED, "tiny", (Published("somebody's dual", "50 %", "elsewhere"),))
    section = literature_section(evidence)
    assert "| reported: somebody's dual | 50 % | – | elsewhere |" in section
    myopic, nearest = evidence.values("myopic", WHOLE), evidence.values("nearest", WHOLE)
    players = {"primal-dual": evidence.values("primal-dual", WHOLE), r"\*\*learned\*\*": evidence.learned(WHOLE)}
    for who, costs in players.items():
        gaps = [(base - evidence.bound(HINDSIGHT)).mean() for base in (myopic, nearest)]
        closed = [100 * (base.mean() - costs.mean()) / gap for base, gap in zip((myopic, nearest), gaps, strict=True)]
        (line,) = re.findall(rf"^\| {who} \| .*$", section, re.MULTILINE)
        assert [float(cell.split(" %")[0]) for cell in line.split(" | ")[1:3]] == pytest.approx(closed, abs=0.051)
    assert literature_section(Evidence(board, store, "jasin-sinha")) == ""  # its bound is not solved here


def test_numbers_as_they_are_written():
    assert percent(Interval(-1.234, -2.0, -0.001)) == "-1.23 % [-2.00, +0.00]"
    assert percent(Interval(0.5, None, None), 1) == "+0.5 %"
    assert table(("a", "b"), [("x", "1")]) == "| a | b |\n|---|---:|\n| x | 1 |"
    assert SMALL["num_traces"] == 3
