"""Every scenario of the board is small enough to be played a thousand times, and every order can be served."""

import numpy as np
import pytest

from agents import load_agent
from envs.many import simulate_many
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE
from tests.scenarios.catalogue.board.test_frozen import SHA256

NAMES = sorted({*WINNABLE, *SANITY, *LITERATURE} - {"tiny"})


def test_all_of_the_board_is_frozen():
    assert {scenario_id.partition("@")[0] for scenario_id in SHA256} == {*NAMES, "tiny"}


@pytest.mark.parametrize("name", NAMES)
def test_its_size(name):
    scenario = load_scenario(name)
    network = scenario.public().expand()
    num_warehouses, num_services, num_regions = network.lanes.shape
    assert 1 <= num_warehouses <= 6
    assert 1 <= num_services <= 4
    assert 8 <= num_regions <= 20
    assert 20 <= len(network.skus) <= 60
    counts = [draw_trace(scenario, seed).num_orders for seed in range(4)]
    assert 1_000 < np.mean(counts) < 2_500


@pytest.mark.parametrize("name", NAMES)
def test_every_sku_can_be_sent_to_every_region_from_the_start(name):
    network = load_scenario(name).public().expand()
    reaches = (network.lanes["zone"] >= 0).any(axis=1)  # (W, R)
    for sku in range(len(network.skus)):
        assert reaches[network.stock["on_hand_units"][:, sku] > 0].any(axis=0).all()


@pytest.mark.parametrize("name", NAMES)
def test_hardly_an_order_is_declined(name):
    """What is decided is who sends what, not whether."""
    traces = [draw_trace(load_scenario(name), 1_000_000 + number) for number in range(2)]
    for simulation in simulate_many(traces, load_agent("primal-dual")):
        assert simulation.metrics["decline_rate"] < 0.06
        assert simulation.metrics["num_orders"] > 1_000
