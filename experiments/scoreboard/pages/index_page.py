"""The board: one table, the targets, and what is not run yet."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.scoreboard.board import Board, short_of, world_of
from experiments.scoreboard.evidence import COST, WHOLE, Evidence
from experiments.scoreboard.pages.elsewhere import Elsewhere
from experiments.scoreboard.pages.fronts import Front
from experiments.scoreboard.pages.markdown import DASH, NOT_RUN, listing, page, percent, share, table
from experiments.scoreboard.pages.origin import commands_of, origin, traces_of
from experiments.scoreboard.pages.summaries import BASE, gap_closed
from experiments.scoreboard.targets import (
    TOO_LITTLE,
    WIN_PERCENT,
    Summary,
    Verdict,
    is_kept,
    is_more_than_a_number,
    is_win,
)
from experiments.scoreboard.task import DEMAND_HINDSIGHT
from experiments.traces import caveat_of
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE

TUNING = "tuning.csv"
"""Beside the pages, if there is one."""

REASONS = "../learning.md#where-it-does-not-win"

GROUPS = (
    ("Learning should win", WINNABLE),
    ("Nothing should be lost", SANITY),
    ("From the literature", LITERATURE),
)
HEAD = (
    "scenario",
    BASE,
    "best other router",
    "learned",
    "learned minus best [95 %]",
    "p (Holm)",
    "learned minus one number [95 %]",
    "gap closed",
    "of the dual's gap",
    "target",
)


def index_page(
    board: Board,
    evidences: Sequence[Evidence],
    fronts: Sequence[Front],
    elsewhere: Elsewhere,
    summaries: dict[str, Summary],
    judged: Sequence[Verdict],
    figure: str,
) -> str:
    """The page as Markdown.

    Args:
        board: what was to be run.
        evidences: of all scenarios of which anything was run.
        fronts: of the scenarios that have to have one.
        elsewhere: costs in other worlds.
        summaries: by scenario, corrected over the board.
        judged: the targets.
        figure: a link to the picture, or nothing.
    """
    found = {evidence.scenario: evidence for evidence in evidences}
    blocks = []
    known = {name for _, names in GROUPS for name in names}
    groups = [*GROUPS, ("Others", tuple(name for name in found if name not in known))]
    for title, names in groups:
        if names:
            rows = [_row(name, found.get(name), summaries.get(name)) for name in names]
            caveats = [f"{name}: {words}." for name in names if name in found and (words := caveat_of(world_of(name)))]
            blocks.append("\n\n".join([f"## {title}", table(HEAD, rows), *caveats]))
    cells = {key: cell for evidence in evidences for key, cell in evidence.used.items()}
    cells |= {key: cell for front in fronts for key, cell in front.used.items()}
    cells |= {cell.id: cell for cell in elsewhere.mixed_trainings}
    return page(
        "# Results",
        "Routers on the same unseen traces; costs are currency units an order. "
        "[How to run and read this](../scoreboard.md); [fronts](front.md); [other worlds](generalisation.md); "
        "[nothing lost](sanity.md); [headroom](headroom.md).",
        figure,
        *blocks,
        _reading(len(summaries)),
        "## Targets",
        listing(("target", "", "measured"), [(one.text, one.word, one.numbers) for one in judged]),
        _numbers(summaries),
        f"The routers were tuned on validation traces: [log]({TUNING})." if (board.pages / TUNING).is_file() else "",
        _missing(board, found, fronts, elsewhere),
        origin(commands_of(board, _asked(board), (), traces_of(fronts)), cells.values()),
    )


def _asked(board: Board) -> tuple[str, ...]:
    return () if board.scenarios == Board().scenarios else board.scenarios


def _row(name: str, evidence: Evidence | None, summary: Summary | None) -> list[str]:
    if evidence is None:
        return [name, NOT_RUN, *(DASH for _ in HEAD[2:])]
    base, learned = evidence.values(BASE), evidence.learned(COST)
    rival = None if evidence.rival is None else evidence.values(evidence.rival, COST)
    cells = [
        f"[{name}]({name}.md)",
        NOT_RUN if base is None else f"{base.mean():.3f}",
        NOT_RUN if rival is None else f"{evidence.rival} {rival.mean():.3f}",
        NOT_RUN if learned is None else f"{learned.mean():.3f}",
    ]
    if summary is None:
        return [*cells, *(DASH for _ in HEAD[4:])]
    gap = None if summary.left_by_dual is None else summary.left_by_dual.share
    return [
        *cells,
        percent(summary.percent.both),
        DASH if summary.p_holm is None else f"{summary.p_holm:.2g}",
        DASH if summary.minus_probe is None else percent(summary.minus_probe.both),
        share(gap_closed(evidence, evidence.learned(WHOLE))),
        share(gap) if gap is None else f"{share(gap)} ({share(summary.left_to_rival)})",
        _target(summary),
    ]


def _target(summary: Summary) -> str:
    if summary.scenario in WINNABLE:
        return {True: "won", False: "**not won**", None: TOO_LITTLE}[is_win(summary)]
    if summary.scenario in SANITY:
        return {True: "kept", False: "**lost**", None: TOO_LITTLE}[is_kept(summary)]
    return DASH


def _reading(count: int) -> str:
    return (
        f"The best other router is chosen on validation traces among those that decide within the limit for a shop. "
        f"The interval holds the chance of training seeds and of traces; p-values are corrected over {count} "
        f"scenarios. Gap closed: of the way from {BASE} to the bound {DEMAND_HINDSIGHT}, which knows all orders but "
        f"not their luck; of the dual's gap: of what the dual leaves to that bound, and in brackets what the best "
        f"other router closes of it. All are ratios of means. [Why it is not won everywhere]({REASONS})."
    )


def _numbers(summaries: dict[str, Summary]) -> str:
    """What the wins would be if the one tuned number were a rival."""
    known = [summaries[name] for name in WINNABLE if name in summaries and summaries[name].minus_probe is not None]
    if not known:
        return ""
    won = [summary.scenario for summary in known if is_more_than_a_number(summary)]
    return (
        f"One number: what the learner starts from with one tuned number more, its ablation (see each page). If it "
        f"were a rival, the learned router would be at least {-WIN_PERCENT:g} % below it, the interval excluding zero, "
        f"on {len(won)} of {len(known)} where learning should win" + (f": {', '.join(won)}." if won else ".")
    )


def _missing(board: Board, found: dict[str, Evidence], fronts: Sequence[Front], elsewhere: Elsewhere) -> str:
    sizes = ("num_traces", "num_validation", "num_slow", "num_seeds")
    short = short_of(**{size: getattr(board, size) for size in sizes})
    rows = [f"- every scenario: {', '.join(short)}"] if short else []
    rows += [f"- {name}: nothing" for name in Board().scenarios if name not in found]
    for name, evidence in found.items():
        if evidence.missing:
            rows.append(f"- {name}: " + ", ".join(f"{who} ({words})" for who, words in evidence.missing.items()))
    rows += [
        f"- [front](front.md) of {front.scenario}: {', '.join(front.missing)}" for front in fronts if front.missing
    ]
    if elsewhere.missing:
        first, *others = elsewhere.missing
        more = f", and {len(others)} more on the page" if others else ""
        rows.append(f"- [other worlds](generalisation.md): {first}{more}")
    if "olist-pooled" not in found:
        rows.append("- olist-pooled: it needs the data; see [its page](../olist.md)")
    return "\n".join(["## Not run yet, or not in full\n", *rows])
