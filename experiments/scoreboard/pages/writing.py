"""Writing all pages: from cells alone, after the bound was asserted for every one of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path

from matplotlib.figure import Figure

from experiments.figures.style import styled
from experiments.record import write_bytes, write_text
from experiments.scoreboard.board import Board
from experiments.scoreboard.cell import Store
from experiments.scoreboard.evidence import Evidence
from experiments.scoreboard.figures import board_figure, front_figure, matrix_figure, picture_of, scenario_figure
from experiments.scoreboard.pages.elsewhere import Elsewhere, elsewhere_page
from experiments.scoreboard.pages.front_page import front_page
from experiments.scoreboard.pages.fronts import Front
from experiments.scoreboard.pages.headroom_page import headroom_page
from experiments.scoreboard.pages.index_page import index_page
from experiments.scoreboard.pages.sanity_page import sanity_page
from experiments.scoreboard.pages.scenario_page import scenario_page
from experiments.scoreboard.pages.summaries import corrected, summary_of
from experiments.scoreboard.targets import Summary, verdicts

FIGURES = "figures"


def write_pages(board: Board, store: Store) -> list[Path]:
    """Writes index, one page a scenario of which anything was run, fronts and other worlds.

    Args:
        board: what was to be run; the index also tells of the scenarios that were not asked for.
        store: of cells.

    Returns:
        The pages.

    Raises:
        InputError: somebody paid less than ``hindsight`` allows; nothing has been written then.
    """
    names = dict.fromkeys([*Board().scenarios, *board.scenarios])
    worlds = {cell.world for cell in store.all()}
    evidences = [Evidence(board, store, name) for name in names if name in worlds]
    evidences = [evidence for evidence in evidences if evidence.has_any]
    fronts = [Front(board, store, name) for name in board.fronts]
    for evidence in evidences:
        _ = evidence.num_held  # asserts the bound
    for front in fronts:
        if front.reference is not None:
            front.check_bound()
    run = tuple(evidence.scenario for evidence in evidences)
    elsewhere = Elsewhere(replace(board, scenarios=run) if run else board, store)
    _ = elsewhere.num_held  # asserts the bound
    summaries = corrected([summary for summary in map(summary_of, evidences) if summary is not None])
    by_name = {summary.scenario: summary for summary in summaries}
    volumes = [front.summary for front in fronts if front.summary is not None]
    with styled():
        texts = _texts(board, evidences, fronts, elsewhere, by_name)
        trainings = chain(elsewhere.mixed_trainings, *(front.trainings for front in fronts))
        others = [cell.values["core_seconds"] / 60 for cell in trainings]
        judged = verdicts(summaries, volumes, board.fronts, others)
        figure = _figure(board, "board", board_figure(summaries))
        texts["index"] = index_page(board, evidences, fronts, elsewhere, by_name, judged, figure)
    return [write_text(board.pages / f"{name}.md", text) for name, text in texts.items()]


def _texts(
    board: Board,
    evidences: list[Evidence],
    fronts: list[Front],
    elsewhere: Elsewhere,
    summaries: dict[str, Summary],
) -> dict[str, str]:
    texts = {}
    for evidence in evidences:
        name = evidence.scenario
        summary = summaries.get(name)
        figure = _figure(board, name, scenario_figure(evidence))
        texts[name] = scenario_page(evidence, summary, figure)
    pictures = {front.scenario: _figure(board, f"front-{front.scenario}", front_figure(front)) for front in fronts}
    texts["front"] = front_page(board, fronts, pictures)
    texts["sanity"] = sanity_page(board, evidences, summaries)
    texts["headroom"] = headroom_page(board, evidences)
    texts["generalisation"] = elsewhere_page(elsewhere, _figure(board, "generalisation", matrix_figure(elsewhere)))
    return texts


def _figure(board: Board, name: str, figure: Figure | None) -> str:
    """Writes a picture and gives a link to it; nothing, and no old picture either, if there is none."""
    path = board.pages / FIGURES / f"{name}.png"
    if figure is None:
        path.unlink(missing_ok=True)
        return ""
    write_bytes(path, picture_of(figure))
    return f"![{name}]({FIGURES}/{path.name})"
