"""Who ships where: warehouses, regions, and flows by carrier service."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from experiments.figures.placing import ABOVE, place_names
from experiments.figures.style import INK, SEQUENCE, new_figure, side_by_side, subtitle

NAME, TITLE = "network_map", "Who ships where"
BEND = 0.07
SHOWN_SHARE = 0.8
"""So much of the parcels is drawn, the busiest ways first; all of them would be a ball of wool."""


def draw(place: dict[str, Any], portraits: dict[str, dict[str, Any]]) -> Figure:
    """One map an agent, all on one scale.

    Args:
        place: ``experiments.portrait.map_of``.
        portraits: agent to ``experiments.portrait.portrait_of``; one or two.
    """
    width, height = extent_of(place)
    panel = 9.6 / len(portraits)
    figure = new_figure(9.6, min(8.5, max(3.4, panel * height / width + 1.05)))
    panels = side_by_side(figure, len(portraits), sharex=True, sharey=True)
    drawn = {agent: busiest(portrait["flows"]) for agent, portrait in portraits.items()}
    most = max((flow[3] for flows in drawn.values() for flow in flows), default=1)
    volumes = {agent: _volumes(place, portrait) for agent, portrait in portraits.items()}
    largest = max(1, max(int(volume.max()) for volume in volumes.values()))
    used = sorted({flow[2] for flows in drawn.values() for flow in flows})
    for axes, agent in zip(panels, portraits, strict=True):
        _draw_one(axes, place, drawn[agent], volumes[agent], most, largest)
        axes.set_title(agent)
        subtitle(axes, f"{int(volumes[agent].sum()):,} parcels of one trace; lines: the busiest {SHOWN_SHARE:.0%}")
    marks = [
        Line2D([], [], color=_colour(s), linewidth=3, label=place["services"][s], solid_capstyle="round") for s in used
    ]
    marks += [
        Line2D([], [], marker="s", color=INK, linestyle="", markersize=8, label="warehouse, by parcels"),
        Line2D([], [], marker="o", color="#c3ccd5", linestyle="", markersize=8, label="region, by demand"),
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=min(6, len(marks)))
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # names are placed on the finished layout
    for axes, agent in zip(panels, portraits, strict=True):
        _name_warehouses(axes, place, volumes[agent])
    return figure


def busiest(flows: list[list[int]]) -> list[list[int]]:
    """The largest flows that together carry ``SHOWN_SHARE`` of the parcels, smallest first."""
    ranked = sorted(flows, key=lambda flow: -flow[3])
    before = np.cumsum([flow[3] for flow in ranked]) - [flow[3] for flow in ranked]
    limit = SHOWN_SHARE * sum(flow[3] for flow in ranked)
    return [flow for flow, carried in zip(ranked, before, strict=True) if carried < limit][::-1]


def _colour(service: int) -> str:
    return SEQUENCE[service % len(SEQUENCE)]


def extent_of(place: dict[str, Any]) -> tuple[float, float]:
    """Width and height of the network in degrees of latitude, never nothing."""
    spots = place["warehouses"] + place["regions"]
    latitudes, longitudes = [s["latitude"] for s in spots], [s["longitude"] for s in spots]
    middle = math.cos(math.radians(sum(latitudes) / len(latitudes)))
    width, height = (max(longitudes) - min(longitudes)) * middle, max(latitudes) - min(latitudes)
    least = max(0.35 * max(width, height), 0.1)
    return max(width, least), max(height, least)


def _volumes(place: dict[str, Any], portrait: dict[str, Any]) -> np.ndarray:
    volumes = np.zeros(len(place["warehouses"]), np.int64)
    for warehouse, _, _, parcels in portrait["flows"]:
        volumes[warehouse] += parcels
    return volumes


def _draw_one(
    axes: Axes, place: dict[str, Any], flows: list[list[int]], volumes: np.ndarray, most: int, largest: int
) -> None:
    warehouses, regions = place["warehouses"], place["regions"]
    draw_ground(axes, place)
    for warehouse, region, service, parcels in flows:
        start, end = warehouses[warehouse], regions[region]
        draw_flow(
            axes,
            (start["longitude"], start["latitude"]),
            (end["longitude"], end["latitude"]),
            BEND * (1 + service % 3) * (1 if service % 2 else -1),
            _colour(service),
            parcels / most,
        )
    axes.scatter(
        [warehouse["longitude"] for warehouse in warehouses],
        [warehouse["latitude"] for warehouse in warehouses],
        s=26 + 190 * volumes / largest,
        marker="s",
        color=INK,
        edgecolors="white",
        linewidths=1.2,
        zorder=4,
    )


def draw_ground(axes: Axes, place: dict[str, Any]) -> None:
    """A map without axes, with the regions on it."""
    regions = place["regions"]
    frame_map(axes, place)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    shares = np.array([region["demand_share"] for region in regions])
    axes.scatter(
        [region["longitude"] for region in regions],
        [region["latitude"] for region in regions],
        s=24 + 420 * shares / max(1e-9, shares.max()) * min(1.0, 20 / len(regions)),
        color="#dde3e9",
        edgecolors="#b6c0ca",
        linewidths=0.7,
        zorder=1,
    )


def _name_warehouses(axes: Axes, place: dict[str, Any], volumes: np.ndarray) -> None:
    spots = {
        f"{warehouse['name']} {volume:,}": (warehouse["longitude"], warehouse["latitude"])
        for warehouse, volume in zip(place["warehouses"], volumes, strict=True)
    }
    paper = {"boxstyle": "round,pad=0.16", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    style = {"fontsize": 8.5, "fontweight": "bold", "color": INK, "bbox": paper}
    place_names(axes, spots, list(spots.values()), ABOVE, dict.fromkeys(spots, style))


def frame_map(axes: Axes, place: dict[str, Any]) -> None:
    """The same limits and true proportions for every map of a place."""
    spots = place["warehouses"] + place["regions"]
    latitudes, longitudes = [s["latitude"] for s in spots], [s["longitude"] for s in spots]
    stretch = 1 / math.cos(math.radians(sum(latitudes) / len(latitudes)))
    width, height = extent_of(place)
    for middle, size, limit in (
        ((min(longitudes) + max(longitudes)) / 2, width * stretch, axes.set_xlim),
        ((min(latitudes) + max(latitudes)) / 2, height, axes.set_ylim),
    ):
        limit(middle - 0.56 * size, middle + 0.56 * size)
    axes.set_aspect(stretch)


def draw_flow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], bend: float, colour: str, share: float
) -> None:
    """A bent line whose width and strength grow with the share; services bend differently, so none hides another."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    middle = ((start[0] + end[0]) / 2 - bend * dy, (start[1] + end[1]) / 2 + bend * dx)
    path = Path([start, middle, end], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    axes.add_patch(
        PathPatch(
            path,
            facecolor="none",
            edgecolor=colour,
            linewidth=0.5 + 5.5 * share**0.7,
            alpha=0.35 + 0.45 * math.sqrt(share),
            capstyle="round",
            zorder=2 + share,
        )
    )
