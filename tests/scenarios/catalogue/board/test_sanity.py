"""Where nothing should be lost, no simple change of the best heuristic wins anything worth having."""

import numpy as np
import pytest

from agents import load_agent
from benchmarks.probes import priced
from envs.many import simulate_many
from envs.prices import Pricing
from scenarios import draw_trace, load_scenario

SCENARIOS = ("ample-stock", "single-warehouse", "two-tier", "stationary")
NUM_TRACES = 4


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_probe_wins_half_a_percent(name):
    traces = [draw_trace(load_scenario(name), 1_000_000 + number) for number in range(NUM_TRACES)]

    def cost(agent):
        return np.mean([simulation.metrics["cost_per_order"] for simulation in simulate_many(traces, agent)])

    best = min(cost(load_agent(agent)) for agent in ("myopic", "primal-dual"))
    for feature in ("pick_start", "queue_load", "num_parcels", "shelf_left"):
        for price in (-6.0, 6.0):
            assert cost(priced(feature, ((feature, price),), Pricing.NONE)) > 0.995 * best


def test_two_tier_fronts_have_the_best_sellers_only():
    network = load_scenario("two-tier").public().expand()
    has = network.stock["on_hand_units"] > 0
    assert has.sum(axis=1).tolist() == [12, 36, 12, 12, 36]


def test_stationary_demand_is_even():
    hours = np.zeros(24)
    for seed in range(5):
        trace = draw_trace(load_scenario("stationary"), seed)
        assert (trace.future.orders["num_lines"] == 1).all()
        hours += np.bincount(trace.future.orders["arrival_seconds"] // 3600 % 24, minlength=24)
    assert hours.std() / hours.mean() < 0.1


def test_single_warehouse_is_single():
    assert len(load_scenario("single-warehouse").warehouses) == 1
