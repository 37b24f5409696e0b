"""Pick load by warehouse and hour of the week, before and after, and the difference."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.style import new_figure, subtitle
from experiments.figures.utilisation import MAP
from experiments.whatif.figures.look import GAP_MAP
from experiments.whatif.outcome import HOURS_A_WEEK

NAME, TITLE = "load_map", "Pick load by warehouse and hour of the week"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Load = tuple[np.ndarray, np.ndarray]
"""Pick seconds and open station seconds, float (warehouses, hours of the week) each."""


def share_of(load: Load, num_rows: int) -> np.ma.MaskedArray:
    """Share of open station time spent picking, (num_rows, hours); masked where closed or not there."""
    busy, opened = load
    shares = np.ma.masked_all((num_rows, busy.shape[1]))
    shares[: len(busy)] = np.ma.masked_where(opened <= 0, np.clip(busy / np.maximum(1.0, opened), 0, 1))
    return shares


def draw(warehouses: list[str], before: Load, after: Load, names: tuple[str, str]) -> Figure:
    """Three heat maps; grey hours are closed.

    Args:
        warehouses: names, those of the variant.
        before: of the baseline, summed over replications.
        after: of the variant.
        names: of both, for the titles.
    """
    rows = len(warehouses)
    figure = new_figure(10.2, 1.9 + 3 * (0.5 + 0.26 * rows))
    panels = figure.subplots(3, 1, sharex=True)
    shares = share_of(before, rows), share_of(after, rows)
    for axes, share, load, name in zip(panels, shares, (before, after), names, strict=False):
        shown = axes.imshow(share, aspect="auto", cmap=MAP, vmin=0, vmax=1, interpolation="nearest")
        totals = [_percent(load, row) for row in range(rows)]
        _dress(axes, [f"{label}  {total}" for label, total in zip(warehouses, totals, strict=True)])
        axes.set_title(name)
    subtitle(
        panels[0], "share of open station time spent picking, all replications; grey: closed; right: the whole week"
    )
    gap = np.ma.filled(shares[1], 0.0) - np.ma.filled(shares[0], 0.0)
    gap = np.ma.masked_where(np.ma.getmaskarray(shares[0]) & np.ma.getmaskarray(shares[1]), gap)
    most = max(0.05, float(np.abs(gap).max()) if gap.count() else 0.0)
    shown_gap = panels[2].imshow(gap, aspect="auto", cmap=GAP_MAP, vmin=-most, vmax=most, interpolation="nearest")
    _dress(panels[2], warehouses)
    panels[2].set_title("difference")
    panels[2].set_xticks([24 * day + 11.5 for day in range(7)], DAYS)
    bar = figure.colorbar(shown, ax=list(panels[:2]), ticks=[0, 0.5, 1], pad=0.012, aspect=22, fraction=0.03)
    bar.ax.set_yticklabels(["idle", "half", "full"])
    bar.outline.set_visible(False)
    bar = figure.colorbar(shown_gap, ax=panels[2], ticks=[-most, 0, most], pad=0.012, aspect=11, fraction=0.03)
    bar.ax.set_yticklabels([f"−{100 * most:.0f} pp", "same", f"+{100 * most:.0f} pp"])
    bar.outline.set_visible(False)
    return figure


def _percent(load: Load, row: int) -> str:
    busy, opened = load
    if row >= len(busy) or not opened[row].sum():
        return "   –"
    return f"{100 * busy[row].sum() / opened[row].sum():.0f} %"


def _dress(axes: Axes, labels: list[str]) -> None:
    axes.set_yticks(range(len(labels)), labels, fontsize=8.5)
    axes.set_yticks(np.arange(len(labels) - 1) + 0.5, minor=True)
    axes.grid(visible=False)
    axes.grid(which="minor", axis="y", color="white", linewidth=2.0)
    axes.tick_params(which="both", length=0)
    for day in range(1, HOURS_A_WEEK // 24):
        axes.axvline(24 * day - 0.5, color="white", linewidth=1.6)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
