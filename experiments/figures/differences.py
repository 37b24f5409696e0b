"""Paired differences: one dot a trace, the mean with its interval on top."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.closeness import close_rivals
from experiments.figures.style import INK, MUTED, colour_of, new_figure, quiet, side_by_side, subtitle
from experiments.headline import signed
from experiments.results import Results

NAME, TITLE = "differences", "Paired differences, trace by trace"


def draw(results: Results) -> Figure | None:
    """Every other agent minus the reference on the same trace; None if there is nobody to compare with.

    Where some agents are far off, a second panel shows the close rivals in detail.
    """
    agents = [agent for agent in results.by_cost if agent != results.reference]
    close = [agent for agent in close_rivals(results) if agent != results.reference]
    if not agents or results.num_traces < 2:
        return None
    has_zoom = 0 < len(close) < len(agents)
    figure = new_figure(10.0 if has_zoom else 8.6, 1.75 + 0.46 * len(agents))
    panels = side_by_side(figure, 2 if has_zoom else 1, sharey=True)
    _panel(panels[0], results, agents, agents)
    panels[0].set_yticks(range(len(agents)), agents)
    panels[0].set_ylim(len(agents) - 0.4, -0.6)
    panels[0].set_title(f"Cost per order minus that of {results.reference}")
    subtitle(panels[0], "a dot is a trace; diamond, bar: mean, 95 % interval")
    if has_zoom:
        _panel(panels[1], results, agents, close)
        panels[1].set_title("The close ones")
        subtitle(panels[1], "right of zero: dearer than " + results.reference)
    return figure


def _panel(axes: Axes, results: Results, agents: Sequence[str], shown: Sequence[str]) -> None:
    random = np.random.default_rng(0)
    for row, agent in enumerate(agents):
        if agent not in shown:
            is_dearer = results.difference(agent).mean > 0
            words, x, side = ("far right", 0.985, "right") if is_dearer else ("far left", 0.015, "left")
            axes.text(x, row, words, transform=axes.get_yaxis_transform(), ha=side, va="center").set(
                color=MUTED, fontsize=8.5, style="italic"
            )
            continue
        gaps, colour = results.differences(agent), colour_of(agent, results.policies)
        axes.scatter(gaps, row + 0.3 * (random.random(len(gaps)) - 0.5), s=17, color=colour, alpha=0.5, linewidths=0)
        interval = results.difference(agent)
        if interval.low is not None and interval.high is not None:
            bar = [interval.low, interval.high]
            axes.plot(bar, [row, row], color=INK, linewidth=2.4, solid_capstyle="round", zorder=4)
        axes.plot(interval.mean, row, "D", color=colour, markeredgecolor=INK, markersize=5.5, zorder=5)
        spot = (float(max(gaps.max(), 0.0)), row)
        axes.annotate(signed(interval.mean), spot, (9, 0), textcoords="offset points", va="center", fontsize=8.5)
    axes.axvline(0, color=INK, linewidth=1.1, zorder=3)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.02 * (high - low)), high + 0.14 * (high - low))
    quiet(axes, "left")
    axes.set_xlabel("currency units per order", color=MUTED)
