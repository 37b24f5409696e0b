"""Pictures of the board: small PNG files, the same bytes for the same cells."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.style import ACCENT, GREY, INK, MUTED, SEQUENCE, new_figure, quiet, side_by_side, subtitle
from experiments.scoreboard.evidence import COST, WHOLE, Evidence
from experiments.scoreboard.front import GOALS
from experiments.scoreboard.pages.elsewhere import Elsewhere
from experiments.scoreboard.pages.fronts import Front
from experiments.scoreboard.pages.probe_section import NAME
from experiments.scoreboard.pages.summaries import percent_of, router_percent
from experiments.scoreboard.plan import homes
from experiments.scoreboard.targets import WIN_PERCENT, Summary
from experiments.scoreboard.task import DEMAND_HINDSIGHT
from experiments.statistics import Interval, pareto_front

DOTS = 100
FAR = 15.0
"""Percent; routers that are farther off are named at the edge."""


def picture_of(figure: Figure) -> bytes:
    """The figure as a small PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return buffer.getvalue()


def board_figure(summaries: Sequence[Summary]) -> Figure | None:
    """Learned minus the best other router, one row a scenario; None without any."""
    if not summaries:
        return None
    figure = new_figure(8.2, 1.4 + 0.36 * len(summaries))
    (axes,) = side_by_side(figure, 1)
    for row, summary in enumerate(summaries):
        _bar(axes, row, summary.percent.both, ACCENT if summary.percent.mean < 0 else INK)
    axes.set_yticks(range(len(summaries)), [f"{one.scenario}\nagainst {one.rival}" for one in summaries], fontsize=8)
    axes.set_ylim(len(summaries) - 0.5, -0.5)
    axes.axvline(0, color=INK, linewidth=1.1)
    axes.axvline(WIN_PERCENT, color=MUTED, linewidth=0.9, linestyle=":")
    axes.set_title("Learned router minus the best other deployable router")
    subtitle(axes, f"mean and 95 % interval over seeds and traces; dotted: {WIN_PERCENT:g} %; left is better")
    axes.set_xlabel("percent of cost", color=MUTED)
    quiet(axes, "left")
    return figure


def scenario_figure(evidence: Evidence) -> Figure | None:
    """Every router minus the rival, and how far the bound is; None without a rival."""
    rival = evidence.rival
    against = None if rival is None else evidence.values(rival, COST)
    if against is None:
        return None
    rows: list[tuple[str, Interval]] = []
    for who in evidence.routers:
        values = evidence.values(who, COST)
        if values is not None and len(values) == len(against) and who != rival:
            rows.append((who, router_percent(values, against)))
    probed, learned = evidence.probed(COST), evidence.learned(COST)
    if probed is not None:
        rows.append((NAME, router_percent(probed, against)))
    if learned is not None:
        rows.append(("learned", percent_of(learned, against).both))
    if not rows:
        return None
    rows.sort(key=lambda row: row[1].mean)
    figure = new_figure(8.2, 1.5 + 0.32 * len(rows))
    (axes,) = side_by_side(figure, 1)
    for row, (who, interval) in enumerate(rows):
        if abs(interval.mean) > FAR:
            words = f"{interval.mean:+.0f} %"
            axes.text(0.985, row, words, transform=axes.get_yaxis_transform(), ha="right", va="center", color=MUTED)
        else:
            _bar(axes, row, interval, ACCENT if who == "learned" else INK)
    axes.axvline(0, color=INK, linewidth=1.1)
    words = "mean paired difference, 95 % interval; left is better"
    bound, whole = evidence.bound(DEMAND_HINDSIGHT), evidence.values(str(rival), WHOLE)
    if bound is not None and whole is not None:
        axes.axvline(100 * float((bound - whole).mean() / whole.mean()), color=MUTED, linewidth=1.2, linestyle="--")
        words += f"; dashed: the bound {DEMAND_HINDSIGHT}"
    axes.set_yticks(range(len(rows)), [who for who, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.12)
    axes.set_title(f"Cost minus that of {rival}, in percent")
    subtitle(axes, words)
    quiet(axes, "left")
    return figure


def _bar(axes: Axes, row: int, interval: Interval, colour: str) -> None:
    if interval.low is not None and interval.high is not None:
        axes.plot([interval.low, interval.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="round")
    axes.plot(interval.mean, row, "D", color=colour, markersize=5)
    axes.annotate(
        f"{interval.mean:+.2f}", (interval.mean, row), (0, 6), textcoords="offset points", ha="center", fontsize=7
    )


def front_figure(front: Front) -> Figure | None:
    """Cost against lateness and against carbon; points that any other beats in all goals are grey. None without any."""
    sets = {who: points.mean(axis=1) for who, points in front.heuristics.items()}
    if front.learned is not None:
        sets["learned"] = front.learned.mean(axis=(0, 2))
    if not sets:
        return None
    is_on = pareto_front(np.concatenate(list(sets.values())).round(9))
    figure = new_figure(9.6, 4.2)
    panels = side_by_side(figure, 2)
    for axes, goal in zip(panels, (1, 2), strict=True):
        begin = 0
        for number, (who, points) in enumerate(sets.items()):
            colour = ACCENT if who == "learned" else SEQUENCE[number % len(SEQUENCE)]
            kept = is_on[begin : begin + len(points)]
            begin += len(points)
            axes.scatter(points[~kept, 0], points[~kept, goal], s=26, color=GREY, alpha=0.55, linewidths=0)
            marker = "D" if who == "learned" else "o"
            axes.scatter(points[kept, 0], points[kept, goal], s=34, color=colour, marker=marker, label=who, zorder=3)
        axes.set_xlabel(f"{GOALS[0].partition('_')[0]} an order", color=MUTED)
        axes.set_ylabel(f"{GOALS[goal].partition('_')[0]} an order", color=MUTED)
    panels[0].set_title(f"{front.scenario}: what weights buy")
    subtitle(panels[0], "grey: another point is at least as good in all three goals; lower left is better")
    panels[1].legend(loc="best")
    return figure


def matrix_figure(elsewhere: Elsewhere) -> Figure | None:
    """Where policies were trained against where they play, in percent of the other router's cost; None without any."""
    matrix = elsewhere.matrix
    if np.isnan(matrix).all():
        return None
    names, scenarios = homes(elsewhere.board), elsewhere.board.scenarios
    is_shown = ~np.isnan(matrix).all(axis=1)
    shown = matrix[is_shown]
    figure = new_figure(max(6.4, 2.6 + 0.72 * len(scenarios)), 1.9 + 0.36 * len(shown))
    (axes,) = side_by_side(figure, 1)
    axes.imshow(np.clip(shown, -10, 10), cmap="RdYlGn_r", vmin=-10, vmax=10, aspect="auto")
    for (row, place), value in np.ndenumerate(shown):
        if not np.isnan(value):
            axes.text(place, row, f"{round(value, 1) + 0.0:+.1f}", ha="center", va="center", fontsize=7.5, color=INK)
    axes.set_xticks(range(len(scenarios)), scenarios, rotation=35, ha="right", fontsize=8)
    axes.set_yticks(range(len(shown)), [name for name, kept in zip(names, is_shown, strict=True) if kept], fontsize=8)
    axes.grid(visible=False)
    axes.set_title("Trained on (rows), played on (columns): percent of cost")
    return figure
