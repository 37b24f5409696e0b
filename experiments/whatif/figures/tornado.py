"""One parameter at a time, down and up: which of them moves the result most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.style import INK, MUTED, new_figure, quiet, side_by_side, subtitle
from experiments.headline import signed
from experiments.statistics import Interval
from experiments.whatif.figures.look import FEWER, MORE

NAME, TITLE = "tornado", "What the result hangs on"


class Bar(NamedTuple):
    """A parameter: its name, and per end the change in words and the paired differences in cost and punctuality."""

    name: str
    low_text: str
    high_text: str
    low: tuple[Interval, Interval]
    high: tuple[Interval, Interval]

    @property
    def swing(self) -> float:
        """The larger of the two differences in cost."""
        return max(abs(self.low[0].mean), abs(self.high[0].mean))


def draw(bars: Sequence[Bar]) -> Figure | None:
    """Two panels, cost and punctuality; the parameter that moves the cost most on top. None without bars."""
    if not bars:
        return None
    ranked = sorted(bars, key=lambda bar: -bar.swing)
    figure = new_figure(10.2, 1.7 + 0.52 * len(ranked))
    panels = side_by_side(figure, 2, sharey=True)
    for position, (axes, head, unit, factor) in enumerate(
        zip(
            panels,
            ("Cost per order", "On time, in full"),
            ("currency units", "percentage points"),
            (1, 100),
            strict=True,
        )
    ):
        for row, bar in enumerate(ranked):
            _end(axes, row, bar.low[position], factor, FEWER)
            _end(axes, row, bar.high[position], factor, MORE)
        axes.axvline(0, color=INK, linewidth=1.1, zorder=3)
        axes.set_title(head)
        axes.set_xlabel(f"{unit}, difference to the baseline", color=MUTED)
        quiet(axes, "left")
        axes.margins(x=0.16)
    labels = [f"{bar.name}\n{_short(bar.low_text)} / {_short(bar.high_text)}" for bar in ranked]
    panels[0].set_yticks(range(len(ranked)), labels)
    panels[0].set_ylim(len(ranked) - 0.4, -0.6)
    subtitle(panels[1], "a bar ends at the mean difference")
    subtitle(panels[0], "red: parameter down, green: up; whiskers: paired 95 % intervals")
    return figure


def _short(text: str) -> str:
    """The number in the change."""
    return next((word for word in text.split() if word[0] in "+-"), text).replace("-", "−")


def _end(axes: Axes, row: int, gap: Interval, factor: int, colour: str) -> None:
    value = factor * gap.mean
    axes.barh(row, value, height=0.5, color=colour, alpha=0.8, zorder=2)
    tip = value
    if gap.low is not None and gap.high is not None:
        axes.plot([factor * gap.low, factor * gap.high], [row, row], color=INK, linewidth=1.6, zorder=4)
        tip = factor * (gap.low if value < 0 else gap.high)
    if abs(value) >= 0.005:
        side = -1 if value < 0 else 1
        style: dict[str, Any] = {
            "fontsize": 7.5,
            "color": MUTED,
            "ha": "right" if value < 0 else "left",
            "va": "center",
        }
        axes.annotate(signed(value), (tip, row), (4 * side, 0), textcoords="offset points", **style)
