"""The literature's cost and stock, recomputed from their formulas."""

import numpy as np
import pytest

from agents import load_agent
from envs import simulate
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.board.jasin_sinha import CENTRES, CITIES, PERIOD_SECONDS, jasin_sinha
from scenarios.catalogue.board.order_types import NUM_SKUS

EARTH_KM = 6371.0


def miles(place, city):
    (a, b), (c, d) = np.radians(place), np.radians(city[:2])
    chord = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(chord)) / 1.61


@pytest.fixture(scope="module")
def instance():
    return jasin_sinha()


def test_a_parcel_costs_a_box_and_each_unit_its_way(instance):
    """To a tenth of a cent; not fulfilling twice as much, from the farthest."""
    network = instance.public().expand()
    for r, city in enumerate(CITIES.values()):
        ways = [miles(place, city) for place in CENTRES.values()]
        for w, times, way in [*((w, 1, way) for w, way in enumerate(ways)), (5, 2, max(ways))]:
            rates = network.rates[network.lanes["rate_row"][w, 0, r]]
            for count in range(1, 6):
                price = rates["price_millicents"][np.searchsorted(rates["max_grams"], count * 1000)]
                assert price / 100_000 == pytest.approx(times * (8.759 + count * (0.423 + 0.000541 * way)), abs=1e-3)


def test_nothing_else_costs_anything(instance):
    trace = draw_trace(instance, 1_000_000)
    metrics = simulate(trace, load_agent("myopic"), level="none").metrics
    assert metrics["cost_per_order"] == pytest.approx(metrics["shipping_per_order"])
    assert metrics["decline_rate"] == 0
    assert metrics["hours_to_door"] < 49


def test_stock_is_the_demand_of_the_nearest_cities_and_half_a_deviation(instance):
    network, drawn = instance.public().expand(), instance.instance
    people = np.array([city[2] for city in CITIES.values()])
    shares, periods = people / people.sum(), 7 * 86_400 // PERIOD_SECONDS
    for sku in range(NUM_SKUS):
        rates = np.zeros(len(CENTRES))
        chance = sum(drawn.chances[i] for i, basket in enumerate(drawn.baskets) if sku in basket)
        for r, city in enumerate(CITIES.values()):
            ways = [miles(p, city) if drawn.has[w, sku] else np.inf for w, p in enumerate(CENTRES.values())]
            if np.isfinite(min(ways)):
                rates[int(np.argmin(ways))] += chance * shares[r]
        expected = np.round(periods * rates + 0.5 * np.sqrt(periods * rates * (1 - rates)))
        assert network.stock["on_hand_units"][: len(CENTRES), sku].tolist() == expected.tolist()


def test_orders_are_of_the_instance_and_of_the_seed(instance):
    baskets = {frozenset(basket) for basket in instance.instance.baskets}
    assert sorted(len(basket) for basket in instance.instance.baskets) == sorted([1, 2, 3, 4, 5] * 5)
    one, again, other = (draw_trace(instance, seed) for seed in (3, 3, 4))
    assert one.sha256 == again.sha256 != other.sha256
    orders, lines = one.future.orders, one.future.lines
    assert {frozenset(lines["sku"][lines["order"] == i].tolist()) for i in range(len(orders))} <= baskets
    assert (lines["units"] == 1).all()
    assert (orders["arrival_seconds"] % PERIOD_SECONDS == 0).all()
    assert len(orders) == pytest.approx(instance.instance.chances.sum() * 2016, rel=0.05)


def test_other_instances_and_longer_ones():
    one, two = load_scenario("jasin-sinha"), load_scenario("jasin-sinha", instance=2)
    assert two.id == "jasin-sinha-2@1"
    assert one.instance.baskets != two.instance.baskets
    long = load_scenario("jasin-sinha", horizon_days=35)
    assert draw_trace(long, 1).num_orders > 4 * draw_trace(one, 1).num_orders
    assert sum(row.on_hand_units for row in long.stock) > 4 * sum(row.on_hand_units for row in one.stock)


def test_published_means_are_those_of_the_orders(instance):
    published = instance.public().published
    traces = [draw_trace(instance, seed) for seed in range(8)]
    units = sum(np.bincount(trace.future.lines["sku"], minlength=NUM_SKUS) for trace in traces) / (8 * 7)
    assert units == pytest.approx(np.array(published.daily_units_milli) / 1000, rel=0.1)
