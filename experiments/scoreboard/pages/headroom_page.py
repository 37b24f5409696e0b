"""The page of headroom: how far strong routers stay above the bound, and so what is left to be won."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.scoreboard.board import SLOW, Board
from experiments.scoreboard.evidence import WHOLE, Evidence
from experiments.scoreboard.pages.markdown import DASH, NOT_RUN, page, percent, table
from experiments.scoreboard.pages.origin import command_of, origin
from experiments.scoreboard.pages.probe_section import NAME
from experiments.scoreboard.pages.summaries import BASE, DUAL, router_percent
from experiments.scoreboard.task import DEMAND_HINDSIGHT
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE

ROUTERS = (BASE, "primal-dual", "static-dual", DUAL, SLOW)
"""Shown, besides the best deployable one."""

GROUPS = {"to be won": WINNABLE, "nothing to lose": SANITY, "from the literature": LITERATURE}

NO_HEADROOM_PERCENT = 1.0
"""Where the best router is as near to the bound, a scenario belongs to the sanity group."""


def headroom_page(board: Board, evidences: Sequence[Evidence]) -> str:
    """The page as Markdown.

    Args:
        board: what was to be run.
        evidences: of all scenarios of which anything was run.
    """
    shown = [evidence for evidence in evidences if evidence.bound(DEMAND_HINDSIGHT) is not None]
    rows = [_row(evidence) for evidence in shown]
    cells = {key: cell for evidence in shown for key, cell in evidence.used.items()}
    head = ("scenario", *ROUTERS, f"*{NAME}*", "the best that is deployable", "group")
    scenarios = () if board.scenarios == Board().scenarios else board.scenarios
    return page(
        "# Headroom",
        f"[All scenarios](index.md). How far routers stay above `{DEMAND_HINDSIGHT}`, which knows all orders but not "
        f"their luck: whole cost over the bound's on the same test traces, in percent, with a BCa bootstrap over "
        f"traces. Nobody reaches the bound, and where queues decide it is not tight ([why](../bounds.md#how-tight)), "
        f"so not all of it is headroom. {SLOW} plays fewer traces. Where the best deployable router is within "
        f"{NO_HEADROOM_PERCENT:g} % nothing is left to be won. [What else was measured before scenarios were frozen]"
        f"(../board.md).",
        table(head, rows) if rows else "Not run.",
        origin(command_of(board, scenarios, ("routers", "probes", "bounds", "pages")), cells.values()),
    )


def _row(evidence: Evidence) -> list[str]:
    bound, rival = evidence.bound(DEMAND_HINDSIGHT), evidence.rival
    assert bound is not None
    values = {who: evidence.values(who, WHOLE) if who in evidence.board.routers else None for who in ROUTERS}
    best = None if rival is None else evidence.values(rival, WHOLE)
    named = NOT_RUN if best is None else f"{rival} {_above(best, bound)}"
    return [
        f"[{evidence.scenario}]({evidence.scenario}.md)",
        *(_above(values[who], bound) for who in ROUTERS),
        _above(evidence.probed(WHOLE), bound),
        named,
        _group(evidence.scenario, best, bound),
    ]


def _above(whole: np.ndarray | None, bound: np.ndarray) -> str:
    """Rollout is held against the bound on the traces that it plays."""
    return DASH if whole is None else percent(router_percent(whole, bound[: len(whole)]), 1)


def _group(scenario: str, best: np.ndarray | None, bound: np.ndarray) -> str:
    """As it is, and whether the numbers agree."""
    name = next((words for words, names in GROUPS.items() if scenario in names), DASH)
    if best is None or scenario not in (*WINNABLE, *SANITY):
        return name
    is_left = 100 * (best.mean() / bound.mean() - 1) > NO_HEADROOM_PERCENT
    if is_left == (scenario not in SANITY):
        return name
    return f"{name}, though {'more' if is_left else 'less'} than {NO_HEADROOM_PERCENT:g} % is left"
