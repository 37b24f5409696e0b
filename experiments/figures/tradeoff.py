"""Cost against punctuality against carbon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.figures.placing import place_names
from experiments.figures.style import INK, MUTED, colour_of, new_figure, side_by_side, subtitle
from experiments.results import Results

NAME, TITLE = "tradeoff", "Cost against punctuality against carbon"
X, Y, COLOUR = "cost_objective_per_order", "otif_rate", "carbon_kg_per_order"
MAP = LinearSegmentedColormap.from_list("carbon", ["#4f9a5b", "#e8dfb0", "#7a4b2a"])
CROWD = 0.3
"""Agents within this share of the whole range, both ways, get a panel of their own."""


def draw(results: Results) -> Figure:
    """One marker an agent with intervals both ways; its fill is the carbon, a ring marks the Pareto front.

    Where several agents crowd in one corner, a second panel enlarges it.
    """
    spots = {agent: (results.mean(agent, X), 100 * results.mean(agent, Y)) for agent in results.by_cost}
    crowd = crowded(spots, results.subject)
    carbon = np.array([results.mean(agent, COLOUR) for agent in results.agents])
    scale = Normalize(carbon.min(), max(carbon.max(), carbon.min() + 1e-6))
    figure = new_figure(10.4 if crowd else 8.6, 5.0)
    panels = side_by_side(figure, 2 if crowd else 1)
    _panel(panels[0], results, results.by_cost, scale)
    panels[0].set_title(TITLE)
    subtitle(panels[0], "ringed: no other agent is at least as good in all three")
    panels[0].set_ylabel("orders on time and in full (%); up is better")
    if crowd:
        _panel(panels[1], results, crowd, scale)
        panels[1].set_title("The corner, enlarged")
        subtitle(panels[1], "bars: 95 % intervals over traces")
        low, high = panels[1].get_xlim(), panels[1].get_ylim()
        panels[0].add_patch(
            Rectangle((low[0], high[0]), low[1] - low[0], high[1] - high[0], fill=False, edgecolor=MUTED, linewidth=0.9)
        )
    figure.supxlabel("cost per order without lateness and carbon (currency units); left is better", fontsize=9.5)
    bar = figure.colorbar(ScalarMappable(scale, MAP), ax=panels, shrink=0.7, aspect=24, pad=0.015)
    bar.set_label("kg CO2e per order", color=MUTED)
    bar.outline.set_visible(False)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # names are placed on the finished layout
    styles = {agent: {"fontweight": "bold", "color": colour_of(agent, results.policies)} for agent in results.policies}
    outside = {agent: spots[agent] for agent in results.by_cost if agent not in crowd}
    place_names(panels[0], outside, list(spots.values()), styles=styles)
    if crowd:
        inside = {agent: spots[agent] for agent in crowd}
        place_names(panels[1], inside, list(inside.values()), styles=styles)
    return figure


def crowded(spots: dict[str, tuple[float, float]], subject: str) -> list[str]:
    """Agents in the subject's corner, if there are at least two and not all are there."""
    points = np.array(list(spots.values()))
    reach = np.maximum(np.ptp(points, axis=0), 1e-9)
    near = [
        agent for agent, point in spots.items() if (np.abs(np.array(point) - spots[subject]) <= CROWD / 2 * reach).all()
    ]
    return near if 2 <= len(near) < len(spots) else []


def _panel(axes: Axes, results: Results, agents: Sequence[str], scale: Normalize) -> None:
    for agent in agents:
        x, y, colour = results.interval(agent, X), results.interval(agent, Y), colour_of(agent, results.policies)
        if x.low is not None and x.high is not None and y.low is not None and y.high is not None:
            line: dict[str, Any] = {"color": colour, "linewidth": 1.7, "alpha": 0.75, "zorder": 2}
            axes.plot([x.low, x.high], [100 * y.mean] * 2, **line)
            axes.plot([x.mean] * 2, [100 * y.low, 100 * y.high], **line)
        if agent in results.front:
            axes.plot(x.mean, 100 * y.mean, "o", markersize=18, fillstyle="none", color=INK, zorder=3)
        axes.plot(
            x.mean,
            100 * y.mean,
            "o",
            markersize=11.5,
            color=MAP(scale(results.mean(agent, COLOUR))),
            markeredgecolor=colour,
            markeredgewidth=2.4,
            zorder=4,
        )
    axes.margins(0.16, 0.16)
    low, high = axes.get_ylim()
    axes.set_ylim(low, min(high, 100 + 0.08 * (high - low)))
