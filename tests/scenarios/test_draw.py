import dataclasses
import time
from datetime import date

import numpy as np
import pytest

from scenarios import draw_trace, load_scenario
from scenarios.demand import Demand, OrderRequirement, Promise
from scenarios.drawing.promises import promised_day
from scenarios.errors import InputError
from scenarios.handling import Handling
from scenarios.network import FOREVER_SECONDS
from scenarios.patience import MIN_PATIENCE_SECONDS, Patience
from scenarios.quantiles import constant, exponential
from scenarios.region import Region
from scenarios.stock import Receipt

HOUR, DAY = 3600, 86_400


@pytest.fixture(scope="module")
def metro():
    return load_scenario("metro")


@pytest.fixture(scope="module")
def trace(metro):
    return draw_trace(metro, 11)


def test_same_seed_same_hash_and_other_seeds_other_traces():
    scenario = load_scenario("metro-small")
    hashes = [draw_trace(scenario, seed).sha256 for seed in (1, 1, 2, 1_000_001)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_same_seed_same_hash_in_another_process(fresh_process):
    code = "import scenarios; print(scenarios.draw_trace(scenarios.load_scenario('metro-small'), 5).sha256)"
    expected = draw_trace(load_scenario("metro-small"), 5).sha256
    assert fresh_process(code, PYTHONHASHSEED="77", TZ="Asia/Tokyo").strip() == expected


def test_the_number_of_orders_is_the_models(metro):
    """Over 12 seeds within four standard deviations of the mean (a repeated order counts twice)."""
    demand = metro.demand
    counts = [draw_trace(metro, seed).num_orders - demand.num_initial_orders for seed in range(12)]
    mean = 7 * demand.orders_per_day + demand.num_initial_orders * demand.repeat_share
    assert abs(np.mean(counts) - mean) < 4 * np.sqrt(1.1 * mean / len(counts))
    assert np.std(counts) == pytest.approx(np.sqrt(mean), rel=0.7)


def test_hours_and_weekdays_follow_their_weights(metro, trace):
    arrivals = trace.future.orders["arrival_seconds"][metro.demand.num_initial_orders :]
    for values, weights in (
        (arrivals // HOUR % 24, metro.demand.hour_weights),  # second 0 is local midnight of a Monday
        (arrivals // DAY, metro.demand.weekday_weights),
    ):
        shares = np.bincount(values) / len(arrivals)
        wanted = np.array(weights) / np.sum(weights)
        assert np.abs(shares - wanted).max() < 4.5 * np.sqrt(wanted.max() / len(arrivals))


def test_regions_baskets_units_and_promises_follow_their_shares(metro, trace):
    orders, lines, demand = trace.future.orders, trace.future.lines, metro.demand
    in_time = orders[(orders["arrival_seconds"] < 3 * DAY) & (orders["arrival_seconds"] % DAY < 14 * HOUR)]
    days = in_time["promise_at"] // DAY - in_time["arrival_seconds"] // DAY  # no Sunday before the saver's fourth day
    for values, shares in (
        (orders["region"], demand.region_shares),
        (orders["num_lines"] - 1, demand.basket_shares),
        (lines["units"] - 1, demand.units_shares),
        (np.minimum(days - 2, 2), (0.25, 0.50, 0.25)),
        ((orders["requirements"] & int(Handling.GIFT) != 0).astype(int), (0.96, 0.04)),
        ((orders["requirements"] & int(Handling.SIGNATURE) != 0).astype(int), (0.95, 0.05)),
    ):
        wanted = np.array(shares) / np.sum(shares)
        seen = np.bincount(values, minlength=len(wanted)) / len(values)
        assert (np.abs(seen - wanted) < 4.5 * np.sqrt(wanted * (1 - wanted) / len(values)) + 1e-9).all()


def test_published_units_are_what_is_sold(metro):
    traces = [draw_trace(metro, seed) for seed in range(6)]
    sold = sum(np.bincount(t.future.lines["sku"], weights=t.future.lines["units"], minlength=200) for t in traces)
    days = sum(t.num_orders for t in traces) / metro.demand.orders_per_day
    published = np.array(metro.public().published.daily_units_milli) / 1000 * days
    assert sold.sum() == pytest.approx(published.sum(), rel=0.01)
    assert (np.abs(sold - published) < 5 * 1.3 * np.sqrt(published)).all()


def test_orders_and_lines_are_well_formed(trace):
    orders, lines = trace.future.orders, trace.future.lines
    assert (np.diff(orders["arrival_seconds"]) >= 0).all()
    assert orders["arrival_seconds"].max() < 7 * DAY
    assert (orders["promise_at"] > orders["arrival_seconds"]).all()
    assert (orders["first_line"] == np.cumsum(orders["num_lines"]) - orders["num_lines"]).all()
    assert (lines["order"] == np.repeat(np.arange(len(orders)), orders["num_lines"])).all()
    assert len(np.unique(lines[["order", "sku"]])) == len(lines)
    assert len(np.unique(orders["luck_key"])) == len(orders)
    assert orders["luck_key"].max() > 1 << 63
    margin = trace.network.skus["margin_millicents"][lines["sku"]] * lines["units"]
    assert (lines["margin_millicents"] == margin).all()
    assert (orders["patience_seconds"] == FOREVER_SECONDS).all()
    assert not lines["ship_from_seconds"].any()


def test_the_backlog_is_ordinary_orders_at_second_zero(metro, trace):
    assert (trace.future.orders["arrival_seconds"] == 0).sum() == pytest.approx(metro.demand.num_initial_orders, abs=2)


def test_repeated_orders_come_from_the_same_place(small_world):
    demand = dataclasses.replace(
        small_world().demand, orders_per_day=4000.0, repeat_share=0.5, repeat_minutes=10.0, hour_weights=(1.0,) * 24
    )
    orders = draw_trace(small_world(demand=demand), 1).future.orders
    _, counts = np.unique(orders["customer_id"], return_counts=True)
    assert counts.max() == 2
    assert (counts == 2).mean() == pytest.approx(0.5, abs=0.03)
    assert len(orders) == pytest.approx(8000, rel=0.06)
    by_customer = orders[np.argsort(orders["customer_id"], kind="stable")]
    pairs = by_customer["customer_id"][1:] == by_customer["customer_id"][:-1]
    assert (by_customer["region"][1:] == by_customer["region"][:-1])[pairs].all()
    gaps = np.diff(by_customer["arrival_seconds"])[pairs]
    assert gaps.min() >= 1
    assert gaps.mean() == pytest.approx(600, rel=0.1)


def test_nouns_have_streams_of_their_own(small_world):
    """Other gifts, other promises: the same arrivals, regions, baskets and luck."""
    scenario = small_world()
    demand = dataclasses.replace(
        scenario.demand,
        order_requirements=(OrderRequirement(Handling.GIFT, 0.5),),
        promises=(Promise("a", 0.5, 1), Promise("b", 0.5, 3)),
    )
    one, two = draw_trace(scenario, 3).future, draw_trace(small_world(demand=demand), 3).future
    same = ["arrival_seconds", "customer_id", "region", "luck_key", "num_lines"]
    assert (one.orders[same] == two.orders[same]).all()
    assert (one.lines == two.lines).all()
    assert (one.orders["requirements"] != two.orders["requirements"]).any()


def test_a_basket_may_hold_every_sku_and_none_without_share(small_world):
    demand = dataclasses.replace(small_world().demand, basket_shares=(0.0, 1.0), sku_shares=(0.999, 0.001))
    lines = draw_trace(small_world(demand=demand), 3).future.lines
    assert np.bincount(lines["sku"]).tolist() == [len(lines) // 2] * 2
    demand = dataclasses.replace(
        small_world().demand, basket_shares=(1.0,), sku_shares=(1.0, 0.0), region_shares=(0, 1)
    )
    future = draw_trace(small_world(demand=demand), 3).future
    assert not future.lines["sku"].any()
    assert (future.orders["region"] == 1).all()


def test_no_demand_gives_an_empty_trace(small_world):
    demand = dataclasses.replace(small_world().demand, orders_per_day=0.0)
    assert draw_trace(small_world(demand=demand), 3).num_orders == 0


def test_max_orders_keeps_the_first(small_world):
    full = draw_trace(small_world(), 3).future.orders
    few = draw_trace(small_world(demand=dataclasses.replace(small_world().demand, max_orders=7)), 3).future.orders
    assert few["arrival_seconds"].tolist() == full["arrival_seconds"][:7].tolist()


def test_promises_end_with_the_local_day(small_world):
    """Two days after Saturday, 29 March 2025, across the change to summer time in Berlin; Tokyo has none."""
    scenario = small_world(
        epoch="2025-03-29T00:00:00Z",
        horizon_days=1,
        regions=(Region("town", 0.0, 1.0, "Europe/Berlin"), Region("village", 0.0, 4.0, "Asia/Tokyo")),
    )
    orders = draw_trace(scenario, 2).future.orders
    early = orders["arrival_seconds"] < 15 * HOUR  # still Saturday in both places
    berlin, tokyo = orders["region"] == 0, orders["region"] == 1
    assert set(orders["promise_at"][early & berlin].tolist()) == {3 * DAY - 2 * HOUR}
    assert set(orders["promise_at"][early & tokyo].tolist()) == {3 * DAY - 9 * HOUR}
    assert set(orders["promise_at"][~early & tokyo].tolist()) == {4 * DAY - 9 * HOUR}


@pytest.mark.parametrize(
    ("day", "is_after", "promised"),
    [
        (date(2025, 3, 6), False, date(2025, 3, 7)),  # Thursday to Friday
        (date(2025, 3, 6), True, date(2025, 3, 8)),
        (date(2025, 3, 8), False, date(2025, 3, 10)),  # Saturday to Monday
        (date(2025, 3, 9), False, date(2025, 3, 11)),  # Sunday counts as Monday
        (date(2025, 3, 8), True, date(2025, 3, 11)),
    ],
)
def test_promises_skip_sundays(day, is_after, promised):
    assert promised_day(Promise("express", 1.0, 1, skip_weekdays=(6,)), day, is_after) == promised


def test_receipts_are_sorted_by_announcement_and_cut_at_the_end(small_world):
    scenario = small_world(
        receipts=(
            Receipt("west", "cup", 5, 700, 900),
            Receipt("east", "bowl", 3, 50, 5000),
            Receipt("east", "cup", 9, 100, 40 * DAY),
        )
    )
    receipts = draw_trace(scenario, 1).future.receipts
    assert receipts.tolist() == [(0, 1, 50, 5000, 3, 5000, 3), (1, 0, 700, 900, 5, 900, 5)]


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_illegal_seeds(small_world, seed):
    with pytest.raises(InputError, match="seed"):
        draw_trace(small_world(), seed)


def test_demand_is_a_model_of_its_own_clock(small_world):
    """All orders of one local hour: between 20:00 and 21:00 in New York."""
    demand = Demand(
        orders_per_day=500.0,
        region_shares=(0.5, 0.5),
        sku_shares=(0.5, 0.5),
        promises=(Promise("standard", 1.0, 2),),
        hour_weights=tuple(float(hour == 20) for hour in range(24)),
        time_zone="America/New_York",
    )
    arrivals = draw_trace(small_world(demand=demand), 1).future.orders["arrival_seconds"]
    assert set((arrivals // HOUR % 24).tolist()) == {1}


def test_patience_belongs_to_a_share_of_the_orders(small_world):
    demand = dataclasses.replace(small_world().demand, orders_per_day=4000.0)
    plain = draw_trace(small_world(demand=demand), 1).future
    world = small_world(demand=demand, patience=Patience(exponential(6 * HOUR), share=0.25))
    future = draw_trace(world, 1).future
    patience = future.orders["patience_seconds"]
    is_ever = patience < FOREVER_SECONDS
    assert is_ever.mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.1875 / len(patience)))
    assert patience[is_ever].min() >= MIN_PATIENCE_SECONDS
    assert patience[is_ever].mean() == pytest.approx(6 * HOUR, rel=4 / np.sqrt(is_ever.sum()))
    assert set(patience[~is_ever].tolist()) == {FOREVER_SECONDS}
    names = [name for name in future.orders.dtype.names if name != "patience_seconds"]
    assert (future.orders[names] == plain.orders[names]).all()
    hasty = draw_trace(small_world(demand=demand, patience=Patience(constant(0))), 1).future.orders
    assert set(hasty["patience_seconds"].tolist()) == {MIN_PATIENCE_SECONDS}


def test_lines_of_presale_skus_wait_for_their_date(small_world):
    cup, bowl = small_world().skus
    world = small_world(skus=(cup, dataclasses.replace(bowl, ship_from_day=1)), time_zone="America/New_York")
    future = draw_trace(world, 1).future
    date = -DAY + DAY + 5 * HOUR  # second 0 is a Sunday evening in New York, so its next day begins at 05:00 UTC
    arrivals = future.orders["arrival_seconds"][future.lines["order"]]
    is_early = (future.lines["sku"] == 1) & (arrivals < date)
    assert is_early.any()
    assert (future.lines["ship_from_seconds"] == np.where(is_early, date, 0)).all()


def test_suppliers_have_luck_by_their_name(small_world):
    east, west = small_world().warehouses
    keys = draw_trace(small_world(), 1).future.suppliers["luck_key"]
    swapped = draw_trace(small_world(warehouses=(west, east)), 1).future.suppliers["luck_key"]
    assert swapped.tolist() == keys[::-1].tolist()
    assert len({*keys.tolist(), *draw_trace(small_world(), 2).future.suppliers["luck_key"].tolist()}) == 4


def test_a_longer_horizon_keeps_what_first_orders_are(small_world):
    """Arrivals, regions and luck of customers' first orders do not depend on how long orders come."""
    names = ["arrival_seconds", "region", "customer_id", "luck_key"]
    short, long = (draw_trace(small_world(horizon_days=days), 4).future.orders[names] for days in (2, 5))
    assert (long[: len(short)] == short).all()
    assert len(long) > len(short)


def test_a_hundred_thousand_orders_are_drawn_in_a_second(metro):
    scenario = load_scenario("metro", horizon_days=28, orders_per_day=100_000 / 28)
    started = time.perf_counter()
    assert draw_trace(scenario, 1).num_orders == pytest.approx(100_000, rel=0.05)
    assert time.perf_counter() - started < 1.0
