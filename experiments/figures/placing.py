"""Names beside their markers, where they hit neither a marker nor another name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

Box = tuple[float, float, float, float]
Point = tuple[float, float]

BESIDE = ((11, 7), (11, -15), (-11, 7), (-11, -15), (0, 15), (0, -22), (18, 18), (-18, 18), (18, -26), (-18, -26))
"""Offsets in points that are tried in turn."""

ABOVE = ((0, 10), (0, -18), (12, -3), (-12, -3), (0, 22), (0, -30), (14, 14), (-14, 14), (14, -22), (-14, -22))
"""The same, for names that stand best above their markers."""

MARKER_PIXELS = 13


def place_names(
    axes: Axes,
    names: Mapping[str, Point],
    obstacles: Sequence[Point],
    sides: Sequence[tuple[int, int]] = BESIDE,
    styles: Mapping[str, dict[str, Any]] | None = None,
) -> None:
    """Writes each name at the first offset that is free, else at the least crowded one.

    Args:
        axes: its figure's layout is finished (``figure.draw_without_rendering()``), because room is measured in pixels.
        names: text to the point it belongs to, in data coordinates; earlier ones have the first choice.
        obstacles: markers that must stay visible, in data coordinates.
        sides: offsets to try.
        styles: text to properties of its own.
    """
    size = MARKER_PIXELS
    taken: list[Box] = [
        (x - size, y - size, x + size, y + size) for x, y in axes.transData.transform(list(obstacles)).tolist()
    ]
    frame = axes.get_window_extent()
    for name, point in names.items():
        style = {"fontsize": 9, "zorder": 6, **(styles or {}).get(name, {})}
        text = axes.annotate(name, point, sides[0], textcoords="offset points", **style)
        found: list[tuple[int, int, Box]] = []
        for number, side in enumerate(sides):
            text.set(position=side, ha=_alignment(side))
            box = text.get_window_extent()
            edges = (box.x0 - 2, box.y0 - 1, box.x1 + 2, box.y1 + 1)
            hits = sum(_meet(edges, other) for other in taken)
            hits += 5 * (box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1)
            found.append((hits, number, edges))
        _, number, edges = min(found)
        text.set(position=sides[number], ha=_alignment(sides[number]))
        taken.append(edges)


def _alignment(side: tuple[int, int]) -> str:
    return "left" if side[0] > 0 else "right" if side[0] < 0 else "center"


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
