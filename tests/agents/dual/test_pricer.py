"""What a pricer reckons with: shelves, receipts that are announced and those that are not yet, several futures."""

from __future__ import annotations

import numpy as np
import pytest

from agents.dual.market import STAGE_SECONDS, arrive, known_units, market_of
from agents.dual.pricer import DualPricer, clear
from agents.forecast.analogues import Forecast
from agents.forecast.history import History
from envs.compiled_clock import CompiledClock
from envs.pricer import solved_prices
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.trace import RECEIPTS

TINY = load_scenario("tiny")


@pytest.fixture(scope="module")
def scarce() -> tuple[World, Forecast]:
    """A world whose receipts bring less than announced, and later, with some announced."""
    scenario = load_scenario("misplaced-scarce")
    forecast, world = Forecast(History(scenario, 4), num_nearest=2), World(draw_trace(scenario, 1_000_000), "none")
    clock = CompiledClock(world)
    clock.start()
    while world.seen.clock["num_receipts"][0] < 5:
        clock.answer(0)
    return world, forecast


def test_of_announced_receipts_as_much_counts_as_used_to_come(scarce):
    world, forecast = scarce
    seen, history = world.seen, forecast.history
    receipts = np.concatenate([future.receipts for future in history.futures])
    fill = receipts["actual_units"].sum() / receipts["expected_units"].sum()
    assert fill < 0.9
    assert history.receipt_fill == pytest.approx(fill)
    assert history.receipt_delay_seconds > HOUR_SECONDS
    shelf = (seen.stock["on_hand_units"] - seen.stock["allocated_units"]).T
    known = seen.receipts[: seen.clock["num_receipts"][0]]
    known = known[known["is_open"] != 0]
    now, far = int(seen.clock["now_seconds"][0]), 30 * DAY_SECONDS
    units = known_units(seen, history, far)
    first = np.rint((known["expected_at"] - now + history.receipt_delay_seconds) / STAGE_SECONDS).astype(int)
    assert first.min() > 0
    for stage in range(units.shape[2]):
        there = known[first <= stage]
        expected = np.maximum(0, fill * there["expected_units"] - there["claimed_units"])
        assert units[:, :, stage].sum() == pytest.approx(shelf.sum() + expected.sum())
    assert (known_units(seen, history, STAGE_SECONDS)[:, :, 0] == shelf).all()


def test_a_receipt_counts_from_the_stage_of_which_most_comes_later():
    units, receipts = np.zeros((3, 2, 3)), np.zeros(4, RECEIPTS)
    receipts["sku"], receipts["warehouse"] = (0, 0, 1, 2), (0, 0, 1, 1)
    wait = np.array([-HOUR_SECONDS, 0.6 * STAGE_SECONDS, 0.4 * STAGE_SECONDS, 2.6 * STAGE_SECONDS])
    arrive(units, receipts, wait, np.array([1, 2, 4, 8]))
    assert units[0, 0].tolist() == [1, 3, 3]
    assert units[1, 1].tolist() == [4, 4, 4]
    assert units.sum() == 7 + 12


def test_a_receipt_that_is_not_yet_announced_lowers_prices(scarce):
    """In the samples it comes as it came in their pasts."""
    world, forecast = scarce
    now = int(world.seen.clock["now_seconds"][0])
    window = forecast.window(0, now, 4 * DAY_SECONDS)
    past = forecast.history.futures[0].receipts
    is_within = (past["announced_at"] > now) & (past["announced_at"] <= now + 4 * DAY_SECONDS)
    assert window.receipts.tolist() == past[is_within].tolist()
    later = forecast.window(0, now, 9 * DAY_SECONDS).receipts
    assert len(later) > (past["announced_at"] > now).sum()
    assert later["announced_at"].min() > now
    pricer = DualPricer(forecast, 7 * DAY_SECONDS, num_samples=1, max_orders=2000)
    known, random = known_units(world.seen, forecast.history, 7 * DAY_SECONDS), np.random.default_rng((0, now))
    drawn = forecast.sample(world.seen, 7 * DAY_SECONDS, 1)[0]
    duals = np.zeros(known.shape)
    clear(market_of(world.network, world.seen, drawn, known), duals, world.network, random)
    assert pricer.prices(world.network, world.seen).mean() < 0.8 * duals.sum(axis=2).mean()


def test_prices_are_those_of_the_samples_averaged():
    forecast, world = Forecast(History(TINY, 30), num_nearest=10), World(draw_trace(TINY, 1_000_000), "none")
    CompiledClock(world).start()
    pricer = DualPricer(forecast, lookahead_seconds=20 * HOUR_SECONDS, num_samples=3)
    seen = world.seen._replace(stock=world.seen.stock.copy())
    seen.stock["on_hand_units"] //= 3
    known, total = known_units(seen, forecast.history, 20 * HOUR_SECONDS), np.zeros(seen.stock.shape)
    now = int(seen.clock["now_seconds"][0])
    duals, random = np.zeros(known.shape), np.random.default_rng((forecast.seed, now))
    for window in forecast.sample(seen, 20 * HOUR_SECONDS, 3):
        supply = known.copy()
        arrive(supply, window.receipts, window.receipts["actual_at"] - now, window.receipts["actual_units"])
        clear(market_of(world.network, seen, window, supply), duals, world.network, random)
        total += duals.sum(axis=2).T
    prices = solved_prices(pricer, world.network, seen)
    assert prices.any()
    assert prices.tolist() == np.rint(total / 3).astype(int).tolist()
