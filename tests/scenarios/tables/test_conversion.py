"""Amounts, weights and times become whole numbers exactly, or are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios import draw_trace
from scenarios.quantiles import lognormal
from scenarios.tables.cells import LOCAL, MONEY, BadCellError, Day, Exact, Moment, Weekdays
from scenarios.tables.moments import utc_seconds
from scenarios.tables.schema import TABLES


@pytest.mark.parametrize(
    ("text", "millicents"),
    [
        ("0.1", 10_000),
        ("0.29", 29_000),
        ("1.15", 115_000),
        ("4.35", 435_000),
        ("0.00001", 1),
        ("9999999.99999", 10**12 - 1),
    ],
)
def test_money_that_floats_get_wrong(text, millicents):
    assert MONEY.parse(text) == millicents


@given(st.integers(0, 10**12))
def test_money_goes_there_and_back(millicents):
    assert MONEY.parse(MONEY.written(millicents)) == millicents


@given(
    st.decimals(min_value=-2, max_value=10**7, allow_nan=False, allow_infinity=False, places=7),
    st.sampled_from([1, 1000, 3600, 100_000]),
)
def test_a_number_is_exact_or_refused(number, scale):
    kind = Exact(scale, 0, 10**12)
    exact = Fraction(number) * scale
    if exact.denominator == 1 and 0 <= exact <= 10**12:
        assert kind.parse(f"{number:f}") == exact
    else:
        with pytest.raises(BadCellError):
            kind.parse(f"{number:f}")


@pytest.mark.parametrize(
    "text", ["1e3", "nan", "inf", "1_000", "1,5", "0x10", "", "-", ".", "٣", "1 000", "--1", "1" * 40]
)
def test_what_is_no_number(text):
    with pytest.raises(BadCellError):
        MONEY.parse(text)


def test_units_of_the_example_reach_the_scenario(folder):
    folder.put("skus", 2, weight_grams="1050.0", margin_currency="6.40001")
    folder.put("transit", 2, min_hours="20.25")
    folder.put("rate_cards", 2, price_currency="3.1")
    folder.put("services", 2, carbon_kg_km_grams="0.111", carbon_parcel_grams="240.5")
    scenario, problems = folder.read()
    assert not problems
    assert (scenario.skus[0].grams, scenario.skus[0].margin_millicents) == (1050, 640_001)
    assert scenario.services[0].zones[0].rates[0].price_millicents == 310_000
    assert scenario.services[0].carbon_kg_km_milligrams == 111
    assert scenario.services[0].carbon_parcel_milligrams == 240_500
    assert scenario.services[0].zones[0].transit.values[0] >= 20.25 * 3600
    assert scenario.warehouses[0].parcel_millicents == 55_000
    assert scenario.settings.lateness_hour_millicents == 15_000


def test_what_can_be_left_out_is_off(folder):
    scenario, _ = folder.read()
    settings = scenario.settings
    assert (settings.hold_short_minutes, settings.hold_long_minutes, settings.review_hours) == (0, 0, 0)
    assert all(warehouse.lead_time is None and warehouse.short_pick_share == 0 for warehouse in scenario.warehouses)
    assert all(sku.ship_from_day is None for sku in scenario.skus)
    assert all(row.order_up_to_units == row.reorder_point_units == 0 for row in scenario.stock)


def test_holds_presale_short_picks_and_reordering_reach_the_scenario(folder):
    for key, value, unit in (("hold_short", "20", "minutes"), ("hold_long", "45", ""), ("review", "12", "hours")):
        folder.append("settings", key, value, unit)
    folder.put("skus", 2, ship_from_date="2025-03-12")  # the start is Monday the 10th
    folder.put("skus", 3, ship_from_date="2025-03-10")
    folder.put("warehouses", 2, short_pick_share="0.02", lead_median_hours="36.5", lead_sigma="0.3")
    folder.put("stock", 2, reorder_point_units="5", order_up_to_units="30")
    scenario, problems = folder.read()
    assert not problems
    settings = scenario.settings
    assert (settings.hold_short_minutes, settings.hold_long_minutes, settings.review_hours) == (20, 45, 12)
    assert [sku.ship_from_day for sku in scenario.skus[:3]] == [2, None, None]
    warehouse = scenario.warehouses[0]
    assert warehouse.short_pick_share == 0.02
    assert warehouse.lead_time == lognormal(36.5 * 3600, 0.3)
    assert (scenario.stock[0].reorder_point_units, scenario.stock[0].order_up_to_units) == (5, 30)
    lines = draw_trace(scenario, 0).future.lines
    early = lines["ship_from_seconds"] > 0
    assert set(lines["sku"][early].tolist()) == {0}
    assert set(lines["ship_from_seconds"][early].tolist()) == {2 * 86_400}


@pytest.mark.parametrize("text", ["2025-3-12", "12.03.2025", "2025-02-30", "1989-12-31", "2025-03-12T00:00", "soon"])
def test_what_is_no_date(text):
    with pytest.raises(BadCellError):
        Day().parse(text)


def test_weights_prices_and_margins_of_lines_are_those_of_the_tables(folder):
    folder.put("order_lines", 2, margin_currency="1.23")
    scenario, _ = folder.read()
    margin = {row[0]: Decimal(row[2]) for row in folder.rows("skus")[1:]}
    names = [sku.name for sku in scenario.skus]
    regions = [region.name for region in scenario.regions]
    orders, lines = scenario.demand.orders, scenario.demand.lines
    written = folder.orders_by_time()
    assert [regions[region] for region in orders["region"]] == [order["region_id"] for order in written]
    for number, order in enumerate(written):
        first = orders["first_line"][number]
        mine = lines[first : first + orders["num_lines"][number]]
        rows = [row for row in folder.rows("order_lines")[1:] if row[0] == order["order_id"]]
        assert [(names[line["sku"]], line["units"]) for line in mine] == [(row[1], int(row[2])) for row in rows]
        margins = [Decimal(row[3]) if row[3] else margin[row[1]] * int(row[2]) for row in rows]
        assert mine["margin_millicents"].tolist() == [each * 100_000 for each in margins]
    assert 123_000 in lines["margin_millicents"]


def test_times_are_local_to_their_place(folder):
    folder.put("orders", 2, placed_at="2025-03-10T00:45:25", region_id="lisboa", promise_at="2025-03-11T22:59Z")
    scenario, _ = folder.read()
    epoch = int(datetime(2025, 3, 9, 23, tzinfo=UTC).timestamp())  # midnight in Madrid
    assert scenario.epoch == "2025-03-09T23:00:00Z"
    order = scenario.demand.orders[0]
    assert order["placed_at"] - epoch == 3600 + 45 * 60 + 25  # Lisbon's clock is an hour behind
    assert order["promise_at"] - epoch == 2 * 86_400 - 60
    blender = next(receipt for receipt in scenario.receipts if receipt.sku == "blender")
    assert blender.expected_seconds == 3 * 86_400 + 10.5 * 3600  # 09:30 in Lisbon
    beans = next(receipt for receipt in scenario.receipts if receipt.sku == "coffee-beans")
    assert beans.announced_seconds == 0


def test_without_settings_the_window_is_that_of_the_orders(folder):
    (folder.path / "settings.csv").unlink()
    scenario, problems = folder.read()
    assert not problems
    assert (scenario.epoch, scenario.horizon_days, scenario.drain_days) == ("2025-03-09T00:00:00Z", 6, 7)
    # Midnight of UTC before 2025-03-09T23:45:25Z; the last order is on Friday the 14th.


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2025-03-30T01:59:59", "2025-03-30T00:59:59"),
        ("2025-03-30T02:30", "2025-03-30T01:30"),  # skipped: the offset before the change
        ("2025-03-30T03:00", "2025-03-30T01:00"),
        ("2025-10-26T02:30", "2025-10-26T00:30"),  # twice: the first
        ("2025-10-26T03:00", "2025-10-26T02:00"),
        ("2025-10-26T02:30+01:00", "2025-10-26T01:30"),
    ],
)
def test_summer_time(local, utc):
    value = Moment().parse(local)
    seconds = utc_seconds(np.array([value]), ["Europe/Berlin"], np.zeros(1, np.int64))
    assert datetime.fromtimestamp(int(seconds[0]), UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert (value >= LOCAL) == ("+" not in local)


def test_absent_moments_and_several_zones():
    moments = np.array([Moment().parse("2025-07-01T12:00")] * 2 + [-1])
    seconds = utc_seconds(moments, ["Asia/Tokyo", "America/Lima"], np.array([0, 1, 0]))
    assert seconds[1] - seconds[0] == 14 * 3600
    assert seconds[2] == 0


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("SUN", (6,)),
        ("sat mon", (0, 5)),
        ("mon-tue thu-thu", (0, 1, 3)),
        ("mon-sun", tuple(range(7))),
    ],
)
def test_weekdays(text, days):
    assert Weekdays().parse(text) == days


def test_every_column_names_its_unit():
    for table in TABLES:
        for column in table.columns:
            if isinstance(column.kind, Exact) and column.name != "num_stations":
                assert column.unit, column.name
                unit = {"orders/day": "orders_per_day", "units/day": "units_per_day"}.get(column.unit, column.unit)
                assert column.name.endswith(unit), column.name
