"""Reasons on toys that can be read off by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.registry import load_agent
from envs.costs import NUM_PARTS
from envs.hidden import DELIVERED
from envs.simulation import simulate
from experiments.whatif import reasons as why
from experiments.whatif.drill_down import drill_down, orders_csv
from experiments.whatif.order_story import OrderStory, ParcelStory
from experiments.whatif.order_table import OrderTable
from experiments.whatif.reading import orders_of, place_of
from experiments.whatif.variant import Variant
from experiments.whatif.witness import Witness
from scenarios.carrier_outage import CarrierOutage
from scenarios.draw import draw_trace
from scenarios.registry import load_scenario

SEED = 2_000_000
SHORT = {"horizon_days": 1, "warmup_hours": 0, "orders_per_day": 200.0}


def world(scenario, router):
    trace = draw_trace(scenario, SEED)
    witness = Witness(load_agent(router), trace.num_orders, len(trace.names.warehouses))
    return orders_of(simulate(trace, witness, level="none"), witness), place_of(scenario)


def compared(name, lines, router="myopic", other=None, **overrides):
    """The toy before and after the changes."""
    scenario = load_scenario(name, **overrides)
    return between(scenario, Variant.of("v", lines).apply(scenario), router, other or router)


def between(scenario, changed, router="myopic", other="myopic"):
    """Two worlds with the same orders."""
    before, after = world(scenario, router), world(changed, other)
    return drill_down(before[0], after[0], (before[1], after[1]), (router, other))


def reasons(found):
    return [(reason.kind, reason.text) for reason in found.changed[0].reasons]


def test_a_closed_warehouse():
    found = compared("toy-nearest", "warehouse near closed")
    (order,) = found.changed
    assert order.before == "near by ground, at the door Tue 12:00"
    assert order.after.startswith("far by ground")
    assert (order.before_cost, order.after_cost) == (3.6, 5.6)
    assert order.parts == "shipping +2.00"
    assert reasons(found) == [("warehouse closed", "near is closed")]
    assert found.groups["from other warehouses"] == (1, pytest.approx(2.0))


def test_no_stock():
    found = compared("toy-nearest", "stock near -100%")
    assert reasons(found) == [("out of stock", "near had 0 of 1 line in stock instead of 1")]


def test_no_stock_anywhere_is_a_declined_order():
    found = compared("toy-nearest", "stock all -100%")
    (order,) = found.changed
    assert order.after == "declined"
    assert ("out of stock", "no warehouse had any of its lines in stock") in reasons(found)
    assert found.groups["declined or cancelled now"][0] == 1


def test_a_dear_service():
    found = compared("toy-nearest", "service ground price +50%")
    (order,) = found.changed
    assert order.before == order.after
    assert order.parts == "shipping +1.50"
    assert reasons(found) == [("prices", "the same parcels at the same times; other prices of shipping")]
    assert found.groups["the same plan at another cost"] == (1, pytest.approx(1.5))


def test_a_new_warehouse():
    found = compared("toy-nearest", "warehouse beside like near at 0.0,0.5 stock 100%; stock near -100%")
    assert found.changed[0].after.startswith("beside by ground")
    kinds = [kind for kind, _ in reasons(found)]
    assert kinds == ["out of stock", "warehouse opened"]


def test_more_stock():
    found = compared("toy-scarce", "stock all +100%")
    texts = [reason.text for order in found.changed for reason in order.reasons]
    assert any("in stock instead of" in text for text in texts)
    assert all(order.gap < 0 for order in found.changed)


def test_an_outage():
    found = compared("toy-cutoff", "service ground outage day 1 at far")
    (order,) = found.changed
    assert order.before.startswith("far by ground")
    assert order.after.startswith("near by ground")
    assert (order.before_cost, order.after_cost) == (5.6, 14.6)
    assert reasons(found)[0] == ("outage", "ground did not come to far then")


def test_an_outage_that_only_delays():
    found = compared("toy-nearest", "service ground outage day 1 at near")
    (order,) = found.changed
    assert order.before == "near by ground, at the door Tue 12:00"
    assert order.after == "near by ground, at the door Wed 12:00"
    assert order.gap == 0.0
    assert reasons(found) == [("outage", "ground did not come to near, collected 24.0 h later")]
    assert found.groups["the same plan at another time"] == (1, 0.0)


def test_an_outage_that_breaks_the_plan():
    """The strike begins at 09:00, between the decision at 08:00 and the first pick at 10:00; nothing is missing."""
    strike = load_scenario("toy-outage")
    found = between(replace(strike, outages=()), strike)
    (order,) = found.changed
    assert order.before.startswith("near by cheap")
    assert order.after.startswith("near by dear")
    assert reasons(found) == [("outage", "its plan broke when cheap stopped coming")]


def test_a_plan_that_broke_without_an_outage():
    """The cup is not found at 08:10; the strike that begins afterwards breaks nothing."""
    found_all = load_scenario("toy-short-pick")
    found_all = replace(found_all, warehouses=tuple(replace(row, short_pick_share=0.0) for row in found_all.warehouses))
    strike = CarrierOutage(service="ground", from_day=9 / 24, to_day=10 / 24)
    short = replace(load_scenario("toy-short-pick"), outages=(strike,))
    found = between(found_all, short)
    assert found.changed[0].after.startswith("far by ground")
    broken = "its plan broke (a short pick, an outage or a short receipt) and it was decided again"
    assert reasons(found)[0] == ("broken plan", broken)
    assert "outage" not in found.causes


def test_what_nothing_explains_asserts_nothing():
    """The order went from a queue that grew shorter to one that grew longer: neither is why, and they are not alike."""
    scenario = load_scenario("toy-nearest")
    table, place = world(scenario, "myopic")
    names = tuple(row["name"] for row in place["warehouses"])
    view = why.View(table, table, names, tuple(place["services"]), ("myopic", "myopic"), frozenset())

    def story(warehouse, queues):
        parcel = ParcelStory(warehouse, 0, 1, False, 0, 7200, 9000)
        costs = np.zeros(NUM_PARTS, np.int64)
        return OrderStory(1, DELIVERED, costs, 0, 0, 0, np.array([1, 1]), np.array(queues), (parcel,), ())

    (reason,) = why.reasons(view, story(0, (7200, 0)), story(1, (0, 7200)))
    assert reason.kind == "knock-on"
    assert reason.text.startswith("none of the circumstances that are looked at explains it")
    assert "same" not in reason.text


def test_tables_of_earlier_versions_are_read(tmp_path):
    """They do not know which parcels were withdrawn."""
    table, _ = world(load_scenario("toy-outage"), "myopic")
    assert len(table.withdrawn) == 1
    table.save(tmp_path / "now.npz")
    assert np.array_equal(OrderTable.load(tmp_path / "now.npz").withdrawn, table.withdrawn)
    np.savez(tmp_path / "then.npz", **{name: column for name, column in vars(table).items() if name != "withdrawn"})
    assert OrderTable.load(tmp_path / "then.npz").withdrawn.shape == (0, 5)


def test_a_truck_that_takes_less():
    found = compared("toy-mmc", "service ground capacity -100%", **SHORT)
    assert {reason.kind for order in found.changed for reason in order.reasons} == {"collection"}
    assert "later at" in found.changed[0].reasons[0].text


def test_a_slower_warehouse_is_a_queue():
    found = compared("toy-mmc", "warehouse all stations -2", **SHORT)
    assert set(found.causes) <= {"queue", "collection"}
    assert found.causes["queue"][0] > 10
    texts = [reason.text for order in found.changed for reason in order.reasons if reason.kind == "queue"]
    assert all(text.startswith("picked ") and " h later at " in text for text in texts)


def test_another_router():
    found = compared("toy-scarce", [], "myopic", "primal-dual")
    assert found.changed
    assert found.changed[0].reasons[0].kind == "another router"


def test_nothing_changed():
    found = compared("toy-scarce", [])
    assert found.changed == ()
    assert found.groups["unchanged"][0] == found.num_before == 3
    assert orders_csv(found).count("\n") == 1


def test_every_order_is_in_one_group_and_the_money_adds_up():
    scenario = load_scenario("tiny")
    variant = Variant.of("v", "demand region=noon +80%; demand region=sunset -50%; stock east -40%")
    before, after = world(scenario, "myopic"), world(variant.apply(scenario), "myopic")
    found = drill_down(before[0], after[0], (before[1], after[1]), ("myopic", "myopic"))
    counts = {name: number for name, (number, _) in found.groups.items()}
    assert counts["no longer ordered"] > 0
    assert counts["ordered on top"] > 0
    assert sum(counts.values()) - counts["ordered on top"] == found.num_before
    assert sum(counts.values()) - counts["no longer ordered"] == found.num_after
    gap = (after[0].costs.sum() - before[0].costs.sum()) / 100_000
    assert sum(cost for _, cost in found.groups.values()) == pytest.approx(gap)
    assert sum(number for number, _ in found.causes.values()) == len(found.changed)
    assert orders_csv(found).count("\n") == 1 + len(found.changed)


def test_the_witness_changes_nothing_and_sees_stock():
    trace = draw_trace(load_scenario("tiny"), SEED)
    witness = Witness(load_agent("primal-dual"), trace.num_orders, 2)
    watched = simulate(trace, witness, level="none")
    assert watched.metrics == simulate(trace, load_agent("primal-dual"), level="none").metrics
    assert (witness.decided_at == trace.future.orders["arrival_seconds"]).all()
    first = trace.future.lines["sku"][0]
    stock = trace.network.stock["on_hand_units"][:, first] >= trace.future.lines["units"][0]
    assert witness.lines_in_stock[0].tolist() == stock.astype(int).tolist()
