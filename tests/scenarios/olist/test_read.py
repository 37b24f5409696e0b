from __future__ import annotations

import pickle

import numpy as np
import pytest

from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS
from scenarios.olist.read import load_olist, load_report
from scenarios.public import PublicScenario

SEEDS = {"training": 3, "validation": 1_000_003, "test": 2_000_003}


def test_the_registry_knows_it(made_up_data):
    scenario = load_scenario("olist-pooled", data=str(made_up_data), horizon_days=7, max_parcels=2)
    assert scenario.id == "olist-pooled@1"
    assert scenario.horizon_days == 7
    assert scenario.settings.max_parcels == 2


def test_bad_arguments_are_refused(made_up_data):
    with pytest.raises(InputError, match="at most"):
        load_olist(made_up_data, horizon_days=200)
    with pytest.raises(InputError, match="the seed chooses"):
        load_olist(made_up_data, epoch="2017-03-01T00:00:00Z")
    with pytest.raises(InputError, match="Did you mean 'num_regions'"):
        load_olist(made_up_data, num_region=5)
    with pytest.raises(InputError, match="num_warehouses"):
        load_olist(made_up_data, num_warehouses=0)


def test_its_parts_have_the_sizes_asked_for(small_olist):
    assert len(small_olist.regions) == 8
    assert len(small_olist.warehouses) == 3
    assert 6 <= len(small_olist.skus) <= 12
    assert [service.name for service in small_olist.services] == ["standard", "express"]
    public = small_olist.public()
    assert PublicScenario.from_json(public.to_json()) == public


def test_rates_and_transit_are_those_the_data_was_made_with(small_olist):
    standard = small_olist.services[0]
    assert len(standard.zones) > 2
    zone = standard.zones[standard.zone_index(1_600)]
    median_days = zone.transit.values[29] / DAY_SECONDS
    assert 1.0 + 1_000 / 500 * 0.8 < median_days < 1.0 + 3_000 / 500 * 1.2
    steps = {rate.max_grams: rate.price_millicents / 100_000 for rate in zone.rates}
    assert steps[10_000] - steps[1_000] == pytest.approx(2.0 * (8.0 - 0.7), abs=0.5)


def test_the_base_scenario_lies_in_the_training_days(small_olist):
    training = small_olist.stream.periods["training"]
    assert training.begin <= small_olist.public().epoch_seconds < training.end
    assert small_olist.demand is small_olist.stream.logs["training"]
    assert small_olist.demand.orders["placed_at"].max() < training.end


@pytest.mark.parametrize("split", SEEDS)
def test_windows_of_a_split_lie_in_its_days(small_olist, split):
    period = small_olist.stream.periods[split]
    starts = set()
    for step in range(30):
        world = small_olist.at(SEEDS[split] + step)
        begin = world.public().epoch_seconds
        assert period.begin <= begin
        assert begin + world.horizon_days * DAY_SECONDS <= period.end
        assert world.demand is small_olist.stream.logs[split]
        starts.add(begin)
    assert len(starts) > 5


def test_logs_hold_each_order_once(small_olist):
    logs = small_olist.stream.logs
    used = small_olist.stream.report.counts["orders"]["used"]
    assert sum(len(log.orders) for log in logs.values()) == used
    units = sum(int(log.lines["units"].sum()) for log in logs.values())
    assert units == small_olist.stream.report.counts["items"]["used"]


def test_equal_skus_of_an_order_are_units_of_one_line(small_olist):
    lines = np.concatenate([log.lines for log in small_olist.stream.logs.values()])
    assert lines["units"].max() > 1
    assert small_olist.stream.single_share < 1.0


def test_draw_trace_moves_to_the_window_of_the_seed(small_olist):
    for split, seed in SEEDS.items():
        trace = draw_trace(small_olist, seed)
        period = small_olist.stream.periods[split]
        begin = int(trace.network.settings["epoch_seconds"][0])
        assert period.begin <= begin < period.end
        assert begin == small_olist.at(seed).public().epoch_seconds
        assert trace.scenario_id == "olist-pooled@1"
        assert trace.seed == seed


def test_a_window_holds_the_real_orders_of_its_days(small_olist):
    world = small_olist.at(SEEDS["test"])
    trace = draw_trace(world, SEEDS["test"])
    begin = world.public().epoch_seconds
    placed = small_olist.stream.logs["test"].orders["placed_at"]
    inside = placed[(placed >= begin) & (placed < begin + 7 * DAY_SECONDS)]
    assert (trace.future.orders["arrival_seconds"] + begin).tolist() == inside.tolist()
    assert trace.num_orders > 10


def test_the_same_seed_is_the_same_world_in_another_process(small_olist, made_up_data, fresh_process):
    code = """
import sys
from scenarios import draw_trace
from scenarios.olist.read import load_olist
s = load_olist(sys.argv[1], num_skus=12, num_regions=8, num_warehouses=3, horizon_days=7)
print(draw_trace(s.at(2_000_003), 2_000_003).sha256)
"""
    here = draw_trace(small_olist.at(2_000_003), 2_000_003).sha256
    assert fresh_process(code, str(made_up_data)).strip() == here


def test_nothing_fitted_changes_with_the_later_days(tables, written, small_olist):
    """Validation and test orders are rewritten; every training world stays as it is."""
    training = small_olist.stream.periods["training"]
    late = tables["orders"]["order_purchase_timestamp"] > str(training.last) + " 23:59:59"
    assert late.sum() > 200
    tables["orders"].loc[late, "order_delivered_customer_date"] = "2018-12-24 00:00:00"
    of_late = tables["items"]["order_id"].isin(tables["orders"].loc[late, "order_id"])
    tables["items"].loc[of_late, "freight_value"] = 500.0
    tables["items"].loc[of_late, "price"] = 9_999.0
    tables["items"].loc[of_late, "product_id"] = "product1"
    customers = tables["orders"].loc[late, "customer_id"]
    tables["customers"].loc[tables["customers"]["customer_id"].isin(customers), "customer_zip_code_prefix"] = 69_005
    other = load_olist(written(tables), num_skus=12, num_regions=8, num_warehouses=3, horizon_days=7)
    assert other.public() == small_olist.public()
    for seed in range(5):
        assert draw_trace(other.at(seed), seed).sha256 == draw_trace(small_olist.at(seed), seed).sha256
    assert draw_trace(other.at(2_000_001), 2_000_001).sha256 != draw_trace(small_olist.at(2_000_001), 2_000_001).sha256


def test_a_window_knows_nothing_of_its_own_days_beforehand(small_olist):
    """Facilities come from the orders before the window: without those after its start they are the same."""
    from dataclasses import replace

    from scenarios.order_log import OrderLog

    seed = SEEDS["test"]
    world = small_olist.at(seed)
    begin = world.public().epoch_seconds
    logs = {}
    for split, log in small_olist.stream.logs.items():
        count = int(np.searchsorted(log.orders["placed_at"], begin))
        orders = log.orders[:count].copy()
        logs[split] = OrderLog(orders, log.lines[: int(orders["num_lines"].sum())].copy())
    blind = replace(small_olist, stream=replace(small_olist.stream, logs=logs)).at(seed)
    assert blind.public() == world.public()
    assert blind.receipts == world.receipts


def test_it_can_be_sent_to_another_process(small_olist):
    copy = pickle.loads(pickle.dumps(small_olist))
    assert draw_trace(copy.at(5), 5).sha256 == draw_trace(small_olist.at(5), 5).sha256


def test_the_caveat_states_what_has_to_be_said(small_olist, tables, written):
    assert "hold one pooled SKU, so splits hardly occur" in small_olist.caveat
    assert "thinned" not in small_olist.caveat
    tables["orders"]["sample_id"] = "E"
    assert "thinned to 28.08%" in load_olist(written(tables), horizon_days=7).caveat


def test_the_report_adds_up(made_up_data):
    report = load_report(made_up_data)
    for table, total in report.totals.items():
        assert sum(report.counts[table].values()) == total
    assert set(report.totals) >= {"orders", "items", "customers", "products", "sellers", "geolocation"}
    assert "training" in report.facts
