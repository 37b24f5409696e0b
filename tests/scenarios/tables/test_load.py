"""``load_scenario("tables", data=DIR)``: ids, overrides, errors."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

from scenarios import draw_trace, load_scenario, load_trace
from scenarios.errors import InputError
from scenarios.public import PublicScenario
from scenarios.tables.read import EXAMPLE


def test_the_id_follows_the_contents(folder):
    scenario = load_scenario("tables", data=folder.path)
    assert re.fullmatch(r"tables:example@[1-9][0-9]{0,9}", scenario.id)
    assert load_scenario("tables", data=str(EXAMPLE)).id == load_scenario("tables").id == scenario.id
    folder.put("stock", 2, on_hand_units="27")
    assert load_scenario("tables", data=folder.path).id != scenario.id


def test_a_folder_names_what_has_no_name(folder):
    folder.write("settings", [row for row in folder.rows("settings") if row[0] != "name"])
    other = folder.path.rename(folder.path.with_name("my shop @ home"))
    assert load_scenario("tables", data=other).name == "tables:my-shop-home"


def test_overrides_reach_scenario_and_settings():
    scenario = load_scenario("tables", horizon_days=2, max_parcels=1)
    assert (scenario.horizon_days, scenario.settings.max_parcels) == (2, 1)
    assert 0 < draw_trace(scenario, 0).num_orders < 200
    with pytest.raises(InputError, match=r"[Dd]id you mean 'max_parcels'"):
        load_scenario("tables", max_parcel=1)


@pytest.mark.parametrize("data", ["", "no/such/folder", 7])
def test_no_such_folder(data):
    with pytest.raises(InputError, match="a folder with CSV tables"):
        load_scenario("tables", data=data)


def test_a_file_is_no_folder(folder):
    with pytest.raises(InputError, match="a folder with CSV tables"):
        load_scenario("tables", data=folder.path / "skus.csv")


def test_unsound_tables_are_refused_with_the_first_problems(folder):
    for line in (2, 3, 4, 5, 6):
        folder.put("skus", line, weight_grams="-1")
    with pytest.raises(InputError) as caught:
        load_scenario("tables", data=folder.path)
    error = caught.value
    assert (error.key, error.value) == ("skus.csv, line 2, weight_grams", "-1")
    assert "whole number from 1 to" in error.expected
    assert "4 more, next: skus.csv, line 3, weight_grams = '-1'" in error.remedy
    assert f"`routelab validate {folder.path}` lists all" in error.remedy
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_one_problem_has_no_next_one(folder):
    folder.put("skus", 2, weight_grams="-1")
    with pytest.raises(InputError) as caught:
        load_scenario("tables", data=folder.path)
    assert "next:" not in str(caught.value)


def test_public_part_and_trace_survive_saving(folder, tmp_path):
    scenario = load_scenario("tables", data=folder.path)
    assert PublicScenario.from_json(scenario.public().to_json()) == scenario.public()
    trace = draw_trace(scenario, 3)
    trace.save(tmp_path / "trace.npz")
    assert load_trace(tmp_path / "trace.npz").sha256 == trace.sha256


def test_forecasts_are_published_in_place_of_means(folder):
    scenario = load_scenario("tables", data=folder.path)
    published = scenario.published
    assert published.hourly_orders_milli == round(40_000 / 24)  # 40 orders a day
    assert published.region_shares[0] / sum(published.region_shares) == pytest.approx(0.22)
    lines, days = scenario.demand.lines, scenario.horizon_days
    units = [int(lines["units"][lines["sku"] == sku].sum()) for sku in range(15)]
    means = tuple(round(1000 * each / days) for each in units)  # the example forecasts no units
    assert published.daily_units_milli == means
    assert min(means) > 0
    for line in range(2, 17):
        folder.put("skus", line, forecast_units_per_day=str(line / 4))
    folder.write("regions", [row[:4] for row in folder.rows("regions")])
    published = load_scenario("tables", data=folder.path).published
    assert published.daily_units_milli == tuple(line * 250 for line in range(2, 17))
    orders = scenario.demand.orders
    assert published.hourly_orders_milli == round(1000 * len(orders) / days / 24)
    shares = np.bincount(orders["region"], minlength=8) / len(orders)
    assert np.array(published.region_shares) / sum(published.region_shares) == pytest.approx(shares)


def test_means_are_of_the_days_in_which_orders_come_and_not_of_the_hours_that_had_some(folder):
    header, *rows = folder.rows("orders")
    first = rows[:1]
    folder.write("orders", [header, *first])
    header, *rows = folder.rows("order_lines")
    folder.write("order_lines", [header, *(row for row in rows if row[0] == first[0][0])])
    folder.write("regions", [row[:4] for row in folder.rows("regions")])
    scenario = load_scenario("tables", data=folder.path)
    assert scenario.published.hourly_orders_milli == round(1000 / 120)
    assert sum(scenario.published.daily_units_milli) == 200 * scenario.demand.lines["units"].sum()


@pytest.mark.parametrize(("field", "key"), [("epoch", "start_at"), ("time_zone", "time_zone")])
def test_the_clock_of_tables_is_no_override(folder, field, key):
    with pytest.raises(InputError, match=f"Set {key} in settings.csv") as caught:
        load_scenario("tables", data=folder.path, **{field: "2025-03-10T00:00:00Z" if field == "epoch" else "UTC"})
    assert caught.value.key == field


def test_customers_keep_who_they_are(folder):
    folder.put("orders", 2, customer_id="")
    folder.put("orders", 3, customer_id="")
    orders = load_scenario("tables", data=folder.path).demand.orders
    names = [order["customer_id"] for order in folder.orders_by_time()]
    for first in range(len(names)):
        for second in range(first):
            is_same = names[first] == names[second] != ""
            assert (orders["customer_id"][first] == orders["customer_id"][second]) == is_same


def test_orders_in_another_sequence_make_the_same_trace(folder):
    before = load_scenario("tables", data=folder.path)
    for table in ("orders", "order_lines"):
        header, *rows = folder.rows(table)
        folder.write(table, [header, *sorted(rows, key=lambda row: row[0], reverse=True)])
    after = load_scenario("tables", data=folder.path)
    names = [name for name in before.demand.orders.dtype.names if name != "customer_id"]
    assert (before.demand.orders[names] == after.demand.orders[names]).all()
    assert (before.demand.lines == after.demand.lines).all()
