"""One parameter at a time, down and up: which of them moves the result most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.style import INK, MUTED, new_figure, quiet, side_by_side, subtitle
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
        axes.margins(x=0.12)
    panels[0].set_yticks(range(len(ranked)), [f"{bar.name}\n" for bar in ranked])
    for row, bar in enumerate(ranked):
        panels[0].text(
            -0.012,
            row + 0.24,
            f"{_short(bar.low_text)} / {_short(bar.high_text)}",
            transform=panels[0].get_yaxis_transform(),
            ha="right",
            va="center",
            fontsize=7.5,
            color=MUTED,
        )
    panels[0].set_ylim(len(ranked) - 0.4, -0.6)
    subtitle(panels[0], "red: parameter down, green: up; whiskers: paired 95 % intervals")
    return figure


def _short(text: str) -> str:
    """The number in the change."""
    return next((word for word in text.split() if word[0] in "+-"), text).replace("-", "−")


def _end(axes: Axes, row: int, gap: Interval, factor: int, colour: str) -> None:
    axes.barh(row, factor * gap.mean, height=0.5, color=colour, alpha=0.8, zorder=2)
    if gap.low is not None and gap.high is not None:
        axes.plot([factor * gap.low, factor * gap.high], [row, row], color=INK, linewidth=1.6, zorder=4)
