"""Bid prices against the definition: what one unit more would save, and one less would cost."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agents.dual.clearing import Market, climb
from agents.dual.line_costs import line_costs
from agents.dual.market import STAGE_SECONDS, market_of
from agents.dual.pricer import thinned
from agents.forecast.analogues import Forecast, Window
from agents.forecast.history import History
from benchmarks.clearing import climbed, window_market
from benchmarks.linear_program import least_value
from envs.compiled_clock import CompiledClock
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS

TINY = load_scenario("tiny")
METRO = load_scenario("metro-small")
MANY = 100


def prices_of(world: World, window: Window, stock: np.ndarray) -> np.ndarray:
    """Of units (W, K) that are there from the beginning; float (W, K)."""
    market = market_of(world.network, world.seen, window, stock.T[:, :, None].astype(float))
    duals = np.zeros(market.supply.shape)
    assert climb(market, duals, 100, MANY, 1e-9) < MANY
    return duals.sum(axis=2).T


def dual_value(market: Market, duals: np.ndarray, max_parcels: int) -> float:
    """By looking at every way to send every order: its least cost at these prices, less what the shelves are worth."""
    prices, value = duals[:, :, ::-1].cumsum(axis=2)[:, :, ::-1], -(duals * market.supply).sum()
    places = market.places.shape[1]
    subsets = [s for n in range(max_parcels + 1) for s in itertools.combinations(range(places), n)]
    for order, (first, count, stage) in enumerate(market.orders):
        lines, least = range(first, first + count), np.inf
        each = np.full((count, places), np.inf)
        for row, c in itertools.product(range(count), range(places)):
            line = first + row
            if np.isfinite(market.costs[line, c]):
                price = prices[market.lines[line, 1], market.places[line, c], stage]
                each[row, c] = market.costs[line, c] + market.lines[line, 2] * price
        for subset in subsets:
            best = each[:, subset].min(axis=1, initial=np.inf)
            total = np.minimum(best, market.lost[lines]).sum() + market.boxes[order, list(subset)].sum()
            least = min(least, total)
        value += least
    return value


@pytest.fixture(scope="module")
def world() -> World:
    world = World(draw_trace(TINY, 1_000_000), "none")
    CompiledClock(world).start()
    return world


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    return Forecast(History(TINY, 30), num_nearest=10)


def least_cost(world: World, window: Window, supply: np.ndarray) -> float:
    """By looking at every way to serve single lines; lost lines cost their margin. Units (W, K) or (K, W, stages)."""
    whole, _ = line_costs(world.network, world.seen, window)
    if supply.ndim == 2:
        supply = supply.T[:, :, None]
    stages = np.minimum((window.orders["arrival_seconds"] - 1) // STAGE_SECONDS, supply.shape[2] - 1)
    best = np.inf
    for chosen in itertools.product(range(-1, supply.shape[1]), repeat=len(window.lines)):
        left, cost = supply.copy(), 0.0
        for line, warehouse in enumerate(chosen):
            if warehouse < 0:
                cost += window.lines["margin_millicents"][line]
            else:
                stage = stages[window.lines["order"][line]]
                left[window.lines["sku"][line], warehouse, stage:] -= window.lines["units"][line]
                cost += whole[line, warehouse]
        if left.min() >= 0:
            best = min(best, cost)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_a_price_lies_between_what_a_unit_saves_and_what_it_costs(world, forecast, seed):
    window, _ = thinned(forecast.window(seed, 0, 20 * HOUR_SECONDS), 6)
    assert 3 <= len(window.lines) <= 6
    stock = np.random.default_rng(seed).integers(0, 3, (2, 2))
    prices, now = prices_of(world, window, stock), least_cost(world, window, stock)
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


@pytest.mark.parametrize("seed", range(12))
def test_what_comes_later_serves_only_what_is_asked_for_later(world, forecast, seed):
    """A unit that is there from the beginning relaxes every stage, one that comes later only the later ones."""
    window, _ = thinned(forecast.window(seed, 0, 2 * DAY_SECONDS), 6)
    stages = (window.orders["arrival_seconds"] - 1) // STAGE_SECONDS
    assert set(stages.tolist()) == {0, 1}
    random = np.random.default_rng(seed)
    supply = np.cumsum(random.integers(0, 2, (2, 2, 2)), axis=2).astype(float)
    market = market_of(world.network, world.seen, window, supply)
    duals, now = np.zeros(supply.shape), least_cost(world, window, supply)
    assert climb(market, duals, 1, MANY, 1e-9) < MANY
    assert dual_value(market, duals, 1) == pytest.approx(now)
    for sku, warehouse, stage in np.ndindex(supply.shape):
        more, less = supply.copy(), supply.copy()
        more[sku, warehouse, stage:] += 1
        less[sku, warehouse, stage:] -= 1
        price = duals[sku, warehouse, stage:].sum()
        assert price >= now - least_cost(world, window, more) - 1e-6
        if less.min() >= 0 and sku in window.lines["sku"]:
            assert price <= least_cost(world, window, less) - now + 1e-6


def test_ample_stock_is_worth_nothing_and_no_stock_the_most(world, forecast):
    window = forecast.window(0, 0, 20 * HOUR_SECONDS)
    ample, none = np.full((2, 2), 1000), np.zeros((2, 2), np.int64)
    assert not prices_of(world, window, ample).any()
    prices = prices_of(world, window, none)
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
        found = window._replace(orders=orders, lines=lines)
        whole, fixed = line_costs(world.network, world.seen, found)
        is_plain = np.isfinite(whole).all() and (fixed[::2] == fixed[1::2]).all()
        if is_plain and lines["sku"][0] != lines["sku"][1]:
            return found


@pytest.mark.parametrize("seed", range(12))
def test_lines_of_one_order_share_a_parcel(metro, seed):
    """What prices prove is never above what the best whole plans cost.

    Two orders alike are the hardest case of a climb SKU by SKU, which may stop early where no price helps alone.
    """
    world, forecast = metro
    window, random = two_pairs(world, forecast, seed), np.random.default_rng(seed)
    wanted = window.lines["sku"][:2]
    stock = np.zeros(world.seen.stock.shape, np.int64)
    stock[:, wanted] = random.random((stock.shape[0], 2)) < 0.3
    market = market_of(world.network, world.seen, window, stock.T[:, :, None].astype(float))
    duals, now = np.zeros(market.supply.shape), least_cost_together(world, window, stock)
    climb(market, duals, 100, MANY, 1e-9)
    value = dual_value(market, duals, len(stock))
    assert duals.any()
    assert 0.65 * now <= value <= now + 1e-6
    assert now < least_cost(world, window, stock) or not (stock[:, wanted] > 0).all(axis=1).any()


@pytest.mark.parametrize(("name", "within"), [("stationary", 0.2), ("misplaced-scarce", 0.02), ("jasin-sinha", 0.05)])
def test_the_climb_comes_near_the_optimum_of_the_linear_program(name, within):
    """Of what prices gain on none at all; in few sweeps, as it is used."""
    world, market = window_market(name)
    duals, max_parcels = climbed(world, market), int(world.network.settings["max_parcels"][0])
    unpriced, value = (dual_value(market, prices, max_parcels) for prices in (np.zeros(duals.shape), duals))
    best = least_value(market)
    assert (duals >= 0).all()
    assert unpriced < 0.998 * best
    assert value - unpriced > (1 - within) * (best - unpriced)


def test_half_of_a_doubled_window_is_worth_what_the_window_is(metro):
    world, forecast = metro
    window = forecast.window(1, 0, 30 * HOUR_SECONDS)
    orders = np.repeat(window.orders, 2)
    rows = [np.arange(row["first_line"], row["first_line"] + row["num_lines"]) for row in orders]
    lines = window.lines[np.concatenate(rows)]
    lines["order"] = np.repeat(np.arange(len(orders)), orders["num_lines"])
    orders["first_line"] = np.cumsum(orders["num_lines"]) - orders["num_lines"]
    kept, share = thinned(window._replace(orders=orders, lines=lines), len(window.orders))
    assert share == 0.5
    stock = np.random.default_rng(0).integers(0, 2, world.seen.stock.shape)
    prices = prices_of(world, window, stock)
    assert prices.any()
    assert prices_of(world, kept, 2 * stock * share) == pytest.approx(prices)


def test_thinning_keeps_the_share_that_it_states(forecast):
    window = forecast.window(2, 0, 24 * HOUR_SECONDS)
    for most in (1, 5, 1000):
        kept, share = thinned(window, most)
        assert 0 < len(kept.orders) <= most
        assert share == len(kept.orders) / len(window.orders)
        assert kept.orders["num_lines"].sum() == len(kept.lines)
        assert (kept.lines["order"] == np.repeat(np.arange(len(kept.orders)), kept.orders["num_lines"])).all()
