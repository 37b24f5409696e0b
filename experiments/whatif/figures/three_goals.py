"""Cost against punctuality against carbon: the baseline, and where each variant moves it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.figures.placing import place_names
from experiments.figures.style import INK, MUTED, new_figure, subtitle
from experiments.figures.tradeoff import COLOUR, MAP, X, Y
from experiments.whatif.figures.look import router_marker, variant_colour
from experiments.whatif.findings import Findings, Pair
from experiments.whatif.variant import BASELINE

NAME, TITLE = "three_goals", "Cost against punctuality against carbon"


def draw(findings: Findings) -> Figure:
    """One marker a variant and router with intervals both ways, filled by carbon; a line leads to the baseline."""
    routers = list(dict.fromkeys([*findings.routers, *(pair.router for pair in findings.pairs)]))
    spots = [(BASELINE, router) for router in findings.routers] + [
        (pair.variant, pair.router) for pair in findings.pairs
    ]
    carbon = np.array([findings.mean(*spot, COLOUR) for spot in spots])
    scale = Normalize(carbon.min(), max(carbon.max(), carbon.min() + 1e-6))
    figure = new_figure(9.8, 5.6)
    axes = figure.subplots()
    order = {name: position for position, name in enumerate(findings.variants)}
    for pair in findings.pairs:
        _line(axes, findings, pair, variant_colour(order[pair.variant]))
    for variant, router in spots:
        _mark(axes, findings, variant, router, routers.index(router), variant_colour(order.get(variant, -1)), scale)
    axes.margins(0.14, 0.16)
    low, high = axes.get_ylim()
    axes.set_ylim(low, min(high, 100 + 0.08 * (high - low)))
    axes.set_title(TITLE)
    subtitle(
        axes, "rim: variant (dark: baseline); fill: carbon; crosses: 95 % intervals of the means over replications"
    )
    axes.set_xlabel("cost per order without lateness and carbon (currency units); left is better")
    axes.set_ylabel("orders on time and in full (%); up is better")
    if len(routers) > 1:
        marks = [
            Line2D([], [], marker=router_marker(i), color=MUTED, linestyle="", markersize=8, label=router)
            for i, router in enumerate(routers)
        ]
        figure.legend(handles=marks, loc="outside lower center", ncols=min(6, len(marks)))
    bar = figure.colorbar(ScalarMappable(scale, MAP), ax=axes, shrink=0.7, aspect=24, pad=0.015)
    bar.set_label("kg CO2e per order", color=MUTED)
    bar.outline.set_visible(False)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # names are placed on the finished layout
    own = {BASELINE: findings.routers[0], **{name: labels[0] for name, labels in findings.variants.items()}}
    points = {name: _spot(findings, name, router) for name, router in own.items()}
    styles: dict[str, dict[str, Any]] = {name: {"color": variant_colour(position)} for name, position in order.items()}
    styles = {name: {**style, "fontweight": "bold"} for name, style in styles.items()}
    styles[BASELINE] = {"color": INK, "fontweight": "bold"}
    place_names(axes, points, [_spot(findings, *spot) for spot in spots], styles=styles)
    return figure


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
