"""How long a fork takes: alone, when the fork before it has played on, and on another future."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.speeds import SEED, Speed
from envs.compiled_clock import CompiledClock
from envs.fork import fork, fork_on
from envs.prices import Pricing
from envs.tail import Tail, tail_of
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.trace import Trace

SCENARIO, BEFORE, SAMPLES, FEW_SAMPLES = "metro-disrupted", 8_000, 400, 20


def measure_forks() -> list[Speed]:
    """Median wall microseconds of a fork at decisions of ``metro-disrupted``, half-way through."""
    scenario = load_scenario(SCENARIO)
    clock = CompiledClock(World(draw_trace(scenario, SEED), "none", pricing=Pricing.CLOSED_FORM))
    clock.start()
    for _ in range(BEFORE):
        clock.answer(0)
    return [*_on_the_same_future(clock), *_on_tails(clock, draw_trace(scenario, SEED + 1))]


def _on_the_same_future(clock: CompiledClock) -> list[Speed]:
    """Rows differ in how many decisions the fork has played since it was made, which it must take back."""
    speeds = []
    for num_played, target in ((0, 20.0), (1, 20.0), (10, None), (100, None)):
        used = fork(clock.world)
        player, seconds = CompiledClock(used), []
        for _ in range(SAMPLES):
            clock.answer(0)
            seconds.append(_seconds_of(partial(fork, clock.world, used)))
            for _ in range(num_played):
                player.answer(0)
        speeds.append(_row(f"a fork that then played {num_played} decisions", seconds, target))
    seconds = [_seconds_of(lambda: fork(clock.world)) for _ in range(FEW_SAMPLES)]
    return [*speeds, _row("a fork in new memory", seconds)]


def _on_tails(clock: CompiledClock, other: Trace) -> list[Speed]:
    """Tails are of another trace, cut at each decision anew, and bring other luck to all that is under way."""
    speeds = []
    for num_orders in (100, 300):
        name = f"a fork on a tail of {num_orders} orders"
        for num_played, target in ((0, 100.0), (10, None)):
            used = fork_on(clock.world, _next_tail(clock, other, num_orders))
            player, seconds = CompiledClock(used), []
            for _ in range(SAMPLES):
                clock.answer(0)
                tail = _next_tail(clock, other, num_orders)
                seconds.append(_seconds_of(partial(fork_on, clock.world, tail, used)))
                for _ in range(num_played):
                    player.answer(0)
            speeds.append(_row(f"{name}, then {num_played} decisions", seconds, target))
        seconds = [_seconds_of(partial(fork_on, clock.world, tail)) for _ in range(FEW_SAMPLES)]
        speeds.append(_row(f"{name}, in new memory", seconds))
    seconds = [_seconds_of(lambda: _next_tail(clock, other, 300)) for _ in range(SAMPLES)]
    return [*speeds, _row("a tail of 300 orders cut out of a trace", seconds)]


def _next_tail(clock: CompiledClock, other: Trace, num_orders: int) -> Tail:
    """The next orders of another trace from now on."""
    now = int(clock.world.seen.clock["now_seconds"][0])
    arrivals = other.future.orders["arrival_seconds"]
    return tail_of(other, now, int(arrivals[np.searchsorted(arrivals, now, "right") + num_orders - 1]))


def _seconds_of(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _row(name: str, seconds: list[float], target: float | None = None) -> Speed:
    return Speed(name, float(np.median(seconds) * 1e6), "us", target)
