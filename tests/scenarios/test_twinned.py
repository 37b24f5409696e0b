"""Twice the warehouses: each has as much to do and to give as before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scenarios import draw_trace, load_scenario
from scenarios.carrier_outage import CarrierOutage
from scenarios.catalogue.board.groups import SANITY, WINNABLE
from scenarios.demand import PublishedDemand
from scenarios.errors import InputError
from scenarios.outage_risk import OutageRisk
from scenarios.quantiles import constant
from scenarios.twinned import TWIN, twinned


@pytest.mark.parametrize("name", [*WINNABLE, *SANITY])
def test_twice_of_all_that_serves_and_twice_of_all_that_is_asked(name):
    scenario = load_scenario(name)
    double = twinned(scenario)
    assert double.id == f"{name}-twinned@1"
    for key in ("warehouses", "collections", "stock", "receipts"):
        assert len(getattr(double, key)) == 2 * len(getattr(scenario, key))
    before, after = scenario.public().expand(), double.public().expand()
    assert after.stock["on_hand_units"].sum() == 2 * before.stock["on_hand_units"].sum()
    assert after.warehouses["num_stations"].sum() == 2 * before.warehouses["num_stations"].sum()
    assert after.settings["hourly_orders_milli"][0] == pytest.approx(
        2 * before.settings["hourly_orders_milli"][0], abs=1
    )
    assert len(draw_trace(double, 0).future.orders) > len(draw_trace(scenario, 0).future.orders)


def test_a_twin_is_ten_kilometres_off_and_otherwise_the_same():
    double = twinned(load_scenario("two-tier")).public()
    lanes = double.expand().lanes
    half = len(lanes) // 2
    assert abs(lanes["distance_km"][:half] - lanes["distance_km"][half:]).max() in (10, 11)
    names = [warehouse.name for warehouse in double.warehouses]
    assert names[half:] == [name + TWIN for name in names[:half]]
    for one, other in zip(double.warehouses[:half], double.warehouses[half:], strict=True):
        assert replace(other, name=one.name, latitude=one.latitude) == one


def test_published_demand_and_outages_follow():
    scenario = load_scenario("tiny")
    changed = replace(
        scenario,
        published=PublishedDemand(hourly_orders_milli=900, region_shares=(1.0, 1.0, 1.0), daily_units_milli=(10, 20)),
        outages=(
            CarrierOutage(service="ground", from_day=0.1, to_day=0.2, warehouse="east"),
            CarrierOutage(service="ground", from_day=0.3, to_day=0.4),
        ),
        outage_risks=(
            OutageRisk(service="ground", per_28_days=1.0, duration=constant(60), warehouses=("east",)),
            OutageRisk(service="ground", per_28_days=1.0, duration=constant(60)),
        ),
    )
    double = twinned(changed)
    assert double.published is not None
    assert (double.published.hourly_orders_milli, double.published.daily_units_milli) == (1800, (20, 40))
    assert [outage.warehouse for outage in double.outages] == ["east", None, "east" + TWIN]
    assert [risk.warehouses for risk in double.outage_risks] == [("east",), (), ("east" + TWIN,)]


def test_the_limit_of_orders_is_doubled():
    demand = twinned(load_scenario("tiny")).demand
    assert demand.max_orders == 60
    counts = [draw_trace(twinned(load_scenario("tiny")), seed).num_orders for seed in range(40)]
    assert 38 < np.mean(counts) < 48


def test_a_log_of_orders_is_refused():
    with pytest.raises(InputError, match="cannot be doubled"):
        twinned(load_scenario("jasin-sinha"))
