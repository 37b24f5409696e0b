"""How busy each warehouse was, hour by hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from experiments.figures.style import INK, MUTED, new_figure, subtitle

NAME, TITLE = "utilisation", "Pick load by warehouse and hour"
MAP = LinearSegmentedColormap.from_list("load", ["#eef6f7", "#a9d3d9", "#4a9fab", "#0b6573", "#062f3b"]).with_extremes(
    bad="#e4e7ea"
)


def draw(place: dict[str, Any], portrait: dict[str, Any], agent: str) -> Figure:
    """Heat map: share of open station time that was picking; grey hours are closed.

    Args:
        place: ``experiments.portrait.map_of``.
        portrait: ``experiments.portrait.portrait_of``.
        agent: whose simulation it is.
    """
    names = [row["name"] for row in place["warehouses"]]
    busy, opened = np.array(portrait["busy_seconds"], float), np.array(portrait["open_seconds"], float)
    load = np.ma.masked_where(opened <= 0, np.clip(busy / np.maximum(1.0, opened), 0, 1))
    num_rows, num_hours = load.shape
    figure = new_figure(10.0, 1.6 + 0.42 * num_rows)
    axes, totals = figure.subplots(1, 2, width_ratios=(7, 1), sharey=True)
    shown = axes.imshow(load, aspect="auto", cmap=MAP, vmin=0, vmax=1, interpolation="nearest")
    axes.set_yticks(range(num_rows), names)
    axes.set_yticks(np.arange(num_rows - 1) + 0.5, minor=True)
    axes.grid(visible=False)
    axes.grid(which="minor", axis="y", color="white", linewidth=2.5)
    axes.tick_params(which="minor", length=0)
    start = datetime.fromtimestamp(place["local_start_seconds"], UTC)
    _name_hours(axes, start, num_hours)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_title(f"Pick load by warehouse and hour, {agent}")
    subtitle(axes, "share of open station time spent picking, one trace; grey: closed")
    share = busy.sum(axis=1) / np.maximum(1.0, opened.sum(axis=1))
    totals.barh(range(num_rows), np.minimum(share, 1.25), height=0.62, color=MAP(np.clip(share, 0, 1)))
    for row, value in enumerate(share):
        totals.text(min(value, 1.25) + 0.04, row, f"{100 * value:.0f} %", va="center", fontsize=8.5, color=INK)
    totals.set_xlim(0, 1.75)
    totals.set_xticks([])
    totals.tick_params(which="both", length=0)
    totals.grid(visible=False)
    totals.spines["bottom"].set_visible(False)
    totals.set_title("in all", fontsize=9.5, color=MUTED, fontweight="normal")
    bar = figure.colorbar(shown, ax=totals, ticks=[0, 0.5, 1], pad=0.08, aspect=14)
    bar.ax.set_yticklabels(["idle", "half", "full"])
    bar.outline.set_visible(False)
    return figure


def _name_hours(axes: Any, start: datetime, num_hours: int) -> None:
    """Days where there are several, else hours."""
    if num_hours <= 36:
        step = 3
        hours = [hour for hour in range(num_hours + 1) if (start + timedelta(hours=hour)).hour % step == 0]
        axes.set_xticks([hour - 0.5 for hour in hours], [f"{(start + timedelta(hours=h)).hour:02d}" for h in hours])
        axes.set_xlabel("local hour")
        return
    midnights = [hour for hour in range(num_hours) if (start + timedelta(hours=hour)).hour == 0]
    step = -(-len(midnights) // 8)
    shown = midnights[::step]
    axes.set_xticks([hour + 11.5 for hour in shown], [f"{start + timedelta(hours=hour):%a %d %b}" for hour in shown])
    for hour in midnights[1:]:
        axes.axvline(hour - 0.5, color="white", linewidth=1.6)
