"""The forecast: windows of the past, those that looked like the present first."""

from __future__ import annotations

import numpy as np
import pytest

from agents.forecast.analogues import Forecast
from agents.forecast.history import History
from envs.compiled_clock import CompiledClock
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.seeds import HISTORY

SCENARIO = load_scenario("metro-disrupted", horizon_days=3, orders_per_day=600.0)


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    return Forecast(History(SCENARIO, 12), num_nearest=4)


def at_second(seed: int, seconds: int, scenario=SCENARIO) -> World:
    """A world at its first decision at or after a second."""
    world = World(draw_trace(scenario, seed), "none")
    clock = CompiledClock(world)
    is_due = clock.start()
    while is_due and world.seen.clock["now_seconds"][0] < seconds:
        is_due = clock.answer(0)
    assert is_due
    return world


def baskets(orders: np.ndarray, lines: np.ndarray) -> list[tuple]:
    """Everything about orders but their numbers."""
    rows = []
    for order in orders:
        first, count = int(order["first_line"]), int(order["num_lines"])
        own = tuple((int(row["sku"]), int(row["units"])) for row in lines[first : first + count])
        rows.append((int(order["arrival_seconds"]), int(order["region"]), int(order["promise_at"]), own))
    return rows


def test_a_window_is_what_followed_in_the_past(forecast):
    now, seconds = 20 * HOUR_SECONDS, 9 * HOUR_SECONDS
    window, past = forecast.window(5, now, seconds), forecast.history.futures[5]
    is_within = (past.orders["arrival_seconds"] > now) & (past.orders["arrival_seconds"] <= now + seconds)
    assert is_within.sum() > 100
    assert baskets(window.orders, window.lines) == baskets(past.orders[is_within], past.lines)
    assert window.stretch.tolist() == forecast.history.stretch[5, 20].tolist()
    assert (window.lines["order"] == np.repeat(np.arange(len(window.orders)), window.orders["num_lines"])).all()


def test_after_the_last_day_comes_the_first_day_of_another_past(forecast):
    """No window tells when the episode ends."""
    period = forecast.history.period_seconds
    window = forecast.window(11, period - HOUR_SECONDS, 5 * HOUR_SECONDS)
    other = forecast.history.futures[0]
    expected = baskets(other.orders[(other.orders["arrival_seconds"] > 0)], other.lines)
    moved = [(at + period, region, promise + period, own) for at, region, promise, own in expected]
    is_later = [row for row in baskets(window.orders, window.lines) if row[0] > period]
    assert len(is_later) > 20
    assert is_later == moved[: len(is_later)]
    assert (np.diff(window.orders["arrival_seconds"]) >= 0).all()
    far = forecast.window(3, 10 * period + DAY_SECONDS, DAY_SECONDS)
    assert len(far.orders) == len(forecast.window(3, DAY_SECONDS, DAY_SECONDS).orders)


def test_a_past_that_is_being_played_again_is_found(forecast):
    for number in (1, 7):
        world = at_second(HISTORY[number], 40 * HOUR_SECONDS)
        assert forecast.nearest(world.seen)[0] == number


def test_after_the_first_period_the_past_is_warm_too(forecast):
    """What was like the present an hour into the second lap is found; the cold first lap had no recent orders then."""
    history, world = forecast.history, at_second(1_000_000, HOUR_SECONDS)
    num_hours = history.recent.shape[1] // 2
    assert (history.recent[:, 0] == 0).all()
    assert (history.recent[:, num_hours] > 0).any(axis=1).all()
    seen = world.seen._replace(clock=world.seen.clock.copy(), demand=world.seen.demand.copy())
    for number in (2, 9):
        seen.clock["now_seconds"] = history.period_seconds + HOUR_SECONDS
        seen.demand["recent_milli"] = np.rint(1000 * history.recent[number, num_hours + 1])
        found = forecast.distances(seen)
        seen.clock["now_seconds"] = HOUR_SECONDS
        assert found[number] < forecast.distances(seen)[number]
        seen.clock["now_seconds"] = 5 * history.period_seconds + HOUR_SECONDS
        assert forecast.distances(seen).tolist() == found.tolist()


def test_a_peak_is_recognised_while_it_lasts():
    """In the busiest of unseen worlds more is forecast than in the quietest, and about what then comes."""
    scenario = load_scenario("peak-regime")
    forecast, found = Forecast(History(scenario, 60), num_nearest=6), []
    for seed in range(1_000_000, 1_000_012):
        world = at_second(seed, 60 * HOUR_SECONDS, scenario)
        now, arrivals = int(world.seen.clock["now_seconds"][0]), world.future.orders["arrival_seconds"]
        came = int(((arrivals > now) & (arrivals <= now + 8 * HOUR_SECONDS)).sum())
        windows = forecast.sample(world.seen, 8 * HOUR_SECONDS, 6)
        found.append((came, np.mean([len(window.orders) for window in windows])))
    came, expected = np.array(found).T
    assert came.max() > 1.5 * came.min()
    assert np.corrcoef(came, expected)[0, 1] > 0.6
    unconditional = np.abs(came - expected.mean()).mean()
    assert np.abs(came - expected).mean() < 0.8 * unconditional


def test_samples_are_equal_for_equal_states_and_differ_from_second_to_second(forecast):
    world = at_second(1_000_000, 30 * HOUR_SECONDS)
    one, two = (forecast.sample(world.seen, HOUR_SECONDS, 3) for _ in range(2))
    assert [window.orders.tobytes() for window in one] == [window.orders.tobytes() for window in two]
    drawn = set()
    for shift in range(6):
        seen = world.seen._replace(clock=world.seen.clock.copy())
        seen.clock["now_seconds"] += shift
        drawn.add(forecast.sample(seen, 8 * HOUR_SECONDS, 1)[0].lines.tobytes())
    assert len(drawn) > 1


def test_no_analogue_repeats_before_all_were_taken(forecast):
    world = at_second(1_000_000, 30 * HOUR_SECONDS)
    windows = forecast.sample(world.seen, 10 * HOUR_SECONDS, 8)
    kinds = [window.lines.tobytes() for window in windows]
    assert len(set(kinds[:4])) == len(set(kinds[4:])) == len(set(kinds)) == 4


@pytest.mark.parametrize("count", [0, 13])
def test_more_analogues_than_there_are_pasts_are_refused(forecast, count):
    with pytest.raises(InputError, match="num_nearest"):
        Forecast(forecast.history, num_nearest=count)
