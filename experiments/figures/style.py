"""One look for all figures: fonts, colours, sizes. Colours are told apart by colour-blind readers, too.

Source of the base hues: Okabe and Ito 2008, "Color universal design", adjusted in lightness.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1f2933", "#66727f", "#e3e8ed", "#ffffff"
ACCENT = "#d1495b"
GREY = "#9aa5b1"
DPI = 170

AGENT_COLOURS = {
    "random": "#b8bfc7",
    "nearest": "#8d6e97",
    "cheapest": "#c98a1b",
    "fastest": "#56a3d9",
    "fewest-splits": "#5b8e4f",
    "myopic": "#00707f",
    "primal-dual": "#2c4a9a",
}
POLICY_COLOURS = (ACCENT, "#e07a2f", "#8a2846")
PART_COLOURS = {
    "shipping": "#2c4a9a",
    "handling": "#56a3d9",
    "packaging": "#a9cfe8",
    "lost_margin": "#8d6e97",
    "lateness": "#d1495b",
    "waiting": "#f0a58f",
    "carbon": "#5b8e4f",
}
SEQUENCE = ("#00707f", "#e07a2f", "#8d6e97", "#5b8e4f", "#2c4a9a", "#c98a1b", "#d1495b", "#56a3d9")
"""For services and other names without a colour of their own."""

_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": "#b6c0ca",
    "axes.labelcolor": INK,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}


def styled() -> AbstractContextManager[None]:
    """The look, for the figures made inside."""
    return matplotlib.rc_context(_SETTINGS)


def new_figure(width: float, height: float) -> Figure:
    """A figure in inches that needs no screen and no clean-up."""
    return Figure(figsize=(width, height), layout="constrained")


def side_by_side(figure: Figure, count: int, **options: Any) -> list[Axes]:
    """So many panels in a row."""
    return list(figure.subplots(1, count, squeeze=False, **options)[0])


def png_of(figure: Figure) -> bytes:
    """The figure as PNG, the same bytes for the same figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def colour_of(agent: str, policies: Sequence[str]) -> str:
    """A colour that stays with the agent in every figure."""
    if agent in policies:
        return POLICY_COLOURS[policies.index(agent) % len(POLICY_COLOURS)]
    return AGENT_COLOURS.get(agent, GREY)


def quiet(axes: Axes, *sides: str) -> None:
    """Hides the named spines, and the grid lines that run along them."""
    for side in sides:
        axes.spines[side].set_visible(False)
    if "left" in sides:
        axes.grid(axis="y", visible=False)
    if "bottom" in sides:
        axes.grid(axis="x", visible=False)


def subtitle(axes: Axes, text: str) -> None:
    """A muted line between title and picture."""
    axes.text(0, 1.015, text, transform=axes.transAxes, fontsize=8.5, color=MUTED, va="bottom")
    axes.set_title(axes.get_title(loc="left"), pad=21)
