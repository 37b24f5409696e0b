"""How long a fork takes: alone, and when the fork before it has played on."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.speeds import SEED, Speed
from envs.compiled_clock import CompiledClock
from envs.fork import fork
from envs.prices import Pricing
from envs.world import World
from scenarios import draw_trace, load_scenario

SCENARIO, BEFORE, SAMPLES = "metro-disrupted", 8_000, 400


def measure_forks() -> list[Speed]:
    """Median wall microseconds of a fork into used memory at every decision of ``metro-disrupted``, half-way through.

    Rows differ in how many decisions the fork has played since it was made, which it must take back.
    """
    clock = CompiledClock(World(draw_trace(load_scenario(SCENARIO), SEED), "none", pricing=Pricing.CLOSED_FORM))
    clock.start()
    for _ in range(BEFORE):
        clock.answer(0)
    speeds = []
    for num_played, target in ((0, 20.0), (1, 20.0), (10, None), (100, None)):
        used = fork(clock.world)
        player, seconds = CompiledClock(used), []
        for _ in range(SAMPLES):
            clock.answer(0)
            begin = time.perf_counter()
            fork(clock.world, used)
            seconds.append(time.perf_counter() - begin)
            for _ in range(num_played):
                player.answer(0)
        name = f"a fork that then played {num_played} decisions"
        speeds.append(Speed(name, float(np.median(seconds) * 1e6), "us", target))
    begin = time.perf_counter()
    for _ in range(20):
        fork(clock.world)
    speeds.append(Speed("a fork in new memory", (time.perf_counter() - begin) / 20 * 1e6, "us"))
    return speeds
