"""The order being decided, asked in another situation: presale dates, several promises, interruptions, earlier holds.

Nothing is played with it: plans and features are made in a table of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs import features
from envs.compiling import compiled
from envs.hidden import Hidden
from envs.plan_table import Plans, new_plans
from envs.plans import enumerate_plans
from envs.state import Observable
from envs.world import World
from scenarios.network import Network
from scenarios.trace import Future
from tests.worlds import GRID, HOUR


class Asked(NamedTuple):
    """As much of a world as plans and features are made of."""

    network: Network
    future: Future
    seen: Observable
    plans: Plans
    hidden: Hidden


@compiled
def enumerated(network, seen, plans):
    """Plans and features of the asked order."""
    enumerate_plans(network, seen, plans)
    features.describe(network, seen, plans)


def asked_otherwise(world: World | Asked, random: np.random.Generator) -> Asked:
    """The asked order in a random other situation."""
    now, num_lines = int(world.seen.clock["now_seconds"][0]), int(world.seen.order["num_lines"][0])
    lines, order = world.seen.lines.copy(), world.seen.order.copy()
    interruptions, settings = world.seen.interruptions.copy(), world.network.settings.copy()
    asked = lines[:num_lines]
    dates = now + random.integers(-20, 100, 2) * GRID
    asked["ship_from_seconds"] = np.where(random.random(num_lines) < 0.5, random.choice(dates, num_lines), 0)
    if random.random() < 0.5:
        asked["promise_at"] += random.choice([0, 0, 3, 30], num_lines) * HOUR
    order["promise_at"] = asked["promise_at"].min()
    order["num_orders"], order["num_holds"] = random.integers(1, 3), random.integers(0, 3)
    order["held_seconds"] = order["num_holds"] * random.integers(1, 7) * GRID
    order["is_again"] = random.random() < 0.2
    is_out = random.random(interruptions.shape) < 0.3
    interruptions["until_seconds"] = np.where(is_out, now + random.integers(-20, 100, interruptions.shape) * GRID, 0)
    settings["hold_short_seconds"], settings["hold_long_seconds"] = random.choice([0, 1800, 3600, 7200], 2)
    return _asked(world, {"settings": settings}, {"lines": lines, "order": order, "interruptions": interruptions})


def asked_among_twins(world: Asked, random: np.random.Generator) -> Asked:
    """The asked order where all warehouses, and perhaps all services, are alike, so that plans tie.

    They share the collections and receipts of the first: enough to ask, not to play.
    """
    public = {name: getattr(world.network, name).copy() for name in ("lanes", "pairs", "warehouses", "services")}
    seen = {name: getattr(world.seen, name).copy() for name in ("stock", "stations", "picks", "interruptions")}
    for name, array in (public | seen).items():
        if name != "services":
            array[:] = array[0]
    if random.random() < 0.5:
        for array in (public["lanes"], public["pairs"], seen["interruptions"]):
            array[:] = array[:, :1]
        public["services"][:] = public["services"][0]
    return _asked(world, public, seen)


def _asked(world: World | Asked, public: dict[str, np.ndarray], changed: dict[str, np.ndarray]) -> Asked:
    for array in public.values():
        array.flags.writeable = False
    network, seen = world.network._replace(**public), world.seen._replace(**changed)
    plans = new_plans(network)
    enumerated(network, seen, plans)
    return Asked(network, world.future, seen, plans, world.hidden)
