"""Bid prices against the definition: what one unit more would save, and one less would cost."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agents.dual.line_costs import line_costs
from agents.dual.pricer import DualPricer, thinned
from agents.dual.program import shelf_prices
from agents.forecast.analogues import Forecast, Window
from agents.forecast.history import History
from envs.compiled_clock import CompiledClock
from envs.pricer import solved_prices
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.local_time import HOUR_SECONDS

TINY = load_scenario("tiny")
METRO = load_scenario("metro-small")


@pytest.fixture(scope="module")
def world() -> World:
    world = World(draw_trace(TINY, 1_000_000), "none")
    CompiledClock(world).start()
    return world


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    return Forecast(History(TINY, 30), num_nearest=10)


def least_cost(world: World, window: Window, stock: np.ndarray) -> float:
    """By looking at every way to serve single lines; lost lines cost their margin."""
    whole, _ = line_costs(world.network, world.seen, window)
    best = np.inf
    for chosen in itertools.product(range(-1, stock.shape[0]), repeat=len(window.lines)):
        left, cost = stock.copy(), 0.0
        for line, warehouse in enumerate(chosen):
            if warehouse < 0:
                cost += window.lines["margin_millicents"][line]
            else:
                left[warehouse, window.lines["sku"][line]] -= window.lines["units"][line]
                cost += whole[line, warehouse]
        if left.min() >= 0:
            best = min(best, cost)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_a_price_lies_between_what_a_unit_saves_and_what_it_costs(world, forecast, seed):
    window, _ = thinned(forecast.window(seed, 0, 20 * HOUR_SECONDS), 6)
    assert 3 <= len(window.lines) <= 6
    stock = np.random.default_rng(seed).integers(0, 3, (2, 2))
    prices, now = shelf_prices(world.network, world.seen, stock, window, 1.0), least_cost(world, window, stock)
    asked = set(window.lines["sku"].tolist())
    for cell in np.ndindex(stock.shape):
        more = stock.copy()
        more[cell] += 1
        assert prices[cell] >= now - least_cost(world, window, more) - 1e-6
        if stock[cell] > 0 and cell[1] in asked:
            less = stock.copy()
            less[cell] -= 1
            assert prices[cell] <= least_cost(world, window, less) - now + 1e-6
        if cell[1] not in asked:
            assert prices[cell] == 0


def test_ample_stock_is_worth_nothing_and_no_stock_the_most(world, forecast):
    window = forecast.window(0, 0, 20 * HOUR_SECONDS)
    ample, none = np.full((2, 2), 1000), np.zeros((2, 2), np.int64)
    assert not shelf_prices(world.network, world.seen, ample, window, 1.0).any()
    prices = shelf_prices(world.network, world.seen, none, window, 1.0)
    whole, _ = line_costs(world.network, world.seen, window)
    for warehouse, sku in np.ndindex(prices.shape):
        lines = window.lines["sku"] == sku
        saved = window.lines["margin_millicents"][lines] - whole[lines, warehouse]
        assert prices[warehouse, sku] >= max(0.0, saved.max()) - 1e-6


def least_cost_together(world: World, window: Window, stock: np.ndarray) -> float:
    """By looking at every way to serve lines whose orders pay the fixed part of a parcel once a warehouse."""
    whole, fixed = line_costs(world.network, world.seen, window)
    best, owner, sku = np.inf, window.lines["order"], window.lines["sku"]
    for chosen in itertools.product(range(-1, stock.shape[0]), repeat=len(window.lines)):
        left, cost, boxes = stock.copy(), 0.0, {}
        for line, warehouse in enumerate(chosen):
            if warehouse < 0:
                cost += window.lines["margin_millicents"][line]
            else:
                left[warehouse, sku[line]] -= window.lines["units"][line]
                cost += whole[line, warehouse] - fixed[line, warehouse]
                boxes[owner[line], warehouse] = fixed[line, warehouse]
        if left.min() >= 0:
            best = min(best, cost + sum(boxes.values()))
    return best


@pytest.fixture(scope="module")
def metro() -> tuple[World, Forecast]:
    world = World(draw_trace(METRO, 1_000_000), "none")
    CompiledClock(world).start()
    return world, Forecast(History(METRO, 2), num_nearest=1)


def two_pairs(world: World, forecast: Forecast, seed: int) -> Window:
    """Two orders of a unit each of the same two SKUs; lines of one order have the same fixed part of a parcel."""
    window, random = forecast.window(0, 0, 100 * HOUR_SECONDS), np.random.default_rng(seed)
    pairs = np.flatnonzero(window.orders["num_lines"] == 2)
    while True:
        orders = window.orders[random.choice(pairs, 2, replace=False)]
        lines = np.concatenate([window.lines[first : first + 2] for first in orders["first_line"]])
        orders["first_line"], lines["order"], lines["units"] = (0, 2), (0, 0, 1, 1), 1
        lines["sku"] = np.tile(lines["sku"][:2], 2)
        found = Window(orders, lines, window.stretch)
        whole, fixed = line_costs(world.network, world.seen, found)
        is_plain = np.isfinite(whole).all() and (fixed[::2] == fixed[1::2]).all()
        if is_plain and lines["sku"][0] != lines["sku"][1]:
            return found


@pytest.mark.parametrize("seed", range(12))
def test_lines_of_one_order_share_a_parcel(metro, seed):
    """Prices lie between what a unit saves and what it costs where a second parcel is paid for."""
    world, forecast = metro
    window, random = two_pairs(world, forecast, seed), np.random.default_rng(seed)
    wanted = window.lines["sku"][:2]
    stock = np.zeros(world.seen.stock.shape, np.int64)
    stock[:, wanted] = random.random((stock.shape[0], 2)) < 0.3
    prices, now = shelf_prices(world.network, world.seen, stock, window, 1.0), least_cost_together(world, window, stock)
    assert now < least_cost(world, window, stock) or not (stock[:, wanted] > 0).all(axis=1).any()
    num_dear = 0
    for cell in itertools.product(range(stock.shape[0]), wanted):
        more = stock.copy()
        more[cell] += 1
        assert prices[cell] >= now - least_cost_together(world, window, more) - 1e-6
        if stock[cell] > 0:
            less = stock.copy()
            less[cell] -= 1
            assert prices[cell] <= least_cost_together(world, window, less) - now + 1e-6
        num_dear += prices[cell] > 0
    assert num_dear > 0


def test_half_of_a_doubled_window_is_worth_what_the_window_is(metro):
    world, forecast = metro
    window = forecast.window(1, 0, 30 * HOUR_SECONDS)
    orders = np.repeat(window.orders, 2)
    rows = [np.arange(row["first_line"], row["first_line"] + row["num_lines"]) for row in orders]
    lines = window.lines[np.concatenate(rows)]
    lines["order"] = np.repeat(np.arange(len(orders)), orders["num_lines"])
    orders["first_line"] = np.cumsum(orders["num_lines"]) - orders["num_lines"]
    kept, share = thinned(Window(orders, lines, window.stretch), len(window.orders))
    assert share == 0.5
    stock = np.random.default_rng(0).integers(0, 2, world.seen.stock.shape)
    prices = shelf_prices(world.network, world.seen, stock, window, 1.0)
    assert prices.any()
    assert shelf_prices(world.network, world.seen, 2 * stock, kept, share) == pytest.approx(prices)


def test_thinning_keeps_the_share_that_it_states(forecast):
    window = forecast.window(2, 0, 24 * HOUR_SECONDS)
    for most in (1, 5, 1000):
        kept, share = thinned(window, most)
        assert 0 < len(kept.orders) <= most
        assert share == len(kept.orders) / len(window.orders)
        assert kept.orders["num_lines"].sum() == len(kept.lines)
        assert (kept.lines["order"] == np.repeat(np.arange(len(kept.orders)), kept.orders["num_lines"])).all()


def test_of_announced_receipts_as_much_counts_as_used_to_come():
    scenario = load_scenario("misplaced-scarce")
    forecast, world = Forecast(History(scenario, 4), num_nearest=2), World(draw_trace(scenario, 1_000_000), "none")
    receipts = np.concatenate([future.receipts for future in forecast.history.futures])
    fill = receipts["actual_units"].sum() / receipts["expected_units"].sum()
    assert fill < 0.9
    assert forecast.history.receipt_fill == pytest.approx(fill)
    assert forecast.history.receipt_delay_seconds > HOUR_SECONDS
    clock = CompiledClock(world)
    clock.start()
    while world.seen.clock["num_receipts"][0] < 5:
        clock.answer(0)
    seen = world.seen
    shelf = seen.stock["on_hand_units"] - seen.stock["allocated_units"]
    assert (DualPricer(forecast, 0).available_units(seen) == shelf).all()
    known = seen.receipts[: seen.clock["num_receipts"][0]]
    known = known[known["is_open"] != 0]
    wait = int(known["expected_at"].max() - seen.clock["now_seconds"][0] + forecast.history.receipt_delay_seconds) + 1
    added = DualPricer(forecast, wait).available_units(seen).sum() - shelf.sum()
    assert 0 < added == pytest.approx((fill * known["expected_units"] - known["claimed_units"]).sum(), abs=1.0)


def test_prices_are_those_of_the_samples_averaged(world, forecast):
    pricer = DualPricer(forecast, lookahead_seconds=20 * HOUR_SECONDS, num_samples=3)
    seen = world.seen._replace(stock=world.seen.stock.copy())
    seen.stock["on_hand_units"] //= 3
    stock, total = pricer.available_units(seen), np.zeros(seen.stock.shape)
    for window in forecast.sample(seen, 20 * HOUR_SECONDS, 3):
        total += shelf_prices(world.network, seen, stock, window, 1.0)
    prices = solved_prices(pricer, world.network, seen)
    assert prices.tolist() == np.rint(total / 3).astype(int).tolist()
    assert prices.any()
