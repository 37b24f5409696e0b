"""Paired differences in cost: one dot a replication, the mean with its interval on top."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.style import INK, MUTED, new_figure, quiet, side_by_side, subtitle
from experiments.headline import signed
from experiments.whatif.figures.look import variant_colour
from experiments.whatif.findings import Findings, Pair
from experiments.whatif.kpi import COST

NAME, TITLE = "gaps", "What each variant costs more or less"
CLOSE = 0.25
"""Variants within this share of the largest difference get a panel of their own (assumption)."""


def draw(findings: Findings) -> Figure | None:
    """Variant minus baseline on the same seed, for every router; None without variants."""
    pairs = findings.pairs
    if not pairs:
        return None
    means = {pair: abs(findings.gap(pair, COST).mean) for pair in pairs}
    close = [pair for pair in pairs if means[pair] <= CLOSE * max(means.values())]
    has_zoom = 0 < len(close) < len(pairs)
    figure = new_figure(10.4 if has_zoom else 9.4, 1.5 + 0.42 * len(pairs))
    panels = side_by_side(figure, 2 if has_zoom else 1, sharey=True)
    _panel(panels[0], findings, pairs, pairs)
    panels[0].set_yticks(range(len(pairs)), [pair.label for pair in pairs])
    panels[0].set_ylim(len(pairs) - 0.4, -0.6)
    panels[0].set_title(TITLE)
    if has_zoom:
        subtitle(panels[0], "per order, minus the baseline's on the same seed")
        _panel(panels[1], findings, pairs, close)
        panels[1].set_title("The smaller ones, enlarged")
        subtitle(panels[1], "a dot is a replication; diamond, bar: mean, 95 % interval")
    else:
        subtitle(panels[0], "per order, minus the baseline's; dot: a replication; diamond, bar: mean, 95 % interval")
    figure.supxlabel("currency units per order; right of zero: dearer than the baseline", fontsize=9.5, color=MUTED)
    return figure


def _panel(axes: Axes, findings: Findings, pairs: Sequence[Pair], shown: Sequence[Pair]) -> None:
    colours = {name: variant_colour(position) for position, name in enumerate(findings.variants)}
    random = np.random.default_rng(0)
    for row, pair in enumerate(pairs):
        gaps, gap, colour = findings.gaps(pair, COST), findings.gap(pair, COST), colours[pair.variant]
        if pair not in shown:
            words, x, side = ("far right", 0.985, "right") if gap.mean > 0 else ("far left", 0.015, "left")
            axes.text(x, row, words, transform=axes.get_yaxis_transform(), ha=side, va="center").set(
                color=MUTED, fontsize=8.5, style="italic"
            )
            continue
        axes.scatter(gaps, row + 0.3 * (random.random(len(gaps)) - 0.5), s=15, color=colour, alpha=0.45, linewidths=0)
        if gap.low is not None and gap.high is not None:
            axes.plot([gap.low, gap.high], [row, row], color=INK, linewidth=2.4, solid_capstyle="round", zorder=4)
        axes.plot(gap.mean, row, "D", color=colour, markeredgecolor=INK, markersize=5.5, zorder=5)
        spot = (float(max(gaps.max(), 0.0)), row)
        axes.annotate(signed(gap.mean, 2), spot, (9, 0), textcoords="offset points", va="center", fontsize=8.5)
    axes.axvline(0, color=INK, linewidth=1.1, zorder=3)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.02 * (high - low)), high + 0.14 * (high - low))
    quiet(axes, "left")
