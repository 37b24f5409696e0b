"""Plays traces decision by decision, so that a test can look at every one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from envs.compiled_clock import CompiledClock
from envs.prices import Pricing
from envs.simulation import make_clock
from envs.world import World
from scenarios.trace import Trace


def decisions(
    trace: Trace,
    seed: int = 0,
    *,
    clock: str = "compiled",
    pricing: Pricing = Pricing.CLOSED_FORM,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    share_of_best: float = 0.5,
    **options: Any,
) -> Iterator[World]:
    """Yields the world at every decision and at the end; slots are chosen at random, the best one more often."""
    random = np.random.default_rng(seed)
    world = World(trace, weights=weights, pricing=pricing, **options)
    player = CompiledClock(world) if clock == "compiled" else make_clock(world, clock)
    is_due = player.start()
    while is_due:
        yield world
        best = random.random() < share_of_best
        is_due = player.answer(0 if best else int(random.integers(world.plans.counts[0])))
    yield world


def is_over(world: World) -> bool:
    """Whether every order has ended."""
    return int(world.hidden.counters["num_open_orders"][0]) == 0
