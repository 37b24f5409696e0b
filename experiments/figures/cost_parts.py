"""Where the money went: cost parts of each agent, and what differs from the reference."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.closeness import close_rivals
from experiments.figures.style import INK, MUTED, PART_COLOURS, colour_of, new_figure, quiet, subtitle
from experiments.headline import signed
from experiments.results import PART_METRICS, Results

NAME, TITLE = "cost_parts", "Where the money went"


def draw(results: Results) -> Figure:
    """Stacked bars by agent; beside them the same parts as differences to the reference."""
    agents = results.by_cost
    parts = [part for part in PART_METRICS if any(abs(results.part_means(agent)[part]) > 5e-4 for agent in agents)]
    means = {agent: results.part_means(agent) for agent in agents}
    figure = new_figure(10.0, 1.9 + 0.42 * len(agents))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.25, 1))
    rows = range(len(agents))
    left.set_title("Cost per order by part")
    subtitle(left, f"mean of {results.num_traces} traces")
    right.set_title(f"Difference to {results.reference}")
    start = [0.0] * len(agents)
    for part in parts:
        values = [means[agent][part] for agent in agents]
        left.barh(rows, values, left=start, height=0.66, color=PART_COLOURS[part], label=part.replace("_", " "))
        start = [a + b for a, b in zip(start, values, strict=True)]
    for row, total in zip(rows, start, strict=True):
        left.text(total + 0.012 * max(start), row, f"{total:.2f}", va="center", fontsize=8.5, color=INK)
    left.set_xlim(0, 1.1 * max(start))
    _differences(right, results, agents, parts, means)
    left.set_yticks(list(rows), agents)
    for label, agent in zip(left.get_yticklabels(), agents, strict=True):
        label.set_color(colour_of(agent, results.policies) if agent in results.policies else INK)
        label.set_fontweight("bold" if agent in results.policies else "normal")
    left.invert_yaxis()
    for axes in (left, right):
        quiet(axes, "left")
        axes.set_xlabel("currency units per order")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=len(parts), handlelength=1.1)
    return figure


def _differences(
    axes: Axes, results: Results, agents: Sequence[str], parts: Sequence[str], means: dict[str, dict[str, float]]
) -> None:
    """Parts minus those of the reference; the scale is that of the close rivals, longer bars run out of the picture."""
    base, close = means[results.reference], close_rivals(results)
    reach = {-1: 1e-3, 1: 1e-3}
    for row, agent in enumerate(agents):
        ends = {-1: 0.0, 1: 0.0}
        for part in parts:
            gap = means[agent][part] - base[part]
            side = 1 if gap > 0 else -1
            axes.barh(
                row, gap, left=ends[side], height=0.66, color=PART_COLOURS[part], alpha=1.0 if agent in close else 0.4
            )
            ends[side] += gap
        if agent in close:
            reach = {side: max(reach[side], abs(ends[side])) for side in reach}
    span = 1.12 * (reach[-1] + reach[1])
    high = max(1.12 * reach[1], 0.35 * span)
    is_cut = len(close) < len(agents)
    axes.set_xlim(-max(1.12 * reach[-1], 0.12 * span), 1.45 * high)
    subtitle(axes, "left of zero: saved; dot: the sum" + ("; longer bars run out of the picture" if is_cut else ""))
    for row, agent in enumerate(agents):
        if agent == results.reference:
            continue
        total = results.mean(agent) - results.mean(results.reference)
        is_outside = agent not in close
        words = signed(total)
        if is_outside:
            words = f"{words} ▸" if total > 0 else f"◂ {words}"
        spot = axes.text(0.985, row, words, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=8.5)
        spot.set_bbox({"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85})
        if not is_outside:
            axes.plot(total, row, "o", color="white", markeredgecolor=INK, markersize=5, zorder=4)
    axes.axvline(0, color=MUTED, linewidth=1)
