"""Who ships where, before and after, and the difference."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.figures.network_map import SHOWN_SHARE, draw_flow, draw_ground, extent_of
from experiments.figures.placing import ABOVE, place_names
from experiments.figures.style import INK, new_figure, side_by_side, subtitle
from experiments.whatif.figures.look import FEWER, MORE
from experiments.whatif.kpi import whole_gap

NAME, TITLE = "flow_map", "Who ships where"
BEND = 0.08
FLOW = "#2c4a9a"


def draw(place: dict[str, Any], before: np.ndarray, after: np.ndarray, names: tuple[str, str]) -> Figure:
    """Three maps on one scale: baseline, variant, difference.

    Args:
        place: the variant's network, which has every warehouse.
        before: mean parcels, float (warehouses, regions); warehouses that were not there have none.
        after: the same of the variant.
        names: of both, for the titles.
    """
    width, height = extent_of(place)
    figure = new_figure(10.4, min(7.5, max(3.2, 10.4 / 3 * height / width + 1.2)))
    panels = side_by_side(figure, 3, sharex=True, sharey=True)
    most = max(1e-9, before.max(), after.max())
    largest = max(1e-9, before.sum(axis=1).max(), after.sum(axis=1).max())
    for axes, flows, name in zip(panels, (before, after), names, strict=False):
        draw_ground(axes, place)
        for w, r in _busiest(flows):
            _arc(axes, place, w, r, FLOW, flows[w, r] / most)
        _warehouses(axes, place, flows.sum(axis=1) / largest)
        axes.set_title(name)
        subtitle(axes, f"{flows.sum():,.0f} parcels a replication; lines: {SHOWN_SHARE:.0%} of them")
    gap = after - before
    draw_ground(panels[2], place)
    strongest = max(1e-9, np.abs(gap).max())
    for w, r in _busiest(np.abs(gap)):
        _arc(panels[2], place, w, r, MORE if gap[w, r] > 0 else FEWER, abs(gap[w, r]) / strongest)
    _warehouses(panels[2], place, np.full(len(gap), 0.15))
    panels[2].set_title("difference")
    subtitle(panels[2], f"{np.maximum(gap, 0).sum():,.0f} more, {np.maximum(-gap, 0).sum():,.0f} fewer; own scale")
    marks = [
        Line2D([], [], color=colour, linewidth=3, label=label, solid_capstyle="round")
        for colour, label in ((FLOW, "parcels"), (MORE, "more than before"), (FEWER, "fewer than before"))
    ]
    marks.append(Line2D([], [], marker="s", color=INK, linestyle="", markersize=7, label="warehouse, by parcels"))
    figure.legend(handles=marks, loc="outside lower center", ncols=4)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # names are placed on the finished layout
    for axes, volumes in zip(panels, (before.sum(axis=1), after.sum(axis=1)), strict=False):
        _name(axes, place, [f"{volume:,.0f}" for volume in volumes])
    _name(panels[2], place, [whole_gap(volume) for volume in gap.sum(axis=1)])
    return figure


def _busiest(flows: np.ndarray) -> list[tuple[int, int]]:
    """Warehouse and region of the largest flows that together carry ``SHOWN_SHARE``, smallest first."""
    ranked = np.argsort(-flows.ravel(), kind="stable")
    volumes = flows.ravel()[ranked]
    before = np.cumsum(volumes) - volumes
    shown = ranked[(before < SHOWN_SHARE * volumes.sum()) & (volumes > 0)][::-1]
    return [(int(cell) // flows.shape[1], int(cell) % flows.shape[1]) for cell in shown]


def _arc(axes: Axes, place: dict[str, Any], warehouse: int, region: int, colour: str, share: float) -> None:
    start, end = place["warehouses"][warehouse], place["regions"][region]
    draw_flow(
        axes,
        (start["longitude"], start["latitude"]),
        (end["longitude"], end["latitude"]),
        BEND,
        colour,
        share,
    )


def _warehouses(axes: Axes, place: dict[str, Any], shares: np.ndarray) -> None:
    rows = place["warehouses"]
    axes.scatter(
        [row["longitude"] for row in rows],
        [row["latitude"] for row in rows],
        s=22 + 130 * np.asarray(shares),
        marker="s",
        color=["white" if row["is_closed"] else INK for row in rows],
        edgecolors=[INK if row["is_closed"] else "white" for row in rows],
        linewidths=1.1,
        zorder=4,
    )


def _name(axes: Axes, place: dict[str, Any], values: list[str]) -> None:
    spots = {
        f"{row['name']} {value}": (row["longitude"], row["latitude"])
        for row, value in zip(place["warehouses"], values, strict=True)
    }
    paper = {"boxstyle": "round,pad=0.16", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    style = {"fontsize": 7.5, "fontweight": "bold", "color": INK, "bbox": paper}
    place_names(axes, spots, list(spots.values()), ABOVE, dict.fromkeys(spots, style))
