"""The page of the sanity group: what is lost where nothing can be won, and the exact optimum where there is one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.scoreboard.board import Board
from experiments.scoreboard.evidence import COST, WHOLE, Evidence
from experiments.scoreboard.pages.markdown import DASH, NOT_RUN, count_of, page, percent, table
from experiments.scoreboard.pages.origin import command_of, origin
from experiments.scoreboard.pages.summaries import percent_of, router_percent
from experiments.scoreboard.targets import EXACT_PERCENT, LOSS_PERCENT, TOO_LITTLE, Summary, is_kept
from experiments.scoreboard.task import DEMAND_HINDSIGHT
from scenarios.catalogue.board.groups import SANITY

HEAD = (
    "scenario",
    "best other router",
    f"it above {DEMAND_HINDSIGHT}",
    "learned minus it [95 %]",
    "worst training seed",
    "lost",
)


def sanity_page(board: Board, evidences: Sequence[Evidence], summaries: dict[str, Summary]) -> str:
    """The page as Markdown.

    Args:
        board: what was to be run.
        evidences: of all scenarios of which anything was run.
        summaries: by scenario.
    """
    found = {evidence.scenario: evidence for evidence in evidences if evidence.scenario in SANITY}
    rows = [_row(name, found.get(name), summaries.get(name)) for name in SANITY]
    exact = [_exact(evidence) for evidence in found.values() if evidence.optimum is not None]
    cells = {key: cell for evidence in found.values() for key, cell in evidence.used.items()}
    return page(
        "# Nothing should be lost",
        "[All scenarios](index.md). Worlds in which a plain router is as good as any: stock is ample, or there is one "
        "warehouse, or what is scarce is known to bid prices. A learned router that found something here would have "
        f"found noise; it must not be more than {LOSS_PERCENT:g} % above the best other deployable router (chosen on "
        "validation traces), in the mean over training seeds and traces.",
        table(HEAD, rows),
        *exact,
        origin(command_of(board, SANITY, ()), cells.values()),
    )


def _row(name: str, evidence: Evidence | None, summary: Summary | None) -> list[str]:
    if evidence is None:
        return [name, NOT_RUN, *(DASH for _ in HEAD[2:])]
    link, rival = f"[{name}]({name}.md)", evidence.rival
    costs = None if rival is None else evidence.values(rival, COST)
    gap = None if rival is None else evidence.gap(rival)
    row = [
        link,
        NOT_RUN if costs is None else f"{rival} {costs.mean():.3f}",
        DASH if gap is None else percent(router_percent(*gap)),
    ]
    learned = evidence.learned(COST)
    if summary is None or learned is None or costs is None:
        return [*row, NOT_RUN, DASH, DASH]
    worst = 100 * float(learned.mean(axis=1).max() / costs.mean() - 1)
    kept = {True: "no", False: "**yes**", None: TOO_LITTLE}[is_kept(summary)]
    return [*row, percent(summary.percent.both), f"{round(worst, 2) + 0.0:+.2f} %", kept]


def _exact(evidence: Evidence) -> str:
    """Everybody above the exact optimum, on the same traces."""
    optimum = evidence.optimum
    assert optimum is not None
    rows: list[tuple[float, list[str]]] = []
    for who in evidence.routers:
        whole = evidence.values(who, WHOLE)
        if whole is not None and len(whole) == len(optimum):
            rows.append(_above(who, whole, percent(router_percent(whole, optimum))))
    learned = evidence.learned(WHOLE)
    if learned is not None:
        rows.append(_above("**learned**", learned, percent(percent_of(learned, optimum).both)))
    rows.sort(key=lambda row: row[0])
    return page(
        f"## {evidence.scenario}: above the exact optimum",
        f"The best router of all is known here, a dynamic program over time, orders and shelves ([how]"
        f"(../bounds.md#the-dynamic-program)). It knows the demand model, as no router does, but no future; its "
        f"choices cost {optimum.mean():.3f} an order on the same {count_of(len(optimum), 'test trace')}. "
        f"Aimed at: at most {EXACT_PERCENT:g} % above it.",
        table(("router", "cost an order", "above the optimum [95 %]"), [row for _, row in rows]),
    ).rstrip("\n")


def _above(name: str, whole: np.ndarray, words: str) -> tuple[float, list[str]]:
    return float(whole.mean()), [name, f"{whole.mean():.3f}", words]
