"""Colours and markers of what-if figures."""

from __future__ import annotations

from matplotlib.colors import LinearSegmentedColormap

from experiments.figures.style import GREY, SEQUENCE

MORE, FEWER = "#00707f", "#d1495b"
"""The variant has more of it, or less."""

GAP_MAP = LinearSegmentedColormap.from_list(
    "gap", ["#8a2238", "#d1495b", "#f3c5cb", "#f7f8f9", "#b7dde1", "#2a8f9c", "#04505b"]
).with_extremes(bad="#e4e7ea")

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
"""Routers."""


def variant_colour(position: int) -> str:
    """A colour that stays with a variant in every figure; the baseline, at -1, is grey."""
    return GREY if position < 0 else SEQUENCE[position % len(SEQUENCE)]


def router_marker(position: int) -> str:
    """A marker that stays with a router."""
    return MARKERS[position % len(MARKERS)]
