"""Gaps to the next order of a customer, and how often those who wait come again in sampled futures."""

from __future__ import annotations

import numpy as np
import pytest

from agents.forecast.analogues import Forecast
from agents.forecast.gaps import NUM_GAPS, gaps_of
from agents.forecast.history import History
from envs.compiled_clock import CompiledClock
from envs.fork import fork_on
from envs.state import MAX_HOLD_SECONDS
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.board.hold_consolidate import REPEAT_MINUTES, REPEAT_SHARE
from scenarios.network import FOREVER_SECONDS
from scenarios.seeds import VALIDATION
from scenarios.trace import ORDERS, Future, quiet_future
from tests.worlds import random_trace

HALF_HOUR = 1800


def past(rows: list[tuple[int, int, int]]) -> Future:
    """Orders (second, customer, region), and a last one that ends the record much later."""
    empty = random_trace(1).future
    orders, end = np.zeros(len(rows) + 1, ORDERS), (9 * MAX_HOLD_SECONDS, 99, 0)
    for name, values in zip(("arrival_seconds", "customer_id", "region"), zip(*rows, end, strict=True), strict=True):
        orders[name] = values
    return quiet_future(orders, empty.lines[:0], empty.receipts[:0], 1)


def test_first_orders_and_later_ones_each_have_their_gaps():
    """Customer 1 comes twice again, 2 to another region, 3 never; 4 comes again beyond what a hold may last."""
    rows = [(0, 1, 0), (0, 2, 0), (0, 3, 0), (0, 4, 0), (100, 1, 0), (150, 2, 1), (400, 1, 0), (9000, 4, 0)]
    first, later = gaps_of([past(rows)])
    assert [int((first == gap).sum()) for gap in (100, 9000, FOREVER_SECONDS)] == [
        pytest.approx(share * NUM_GAPS / 5, abs=1) for share in (1, 1, 3)
    ]
    assert [int((later == gap).sum()) for gap in (300, FOREVER_SECONDS)] == [
        pytest.approx(share * NUM_GAPS / 3, abs=1) for share in (1, 2)
    ]
    assert (np.diff(first) >= 0).all()


def test_what_is_near_the_end_is_not_on_record():
    late = 9 * MAX_HOLD_SECONDS - 10
    assert (gaps_of([past([(0, 1, 0), (50, 1, 0), (late, 2, 0), (late + 5, 2, 0)])])[0] == 50).all()
    assert (gaps_of([past([(late, 2, 0), (late + 5, 2, 0)])]) == FOREVER_SECONDS).all()


def test_customers_come_again_in_sampled_futures_as_often_as_they_do():
    """Of those who order for the first time; the share is the scenario's own, which the forecast was not told."""
    scenario = load_scenario("hold-consolidate", horizon_days=3)
    forecast, random = Forecast(History(scenario, 20), num_nearest=8), np.random.default_rng(0)
    world, num_asked, gaps = World(draw_trace(scenario, VALIDATION.start), "none"), 0, []
    clock, used, tails, until = CompiledClock(world), None, [], 0
    is_due = clock.start()
    while is_due and num_asked < 150:
        now, order = int(world.seen.clock["now_seconds"][0]), int(world.seen.order["order"][0])
        if random.random() < 0.3 and world.hidden.orders["previous_order"][order] < 0:
            if now >= until:
                tails, until = forecast.tails(world.seen, 2 * HALF_HOUR + 3600, 8), now + HALF_HOUR
            num_asked += 1
            for tail in tails:
                used = fork_on(world, tail, used)
                size = int(used.hidden.counters["num_orders"][0])
                previous = used.hidden.orders["previous_order"][order + 1 : size]
                gaps += (used.future.orders["arrival_seconds"][order + 1 : size][previous == order] - now).tolist()
        is_due = clock.answer(0)
    expected = REPEAT_SHARE * (1 - np.exp(-HALF_HOUR / (60 * REPEAT_MINUTES)))
    share = (np.array(gaps) <= HALF_HOUR).sum() / (8 * num_asked)
    assert share == pytest.approx(expected, abs=0.02)
    assert np.median(gaps) == pytest.approx(60 * REPEAT_MINUTES * np.log(2), rel=0.15)
