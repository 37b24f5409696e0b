"""Paired differences in cost: one dot a replication, the mean with its interval on top."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from experiments.figures.style import INK, MUTED, new_figure, quiet, subtitle
from experiments.headline import signed
from experiments.whatif.figures.look import variant_colour
from experiments.whatif.findings import Findings
from experiments.whatif.kpi import COST

NAME, TITLE = "gaps", "What each variant costs more or less"


def draw(findings: Findings) -> Figure | None:
    """Variant minus baseline on the same seed, for every router; None without variants."""
    pairs = findings.pairs
    if not pairs:
        return None
    colours = {name: variant_colour(position) for position, name in enumerate(findings.variants)}
    figure = new_figure(9.4, 1.5 + 0.42 * len(pairs))
    axes = figure.subplots()
    random = np.random.default_rng(0)
    for row, pair in enumerate(pairs):
        gaps, gap, colour = findings.gaps(pair, COST), findings.gap(pair, COST), colours[pair.variant]
        axes.scatter(gaps, row + 0.3 * (random.random(len(gaps)) - 0.5), s=15, color=colour, alpha=0.45, linewidths=0)
        if gap.low is not None and gap.high is not None:
            axes.plot([gap.low, gap.high], [row, row], color=INK, linewidth=2.4, solid_capstyle="round", zorder=4)
        axes.plot(gap.mean, row, "D", color=colour, markeredgecolor=INK, markersize=5.5, zorder=5)
        spot = (float(max(gaps.max(), 0.0)), row)
        axes.annotate(signed(gap.mean, 2), spot, (9, 0), textcoords="offset points", va="center", fontsize=8.5)
    axes.axvline(0, color=INK, linewidth=1.1, zorder=3)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.02 * (high - low)), high + 0.12 * (high - low))
    axes.set_yticks(range(len(pairs)), [pair.label for pair in pairs])
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    quiet(axes, "left")
    axes.set_title(TITLE)
    subtitle(axes, "cost per order minus the baseline's; a dot is a replication; diamond, bar: mean, 95 % interval")
    axes.set_xlabel("currency units per order; right of zero: dearer than the baseline", color=MUTED)
    return figure
