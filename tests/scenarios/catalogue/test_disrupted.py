import numpy as np
import pytest

from scenarios import draw_trace, load_scenario
from scenarios.catalogue.disrupted import HOLD_MINUTES, NUM_PROMOTED, OUTAGES, PRESALE_DAYS, RECEIPT_DAYS, REGIMES
from scenarios.network import FOREVER_SECONDS, NO_TABLE, TABLE_WEIGHT

DAY = 86_400


@pytest.fixture(scope="module")
def month():
    """Four weeks with everything on."""
    return draw_trace(load_scenario("metro-disrupted", horizon_days=28), 3)


def test_it_is_metro_where_it_does_not_say_otherwise():
    metro, disrupted = (load_scenario(name).public().expand() for name in ("metro", "metro-disrupted"))
    for name in ("services", "lanes", "rates", "collections", "pairs", "shifts", "regions", "stock", "tables"):
        assert (getattr(metro, name) == getattr(disrupted, name)).all(), name


def test_every_feature_shows_in_a_month(month):
    network, future = month.network, month.future
    assert network.settings[["hold_short_seconds", "hold_long_seconds"]][0].tolist() == tuple(
        60 * minutes for minutes in HOLD_MINUTES
    )
    assert (network.warehouses["short_weight"] == round(0.01 * TABLE_WEIGHT)).all()
    presale = np.flatnonzero(np.bincount(future.lines["sku"][future.lines["ship_from_seconds"] > 0], minlength=200))
    assert presale.tolist() == sorted(PRESALE_DAYS)
    assert set(future.regimes["service"].tolist()) == set(range(len(REGIMES)))
    assert (future.orders["patience_seconds"] < FOREVER_SECONDS).mean() == pytest.approx(0.4, abs=0.02)
    receipts = future.receipts
    assert 0.1 < (receipts["actual_units"] < receipts["expected_units"]).mean() < 0.2
    assert (receipts["actual_at"] < receipts["expected_at"]).any()
    assert (receipts["actual_at"] > receipts["expected_at"]).any()
    assert len(np.unique(future.orders["customer_id"] >> 32)) == 3  # ordinary ones and two kinds of promotion


@pytest.mark.slow
def test_one_or_two_outages_a_month():
    counts = [
        len(draw_trace(load_scenario("metro-disrupted", horizon_days=18), seed).future.outages) for seed in range(40)
    ]
    assert np.mean(counts) == pytest.approx(sum(rule[0] for rule in OUTAGES.values()), abs=4 * np.sqrt(1.5 / 40))


def test_promotions_are_of_the_best_sellers_and_of_the_big_city():
    scenario = load_scenario("metro-disrupted")
    sellers, city = scenario.promotions
    assert len(sellers.skus) == NUM_PROMOTED
    units = dict(zip((sku.name for sku in scenario.skus), scenario.public().published.daily_units_milli, strict=True))
    assert min(units[name] for name in sellers.skus) > np.quantile(list(units.values()), 0.8)
    assert len(city.regions) == 10
    assert all(name.startswith("capital") for name in city.regions)


def test_its_size_can_be_chosen():
    scenario = load_scenario("metro-disrupted", horizon_days=14, orders_per_day=500.0)
    demand = scenario.demand
    expected = 14 * 500 + demand.num_initial_orders
    assert draw_trace(scenario, 1).num_orders == pytest.approx(expected, rel=0.1)


def test_shelves_of_metro_reorder_refill_themselves():
    scenario = load_scenario("metro-reorder")
    network, small = scenario.public().expand(), load_scenario("metro-small")
    assert network.settings["review_seconds"][0] == 12 * 3600
    assert (network.warehouses["lead_table"] != NO_TABLE).all()
    stock = network.stock
    assert (stock["order_up_to_units"] >= stock["on_hand_units"]).all()
    assert ((stock["order_up_to_units"] > 0) == (stock["order_up_to_units"] > stock["reorder_point_units"])).all()
    assert (stock["order_up_to_units"] > 0).sum() == len(small.stock)
    assert 0 < len(scenario.receipts) < len(small.receipts) / 2
    assert max(row.expected_seconds for row in scenario.receipts) < RECEIPT_DAYS * DAY
