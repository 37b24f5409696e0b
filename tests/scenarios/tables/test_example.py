"""The shipped example: made by its script, sound, small, a sensible routing problem."""

from __future__ import annotations

import numpy as np
import pytest

from agents import load_agent
from envs import simulate
from envs.log import Kind
from scenarios import draw_trace, load_scenario
from scenarios.handling import Handling
from scenarios.tables.make_example import write
from scenarios.tables.read import EXAMPLE
from scenarios.tables.schema import TABLES


@pytest.fixture(scope="module")
def example():
    return load_scenario("tables")


def test_the_script_makes_the_shipped_files(tmp_path):
    write(tmp_path)
    assert {path.name for path in EXAMPLE.iterdir()} == {table.file for table in TABLES}
    for path in EXAMPLE.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
    assert sum(path.stat().st_size for path in EXAMPLE.iterdir()) < 100_000


def test_it_is_small_and_has_what_makes_routing_hard(example):
    assert (len(example.warehouses), len(example.regions), len(example.skus), len(example.services)) == (3, 8, 15, 3)
    assert (len(example.demand.orders), example.horizon_days) == (200, 5)
    cold = [sku for sku in example.skus if sku.requirements & Handling.COLD]
    assert cold
    assert 0 < sum(bool(warehouse.capabilities & Handling.COLD) for warehouse in example.warehouses) < 3
    assert example.receipts
    on_hand = {sku.name: 0 for sku in example.skus}
    for row in example.stock:
        on_hand[row.sku] += row.on_hand_units
    asked = np.bincount(example.demand.lines["sku"], weights=example.demand.lines["units"], minlength=15)
    short = {sku.name for sku, units in zip(example.skus, asked, strict=True) if units > on_hand[sku.name]}
    assert short
    assert short <= {receipt.sku for receipt in example.receipts}


def test_seeds_draw_luck_only(example):
    first, again, other = draw_trace(example, 0), draw_trace(example, 0), draw_trace(example, 1)
    assert first.sha256 == again.sha256 != other.sha256
    names = [name for name in first.future.orders.dtype.names if name != "luck_key"]
    assert (first.future.orders[names] == other.future.orders[names]).all()
    assert (first.future.lines == other.future.lines).all()
    assert (first.future.orders["luck_key"] != other.future.orders["luck_key"]).all()


@pytest.mark.parametrize("clock", ["simpy", "compiled"])
@pytest.mark.parametrize("name", ["myopic", "nearest"])
def test_every_order_ends_exactly_once(example, name, clock):
    simulation = simulate(draw_trace(example, 0), load_agent(name), clock=clock)
    events = {column: simulation.events[column].to_numpy() for column in ("kind", "order")}
    ended = events["order"][events["kind"] == Kind.ORDER_CLOSED]
    assert sorted(ended.tolist()) == list(range(200))
    planned = np.count_nonzero(events["kind"] == Kind.PLANNED)
    assert planned == np.count_nonzero(events["kind"] == Kind.DELIVERED) > 200
    assert np.count_nonzero(events["kind"] == Kind.RECEIPT_ARRIVED) == 3
    assert simulation.metrics["num_decisions"] == 200
    assert simulation.metrics["decline_rate"] < 0.02
    assert simulation.metrics["fill_rate"] > 0.9


def test_routing_matters_in_it(example):
    costs = {}
    for name in ("myopic", "nearest", "cheapest", "fastest"):
        costs[name] = np.mean(
            [simulate(draw_trace(example, s), load_agent(name)).metrics["cost_per_order"] for s in (0, 1)]
        )
    assert min(costs, key=costs.get) == "myopic"
    assert max(costs.values()) > 1.2 * costs["myopic"]
