"""How cost fell while the agent learned."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.style import ACCENT, INK, colour_of, new_figure, subtitle
from experiments.headline import signed

NAME, TITLE = "learning_curve", "Learning curve"
BASE = "base_cost_per_order"
"""Optional column: cost per order of the base router on the same training traces."""


def draw(curve: pd.DataFrame, references: dict[str, float]) -> Figure | None:
    """Cost per order of training episodes against steps; None if no episode was finished.

    With a column ``base_cost_per_order`` it shows the difference to the base router on the same traces, from which
    the luck of the trace is gone.

    Args:
        curve: columns ``steps`` and ``cost_per_order``, maybe ``base_cost_per_order`` and ``stage``.
        references: cost per order of heuristics on validation traces, by name.
    """
    is_paired = BASE in curve and bool(curve[BASE].notna().any())
    curve = curve.dropna(subset=["cost_per_order", *([BASE] if is_paired else [])])
    if curve.empty:
        return None
    steps, costs = curve["steps"].to_numpy(float), curve["cost_per_order"].to_numpy(float)
    if is_paired:
        costs, references = costs - curve[BASE].to_numpy(float), {"base router": 0.0}
    window = max(1, len(costs) // 15)
    smooth = pd.Series(costs).rolling(window, min_periods=1, center=True).mean().to_numpy()
    figure = new_figure(8.6, 4.4)
    axes = figure.subplots()
    axes.plot(steps, costs, "-o", color=ACCENT, alpha=0.35 if window > 1 else 1.0, linewidth=1.2, markersize=3.5)
    if window > 1:
        axes.plot(steps, smooth, color=ACCENT, linewidth=2.6, solid_capstyle="round")
    end = (steps[-1], smooth[-1])
    words = f"policy {signed(smooth[-1])}" if is_paired else f"policy {smooth[-1]:.2f}"
    axes.annotate(words, end, (9, 0), textcoords="offset points", color=ACCENT, fontweight="bold", va="center")
    for name, cost in references.items():
        axes.axhline(cost, color=_colour(name), linestyle=(0, (5, 3)), linewidth=1.4, zorder=1)
    _name_lines(axes, references, float(smooth[-1]))
    _mark_stages(axes, curve)
    axes.set_xlim(0, steps[-1])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:g} k" if value >= 1000 else f"{value:g}")
    axes.set_xlabel("decisions trained on")
    axes.set_ylabel("difference per order (currency units)" if is_paired else "cost per order (currency units)")
    axes.set_title(TITLE)
    if is_paired:
        subtitle(axes, "cost of training episodes, which explore, minus the base router's on the same traces")
    else:
        subtitle(axes, "cost of training episodes, which explore; dashed: heuristics on validation traces")
    return figure


def _mark_stages(axes: Axes, curve: pd.DataFrame) -> None:
    """A thin line where one stage of training gives way to the next."""
    if "stage" not in curve:
        return
    stages = curve["stage"].tolist()
    for i in range(1, len(stages)):
        if stages[i] != stages[i - 1]:
            steps = float(curve["steps"].iloc[i - 1])
            axes.axvline(steps, color=INK, linewidth=0.8, alpha=0.5)
            axes.annotate(
                f"{stages[i - 1]}  |  {stages[i]}",
                (steps, 1),
                (0, -12),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=INK,
            )


def _colour(name: str) -> str:
    return INK if name == "base router" else colour_of(name, ())


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
            name if name == "base router" else f"{name} {cost:.2f}",
            (1, spot),
            (9, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=_colour(name),
        )
