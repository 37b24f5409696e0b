"""How cost fell while the agent learned."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.style import ACCENT, colour_of, new_figure, subtitle

NAME, TITLE = "learning_curve", "Learning curve"


def draw(curve: pd.DataFrame, references: dict[str, float]) -> Figure | None:
    """Cost per order of training episodes against steps; None if no episode was finished.

    Args:
        curve: columns ``steps`` and ``cost_per_order``.
        references: cost per order of heuristics on validation traces, by name.
    """
    curve = curve[["steps", "cost_per_order"]].dropna()
    if curve.empty:
        return None
    steps, costs = curve["steps"].to_numpy(float), curve["cost_per_order"].to_numpy(float)
    window = max(1, len(costs) // 15)
    smooth = pd.Series(costs).rolling(window, min_periods=1, center=True).mean().to_numpy()
    figure = new_figure(8.6, 4.4)
    axes = figure.subplots()
    is_long = len(costs) > 3 * window
    axes.plot(steps, costs, color=ACCENT, alpha=0.3 if is_long else 1.0, linewidth=1.1, marker="" if is_long else "o")
    if is_long:
        axes.plot(steps, smooth, color=ACCENT, linewidth=2.6, solid_capstyle="round")
    axes.annotate(
        f"policy {smooth[-1]:.2f}",
        (steps[-1], smooth[-1]),
        (8, 0),
        textcoords="offset points",
        color=ACCENT,
        fontweight="bold",
        va="center",
    )
    for name, cost in references.items():
        axes.axhline(cost, color=colour_of(name, ()), linestyle=(0, (5, 3)), linewidth=1.4, zorder=1)
    _name_lines(axes, {**references}, float(smooth[-1]))
    axes.set_xlim(0 if steps[0] <= 0.2 * steps[-1] else steps[0], steps[-1] * 1.0 + 1e-9)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:g} k" if value >= 1000 else f"{value:g}")
    axes.set_xlabel("decisions trained on")
    axes.set_ylabel("cost per order (currency units)")
    axes.set_title("Learning curve")
    words = "cost of training episodes"
    subtitle(axes, words + ("; dashed: heuristics on validation traces" if references else ""))
    return figure


def _name_lines(axes: Axes, references: dict[str, float], taken: float) -> None:
    """Names right of the lines, pushed apart where lines are close."""
    low, high = axes.get_ylim()
    gap = 0.055 * (high - low)
    placed = [taken]
    for name, cost in sorted(references.items(), key=lambda item: abs(item[1] - taken)):
        spot = cost
        step = gap if cost >= taken else -gap
        while any(abs(spot - other) < gap for other in placed):
            spot += step / 4
        placed.append(spot)
        axes.annotate(
            f"{name} {cost:.2f}",
            (1, spot),
            (8, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=colour_of(name, ()),
        )
