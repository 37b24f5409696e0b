"""A picture of the world at a decision: network, stock and queues (matplotlib; for a window see ``envs.window``)."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from envs.costs import HOUR, MILLICENTS, PART_NAMES
from envs.picking import start_of_next_pick
from envs.plan_table import COUNT_PLANS
from envs.state import NONE
from envs.world import World

SIZE_INCHES, DOTS_PER_INCH = (10.0, 5.6), 80

_INK, _MUTED, _ACCENT, _STOCK, _QUEUE = "#1f2933", "#9aa5b1", "#d64545", "#2f6f9f", "#e0a030"


def draw_world(world: World) -> np.ndarray:
    """uint8 (height, width, 3) of the state at the present decision."""
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    draw_on(figure, world)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def draw_on(figure: Figure, world: World) -> None:
    """Draws the present decision on an empty figure."""
    grid = figure.add_gridspec(2, 2, width_ratios=(1.5, 1.0))
    _draw_network(figure.add_subplot(grid[:, 0]), world)
    _draw_stock(figure.add_subplot(grid[0, 1]), world)
    _draw_queues(figure.add_subplot(grid[1, 1]), world)


def _draw_network(axes, world: World) -> None:
    """Warehouses, regions, and the best plan of the asked order as arrows."""
    network, seen, plans = world.network, world.seen, world.plans
    warehouses, regions = network.warehouses, network.regions
    share = regions["demand_share"] / max(1e-9, float(regions["demand_share"].max()))
    axes.scatter(regions["longitude"], regions["latitude"], s=10 + 90 * share, color=_MUTED, alpha=0.6, linewidths=0)
    axes.scatter(warehouses["longitude"], warehouses["latitude"], s=90, marker="s", color=_STOCK, zorder=3)
    for name, row in zip(world.trace.names.warehouses, warehouses, strict=True):
        axes.annotate(
            name, (row["longitude"], row["latitude"]), (6, 6), textcoords="offset points", color=_INK, fontsize=9
        )
    now = int(seen.clock["now_seconds"][0])
    title = f"day {now // 86400}, {now % 86400 // HOUR:02d}:{now % HOUR // 60:02d}"
    if seen.order["order"][0] != NONE and plans.counts[COUNT_PLANS] > 0:
        region = regions[seen.order["region"][0]]
        for option in plans.chosen[0, : plans.slots["num_parcels"][0]]:
            source = warehouses[plans.options["warehouse"][option]]
            axes.annotate(
                "",
                (region["longitude"], region["latitude"]),
                (source["longitude"], source["latitude"]),
                arrowprops={"arrowstyle": "-|>", "color": _ACCENT, "linewidth": 2},
            )
        axes.scatter([region["longitude"]], [region["latitude"]], s=60, color=_ACCENT, zorder=4)
        parts = ", ".join(
            f"{name} {plans.costs[0, part] / MILLICENTS:.2f}"
            for part, name in enumerate(PART_NAMES)
            if plans.costs[0, part]
        )
        title += f"   order {seen.order['order'][0]}   best of {plans.counts[COUNT_PLANS]} plans\n{parts}"
    axes.set_title(title, loc="left", fontsize=9, color=_INK)
    axes.set_aspect(1.0 / max(0.2, float(np.cos(np.radians(warehouses["latitude"].mean())))))
    axes.margins(0.1)
    axes.set_axis_off()


def _draw_stock(axes, world: World) -> None:
    """Units available to promise, of what was available after the last receipt."""
    stock = world.seen.stock
    left = (stock["on_hand_units"] - stock["allocated_units"]).sum(axis=1)
    reference = np.maximum(stock["reference_units"].sum(axis=1), 1)
    _bars(axes, world, 100.0 * left / reference, _STOCK, "stock available, % of reference")
    axes.set_xlim(0, 105)


def _draw_queues(axes, world: World) -> None:
    """Hours until a parcel released now would be started."""
    now = int(world.seen.clock["now_seconds"][0])
    num_warehouses = len(world.network.warehouses)
    waits = [(start_of_next_pick(world.network, world.seen, w) - now) / HOUR for w in range(num_warehouses)]
    _bars(axes, world, np.array(waits), _QUEUE, "hours until the next pick starts")
    for place, row in enumerate(world.seen.stations):
        label = f" {row['num_busy']}/{row['num_open']} busy, {row['num_queued']} queued"
        axes.annotate(label, (0, place), va="center", fontsize=7, color=_INK)


def _bars(axes, world: World, values: np.ndarray, color: str, title: str) -> None:
    axes.barh(range(len(values)), values, color=color, height=0.7)
    axes.set_yticks(range(len(values)), world.trace.names.warehouses, fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.invert_yaxis()
    axes.set_title(title, loc="left", fontsize=9, color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
