"""Cost against punctuality against carbon: the baseline, and where each variant moves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from experiments.figures.placing import place_names
from experiments.figures.style import INK, MUTED, new_figure, side_by_side, subtitle
from experiments.figures.tradeoff import COLOUR, MAP, X, Y, crowded
from experiments.whatif.figures.look import router_marker, variant_colour
from experiments.whatif.findings import Findings, Pair
from experiments.whatif.variant import BASELINE

NAME, TITLE = "three_goals", "Cost against punctuality against carbon"

Spot = tuple[str, str]
"""Variant and router."""


def draw(findings: Findings) -> Figure:
    """One marker a variant and router with intervals both ways, filled by carbon; a line leads to the baseline."""
    routers = list(dict.fromkeys([*findings.routers, *(pair.router for pair in findings.pairs)]))
    spots = [(BASELINE, router) for router in findings.routers] + [
        (pair.variant, pair.router) for pair in findings.pairs
    ]
    carbon = np.array([findings.mean(*spot, COLOUR) for spot in spots])
    scale = Normalize(carbon.min(), max(carbon.max(), carbon.min() + 1e-6))
    points = {spot: _spot(findings, *spot) for spot in spots}
    labels = {" ".join(spot): point for spot, point in points.items()}
    near = crowded(labels, " ".join(spots[0]))
    crowd = [spot for spot in spots if " ".join(spot) in near]
    figure = new_figure(10.4 if crowd else 9.4, 5.4)
    panels = side_by_side(figure, 2 if crowd else 1)
    _panel(panels[0], findings, spots, routers, scale)
    panels[0].set_title(TITLE)
    subtitle(panels[0], "rim: variant (dark: baseline); fill: carbon; a line leads to the baseline")
    panels[0].set_ylabel("orders on time and in full (%); up is better")
    if crowd:
        _panel(panels[1], findings, crowd, routers, scale)
        panels[1].set_title("The baseline's corner, enlarged")
        subtitle(panels[1], "crosses: 95 % intervals of the means over replications")
        low, high = panels[1].get_xlim(), panels[1].get_ylim()
        panels[0].add_patch(
            Rectangle((low[0], high[0]), low[1] - low[0], high[1] - high[0], fill=False, edgecolor=MUTED, linewidth=0.9)
        )
    figure.supxlabel("cost per order without lateness and carbon (currency units); left is better", fontsize=9.5)
    if len(routers) > 1:
        marks = [
            Line2D([], [], marker=router_marker(i), color=MUTED, linestyle="", markersize=8, label=router)
            for i, router in enumerate(routers)
        ]
        figure.legend(handles=marks, loc="outside right upper")
    bar = figure.colorbar(ScalarMappable(scale, MAP), ax=panels, shrink=0.7, aspect=24, pad=0.015)
    bar.set_label("kg CO2e per order", color=MUTED)
    bar.outline.set_visible(False)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # names are placed on the finished layout
    _name(panels[0], findings, [spot for spot in spots if spot not in crowd], spots)
    if crowd:
        _name(panels[1], findings, crowd, crowd)
    return figure


def _panel(axes: Axes, findings: Findings, spots: Sequence[Spot], routers: Sequence[str], scale: Normalize) -> None:
    order = {name: position for position, name in enumerate(findings.variants)}
    for pair in findings.pairs:
        if (pair.variant, pair.router) in spots:
            _line(axes, findings, pair, variant_colour(order[pair.variant]))
    for variant, router in spots:
        _mark(axes, findings, variant, router, routers.index(router), variant_colour(order.get(variant, -1)), scale)
    axes.margins(0.14, 0.16)
    low, high = axes.get_ylim()
    axes.set_ylim(low, min(high, 100 + 0.08 * (high - low)))


def _name(axes: Axes, findings: Findings, named: Sequence[Spot], obstacles: Sequence[Spot]) -> None:
    """Names of the variants at the marker of their first router."""
    order = {name: position for position, name in enumerate(findings.variants)}
    own = {BASELINE: findings.routers[0], **{name: labels[0] for name, labels in findings.variants.items()}}
    points = {variant: _spot(findings, variant, router) for variant, router in named if own[variant] == router}
    styles: dict[str, dict[str, Any]] = {
        name: {"color": INK if name == BASELINE else variant_colour(order[name]), "fontweight": "bold"}
        for name in points
    }
    place_names(axes, points, [_spot(findings, *spot) for spot in obstacles], styles=styles)


def _spot(findings: Findings, variant: str, router: str) -> tuple[float, float]:
    return findings.mean(variant, router, X), 100 * findings.mean(variant, router, Y)


def _line(axes: Axes, findings: Findings, pair: Pair, colour: str) -> None:
    start, end = _spot(findings, BASELINE, pair.reference), _spot(findings, pair.variant, pair.router)
    axes.plot([start[0], end[0]], [start[1], end[1]], color=colour, linewidth=1.3, linestyle=(0, (1, 1.6)), zorder=1)


def _mark(
    axes: Axes, findings: Findings, variant: str, router: str, number: int, colour: str, scale: Normalize
) -> None:
    x, y = findings.interval(variant, router, X), findings.interval(variant, router, Y)
    rim = INK if variant == BASELINE else colour
    if x.low is not None and x.high is not None and y.low is not None and y.high is not None:
        line: dict[str, Any] = {"color": rim, "linewidth": 1.3, "alpha": 0.6, "zorder": 2}
        axes.plot([x.low, x.high], [100 * y.mean] * 2, **line)
        axes.plot([x.mean] * 2, [100 * y.low, 100 * y.high], **line)
    axes.plot(
        x.mean,
        100 * y.mean,
        router_marker(number),
        markersize=11,
        color=MAP(scale(findings.mean(variant, router, COLOUR))),
        markeredgecolor=rim,
        markeredgewidth=2.6,
        zorder=4,
    )
