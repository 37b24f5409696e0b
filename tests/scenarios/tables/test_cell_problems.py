"""One bad cell: named with file, line, column and value, and nothing else is reported."""

from __future__ import annotations

import pytest

BAD_CELLS = [
    ("regions", "region_id", ""),
    ("regions", "latitude_degrees", "90.01"),
    ("regions", "latitude_degrees", "nan"),
    ("regions", "longitude_degrees", "inf"),
    ("regions", "longitude_degrees", "2,17"),
    ("regions", "time_zone", "Europe/Berlyn"),
    ("regions", "time_zone", "../etc/passwd"),
    ("regions", "forecast_orders_per_day", "-1"),
    ("skus", "weight_grams", "0"),
    ("skus", "weight_grams", "1.5"),
    ("skus", "weight_grams", ""),
    ("skus", "margin_currency", "-0.01"),
    ("skus", "margin_currency", "0.000001"),
    ("skus", "margin_currency", "10000000.00001"),
    ("skus", "requirements", "frozen"),
    ("warehouses", "num_stations", "0"),
    ("warehouses", "parcel_currency", "NaN"),
    ("warehouses", "pick_line_seconds", "1e3"),
    ("warehouses", "pick_sigma", "2.5"),
    ("warehouses", "capabilities", "cold,bulky"),
    ("shifts", "warehouse_id", "nowhere"),
    ("shifts", "weekdays", "fri-mon"),
    ("shifts", "weekdays", "mon-fri fri"),
    ("shifts", "weekdays", "1-5"),
    ("shifts", "opens_local", "25:00"),
    ("services", "carbon_parcel_grams", "-5"),
    ("services", "carbon_kg_km_grams", "0.0001"),
    ("rate_cards", "service_id", "teleport"),
    ("rate_cards", "max_weight_grams", "heavy"),
    ("rate_cards", "price_currency", "-3.10"),
    ("transit", "median_hours", "0.0001"),
    ("transit", "p99_hours", "٣"),
    ("collections", "warehouse_id", "Zaragoza"),
    ("collections", "service_id", ""),
    ("collections", "collects_at_local", "24:00"),
    ("collections", "capacity_parcels", "-1"),
    ("stock", "sku_id", "unicorn"),
    ("stock", "warehouse_id", "atlantis"),
    ("stock", "on_hand_units", "-4"),
    ("stock", "on_hand_units", "1_000"),
    ("receipts", "units", "0"),
    ("receipts", "expected_at", "Wednesday"),
    ("receipts", "announced_at", "2025-02-30T10:00"),
    ("orders", "order_id", "a\x07b"),
    ("orders", "region_id", "moon"),
    ("orders", "placed_at", "2025-03-10"),
    ("orders", "placed_at", "2025-03-10T10:00:00.5"),
    ("orders", "placed_at", "1066-10-14T09:00"),
    ("orders", "promise_at", "20250313T235900"),
    ("orders", "promise_at", ""),
    ("orders", "requirements", "gift!"),
    ("order_lines", "sku_id", "coffee beans"),
    ("order_lines", "units", "0"),
    ("order_lines", "units", "-2"),
    ("order_lines", "units", "NaN"),
    ("order_lines", "margin_currency", "-1"),
    ("skus", "ship_from_date", "2025-02-30"),
    ("skus", "ship_from_date", "wednesday"),
    ("warehouses", "short_pick_share", "1.5"),
    ("warehouses", "lead_median_hours", "-1"),
    ("warehouses", "lead_sigma", "3"),
    ("stock", "reorder_point_units", "0.5"),
    ("stock", "order_up_to_units", "-1"),
]


@pytest.mark.parametrize(("table", "column", "text"), BAD_CELLS)
def test_a_bad_cell_is_named(folder, table, column, text):
    line = {"orders": 27, "receipts": 2}.get(table, 3)
    folder.put(table, line, **{column: text})
    problems = folder.read()[1]
    # What belongs to an id that is gone is a problem, too.
    own = [problem for problem in problems if (problem.file, problem.line) == (f"{table}.csv", line)]
    assert [(problem.column, problem.value) for problem in own] == [(column, text)]
    assert own[0].remedy
    assert own == problems or column in ("region_id", "order_id")


def test_a_row_with_three_problems_has_three_messages(folder):
    folder.put("orders", 5, placed_at="soon", region_id="moon", promise_at="later")
    assert folder.places() == {("orders.csv", 5, name) for name in ("placed_at", "region_id", "promise_at")}


def test_problems_in_many_files_are_found_in_one_go(folder):
    folder.put("skus", 3, weight_grams="-1")
    folder.put("transit", 2, p90_hours="x")
    folder.put("orders", 9, placed_at="?")
    folder.put("order_lines", 2, units="many")
    assert folder.places() == {
        ("skus.csv", 3, "weight_grams"),
        ("transit.csv", 2, "p90_hours"),
        ("orders.csv", 9, "placed_at"),
        ("order_lines.csv", 2, "units"),
    }


def test_a_bad_row_hides_no_other_row_that_refers_to_it(folder):
    folder.put("regions", 2, latitude_degrees="north")
    lines = [line for line, row in enumerate(folder.rows("orders"), 1) if row[2] == "madrid"]
    folder.put("orders", lines[0], placed_at="x")
    assert folder.places() == {("regions.csv", 2, "latitude_degrees"), ("orders.csv", lines[0], "placed_at")}


@pytest.mark.parametrize(
    ("key", "value", "unit", "column"),
    [
        ("max_parcels", "9", "parcels", "value"),
        ("lateness_step", "-4", "currency", "value"),
        ("lateness_step", "400", "cents", "unit"),
        ("lateness_step", "", "currency", "value"),
        ("is_backorder_allowed", "maybe", "", "value"),
        ("time_zone", "Madrid", "", "value"),
        ("name", "my@shop", "", "value"),
        ("quote_level", "nan", "", "value"),
        ("lateness_stepp", "4", "", "key"),
        ("warmup_hours", "121", "hours", "value"),
        ("hold_short", "121", "minutes", "value"),
        ("hold_long", "0.5", "minutes", "value"),
        ("hold_short", "1", "hours", "unit"),
        ("review", "-1", "hours", "value"),
    ],
)
def test_a_bad_setting_is_named(folder, key, value, unit, column):
    rows = [row for row in folder.rows("settings") if row[0] != key]
    folder.write("settings", [*rows, [key, value, unit]])
    problem = folder.problem()
    assert (problem.file, problem.line, problem.column) == ("settings.csv", len(rows) + 1, column)


def test_an_unknown_setting_gets_a_suggestion(folder):
    folder.append("settings", "max_parcel", "3")
    assert "'max_parcels'" in folder.problem().remedy


def test_a_cell_without_decimal_point_is_told_what_is_expected(folder):
    folder.put("rate_cards", 2, price_currency="3,10")
    problem = folder.problem()
    assert str(problem) == (
        "rate_cards.csv:2: price_currency = '3,10': expected a number from 0 to 10000000, at most 5 decimals "
        "(currency). Correct the value or its unit."
    )
