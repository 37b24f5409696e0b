import numpy as np
import pytest

from agents import load_agent
from envs import simulate
from scenarios import draw_trace, load_scenario
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE


@pytest.mark.parametrize(("name", "orders"), [("metro", 20_000), ("metro-small", 2_000)])
def test_shape(name, orders):
    scenario = load_scenario(name)
    network = scenario.public().expand()
    assert network.lanes.shape == (6, 4, 40)
    assert len(network.skus) == 200
    assert scenario.horizon_days == 7
    counts = [draw_trace(scenario, seed).num_orders for seed in range(4)]
    assert np.mean(counts) == pytest.approx(orders, rel=0.05)


@pytest.mark.parametrize("name", ["metro", "metro-small"])
def test_offered_work_is_about_four_fifths_of_the_stations(name):
    """Expected picks of all orders in one parcel each, and a tenth more for splits, over open station seconds."""
    scenario = load_scenario(name)
    trace = draw_trace(scenario, 1)
    network, orders, lines = trace.network, trace.future.orders, trace.future.lines
    row = network.warehouses[0]
    work = 1.1 * len(orders) * row["pick_parcel_seconds"]
    work += len(lines) * row["pick_line_seconds"] + lines["units"].sum() * row["pick_unit_seconds"]
    opened = 0
    for warehouse in network.warehouses:
        shifts = network.shifts[warehouse["first_shift"] :][: warehouse["num_shifts"]]
        closes = np.minimum(shifts["close_seconds"], network.settings["horizon_seconds"][0])
        opened += warehouse["num_stations"] * np.maximum(closes - shifts["open_seconds"], 0).sum()
    assert 0.7 < work / opened < 0.9


@pytest.mark.parametrize("name", ["metro", "metro-small"])
def test_every_sku_can_be_sent_to_every_region(name):
    """Three of its units, by a service that may carry them, from a warehouse that holds them and may."""
    network = load_scenario(name).public().expand()
    for k, sku in enumerate(network.skus):
        reached = np.zeros(len(network.regions), bool)
        for w, warehouse in enumerate(network.warehouses):
            if network.stock["on_hand_units"][w, k] == 0:
                continue
            assert sku["requirements"] & WAREHOUSE_SIDE & ~warehouse["capabilities"] == 0  # never kept where it may not
            for s, service in enumerate(network.services):
                if sku["requirements"] & SERVICE_SIDE & ~service["capabilities"] == 0:
                    lanes = network.lanes[w, s]
                    fits = network.rates["max_grams"][lanes["rate_row"], -1] >= 3 * sku["grams"]
                    reached |= (lanes["zone"] >= 0) & fits
        assert reached.all(), k


def test_stock_is_imperfectly_placed():
    network = load_scenario("metro").public().expand()
    holders = (network.stock["on_hand_units"] > 0).sum(axis=0)
    assert holders.min() >= 2
    assert (holders < 6).mean() > 0.5


def test_supply_is_near_the_weeks_demand():
    scenario = load_scenario("metro")
    weekly = np.array(scenario.public().published.daily_units_milli) * 7 / 1000
    units = dict.fromkeys((sku.name for sku in scenario.skus), 0)
    for row in scenario.stock:
        units[row.sku] += row.on_hand_units
    for receipt in scenario.receipts:
        units[receipt.sku] += receipt.units
    cover = np.array(list(units.values())) / weekly
    assert 0.95 < np.quantile(cover, 0.1) < np.quantile(cover, 0.9) < 1.5


def test_metro_is_as_busy_and_as_scarce_as_it_says():
    """A plain router fills about 0.97 of the lines at once and keeps about 0.8 of the open stations busy."""
    metrics = simulate(draw_trace(load_scenario("metro"), 1_000_000), load_agent("primal-dual"), level="none").metrics
    assert metrics["num_orders"] > 15_000
    assert 0.95 < metrics["fill_rate"] < 0.99
    assert 0.7 < metrics["utilisation"] < 0.9
