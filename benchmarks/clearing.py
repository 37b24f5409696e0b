"""``python -m benchmarks.clearing``: bid prices of one window, by climbing the dual and by a linear program."""

from __future__ import annotations

import time

import numpy as np

from agents.dual.clearing import Market
from agents.dual.market import market_of
from agents.dual.pricer import clear, thinned
from agents.forecast.analogues import Forecast
from agents.forecast.history import history_of
from benchmarks.linear_program import least_value
from envs.compiled_clock import CompiledClock
from envs.world import World
from scenarios.draw import draw_trace
from scenarios.local_time import DAY_SECONDS
from scenarios.registry import load_scenario

SCENARIOS = ("stationary", "misplaced-scarce", "jasin-sinha")
SEED, NUM_ORDERS = 1_000_000, 500


def window_market(name: str) -> tuple[World, Market]:
    """The next five days of a scenario as once sampled, and half of the stock to serve them, some of it later."""
    scenario = load_scenario(name)
    forecast, world = Forecast(history_of(scenario, 4), num_nearest=2), World(draw_trace(scenario, SEED), "none")
    CompiledClock(world).start()
    window, share = thinned(forecast.window(0, 0, 5 * DAY_SECONDS), NUM_ORDERS)
    shelf = (world.seen.stock["on_hand_units"] * share * 0.5).T[:, :, None]
    return world, market_of(world.network, world.seen, window, shelf * np.array([1.0, 1.0, 1.3, 1.3, 1.5]))


def climbed(world: World, market: Market) -> np.ndarray:
    """Prices as the routers find them, float (K, W, stages)."""
    duals = np.zeros(market.supply.shape)
    clear(market, duals, world.network, np.random.default_rng(0))
    return duals


def main() -> int:
    """Prints seconds of both and their ratio."""
    print("| scenario | orders | climb, s | HiGHS, s | times |\n|---|---:|---:|---:|---:|")
    for name in SCENARIOS:
        world, market = window_market(name)
        climbed(world, market)  # compiles
        times = []
        for work in (lambda: climbed(world, market), lambda: least_value(market)):  # noqa: B023
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        row = f"{len(market.orders)} | {times[0]:.3f} | {times[1]:.3f} | {times[1] / times[0]:.0f}"
        print(f"| {name} | {row} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
