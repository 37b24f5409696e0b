"""Rows that are fine alone and wrong together."""

from __future__ import annotations

import pytest


def place(problem):
    return problem.file, problem.line, problem.column


@pytest.mark.parametrize("table", ["regions", "skus", "warehouses", "services", "orders"])
def test_a_duplicate_id(folder, table):
    first = folder.rows(table)[1]
    line = folder.append(table, *first)
    problem = folder.problem()
    assert place(problem) == (f"{table}.csv", line, folder.rows(table)[0][0])
    assert (problem.value, problem.expected) == (first[0], "each one only once")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("rate_cards", "service_id, max_km, max_weight_grams"),
        ("transit", "service_id, max_km"),
        ("stock", "warehouse_id, sku_id"),
    ],
)
def test_a_duplicate_combination(folder, table, columns):
    line = folder.append(table, *folder.rows(table)[3])
    assert place(folder.problem()) == (f"{table}.csv", line, columns)


def test_a_duplicate_setting(folder):
    line = folder.append("settings", "max_parcels", "2", "parcels")
    assert place(folder.problem()) == ("settings.csv", line, "key")


def test_a_long_hold_that_is_not_longer(folder):
    folder.append("settings", "hold_short", "30", "minutes")
    line = folder.append("settings", "hold_long", "30", "minutes")
    problem = folder.problem()
    assert place(problem) == ("settings.csv", line, "value")
    assert "more than hold_short (30)" in problem.expected


def test_an_order_up_to_level_below_the_reorder_point(folder):
    folder.put("stock", 3, reorder_point_units="9", order_up_to_units="9")
    problem = folder.problem()
    assert (problem.file, problem.line) == ("stock.csv", 3)
    assert "more than reorder_point_units (9)" in problem.expected


def test_reordering_without_a_lead_time(folder):
    folder.put("stock", 3, reorder_point_units="2", order_up_to_units="9")
    assert folder.read()[0] is not None  # nothing is reviewed
    folder.append("settings", "review", "24", "hours")
    problem = folder.problem()
    assert place(problem) == ("stock.csv", 3, "order_up_to_units")
    assert "lead_median_hours" in problem.expected


def test_a_presale_date_too_far_ahead(folder):
    folder.put("skus", 4, ship_from_date="2160-01-01")
    problem = folder.problem()
    assert (problem.file, problem.line) == ("skus.csv", 4)
    assert "ship_from_day" in problem.column


def test_a_sku_twice_in_an_order(folder):
    line = folder.append("order_lines", *folder.rows("order_lines")[1])
    problem = folder.problem()
    assert place(problem) == ("order_lines.csv", line, "order_id, sku_id")
    assert problem.value == "A0001, coffee-beans"
    assert problem.remedy == "add up the units in one line"


def test_a_line_without_order(folder):
    line = folder.append("order_lines", "Z9999", "mug", "1")
    problem = folder.problem()
    assert place(problem) == ("order_lines.csv", line, "order_id")
    assert problem.expected == "an id of orders.csv"


def test_an_order_without_lines(folder):
    line = folder.append("orders", "Z9999", "2025-03-11T10:00", "madrid", "2025-03-13T10:00")
    problem = folder.problem()
    assert place(problem) == ("orders.csv", line, "order_id")
    assert problem.expected == "a line in order_lines.csv"


@pytest.mark.parametrize("promise", ["2025-03-10T00:45:25", "2025-03-09T23:45:25Z", "2025-03-01T12:00"])
def test_a_promise_that_is_not_after_its_order(folder, promise):
    folder.put("orders", 2, promise_at=promise)
    problem = folder.problem()
    assert place(problem) == ("orders.csv", 2, "promise_at")
    assert problem.expected == "later than placed_at 2025-03-09T23:45:25Z"


@pytest.mark.parametrize("placed", ["2025-03-09T23:59:59", "2025-03-15T00:00:00"])
def test_an_order_outside_of_the_time_simulated(folder, placed):
    folder.put("orders", 2, placed_at=placed, promise_at="2025-03-20T12:00")
    assert place(folder.problem()) == ("orders.csv", 2, "placed_at")


@pytest.mark.parametrize("year", ["1995", "2052"])
def test_a_mistyped_year_is_reported_for_that_order_only(folder, year):
    (folder.path / "settings.csv").unlink()
    (folder.path / "receipts.csv").unlink()
    folder.put("orders", 2, placed_at=f"{year}-03-10T12:00", promise_at=f"{year}-03-12T12:00")
    assert place(folder.problem()) == ("orders.csv", 2, "placed_at")


def test_a_region_that_no_service_reaches(folder):
    line = folder.line_of("regions", "faro")
    folder.put("regions", line, latitude_degrees="64.1", longitude_degrees="-21.9")
    problem = folder.problem()
    assert place(problem) == ("regions.csv", line, "region_id")
    num_orders = sum(row[2] == "faro" for row in folder.rows("orders"))
    assert num_orders > 0
    assert f"{num_orders} orders go there" in problem.expected


def test_a_sku_too_heavy_for_every_rate_card(folder):
    line = folder.line_of("skus", "lamp")
    folder.put("skus", line, weight_grams="30001")
    problem = folder.problem()
    assert place(problem) == ("skus.csv", line, "weight_grams")
    assert "at most 30000 grams" in problem.expected


def test_a_line_too_heavy_for_every_rate_card(folder):
    line = folder.line_of("order_lines", "A0001", "coffee-beans")
    folder.put("order_lines", line, units="29")  # 29 * 1050 = 30450 grams
    problem = folder.problem()
    assert place(problem) == ("order_lines.csv", line, "units")
    assert problem.value == "30450 grams"
    assert problem.expected.endswith("to region bilbao")
    folder.put("order_lines", line, units="28")
    assert folder.read()[1] == []


def test_a_sku_whose_handling_nobody_provides(folder):
    line = folder.line_of("skus", "lamp")
    folder.put("skus", line, requirements="hazardous")
    problem = folder.problem()
    assert place(problem) == ("skus.csv", line, "requirements")
    assert "with hazardous to any region" in problem.expected


def test_an_order_whose_handling_nobody_provides(folder):
    """Toledo and Zaragoza have cold rooms, but only Zaragoza a gift station; without its cold carrier none is left."""
    rows = [row for row in folder.rows("collections") if row[:2] != ["zaragoza", "express-cold"]]
    folder.write("collections", rows)
    assert folder.read()[1] == []
    line = folder.line_of("order_lines", "A0003", "cheese-box")
    folder.put("orders", folder.line_of("orders", "A0003"), requirements="gift")
    problem = folder.problem()
    assert place(problem) == ("order_lines.csv", line, "requirements")
    assert problem.value == "cold gift"


def test_a_collection_without_lanes(folder):
    folder.write("services", [*folder.rows("services"), ["bike", "0", "0", ""]])
    folder.append("rate_cards", "bike", "5", "2000", "1.00")
    folder.append("transit", "bike", "5", "1", "1", "1", "1", "1")
    line = folder.append("collections", "toledo", "bike", "mon", "09:00", "5")
    assert place(folder.problem()) == ("collections.csv", line, "warehouse_id, service_id")


def test_a_warehouse_without_collections(folder):
    folder.write("collections", [row for row in folder.rows("collections") if row[0] != "setubal"])
    assert place(folder.problem()) == ("warehouses.csv", folder.line_of("warehouses", "setubal"), "warehouse_id")


def test_a_warehouse_without_shifts(folder):
    folder.write("shifts", [row for row in folder.rows("shifts") if row[0] != "setubal"])
    assert place(folder.problem()) == ("warehouses.csv", folder.line_of("warehouses", "setubal"), "warehouse_id")


def test_a_collection_twice(folder):
    line = folder.append("collections", "zaragoza", "parcel", "fri", "12:30", "3")
    assert place(folder.problem()) == ("collections.csv", line, "collects_at_local")


def test_shifts_that_overlap(folder):
    line = folder.append("shifts", "toledo", "wed", "12:59", "13:30")
    problem = folder.problem()
    assert place(problem) == ("shifts.csv", line, "opens_local")
    assert f"line {folder.line_of('shifts', 'toledo')}" in problem.expected


def test_a_shift_that_closes_before_it_opens(folder):
    folder.put("shifts", 2, closes_local="06:00")
    assert (folder.problem().file, folder.problem().line) == ("shifts.csv", 2)


def test_a_pick_that_takes_no_time(folder):
    folder.put("warehouses", 2, pick_parcel_seconds="0", pick_line_seconds="0", pick_unit_seconds="0")
    assert (folder.problem().file, folder.problem().line) == ("warehouses.csv", 2)


def test_a_zone_with_price_and_without_transit_times(folder):
    folder.remove("transit", folder.line_of("transit", "economy", "350"))
    assert place(folder.problem()) == ("rate_cards.csv", folder.line_of("rate_cards", "economy", "350"), "max_km")


def test_a_zone_with_transit_times_and_without_price(folder):
    line = folder.append("transit", "economy", "2000", "1", "2", "3", "4", "5")
    assert place(folder.problem()) == ("transit.csv", line, "max_km")


def test_a_service_without_prices(folder):
    line = folder.append("services", "balloon", "0", "0", "")
    assert place(folder.problem()) == ("services.csv", line, "service_id")


def test_transit_times_that_descend(folder):
    folder.put("transit", 3, p99_hours="1")
    problem = folder.problem()
    assert (problem.file, problem.line) == ("transit.csv", 3)
    assert problem.value == "28, 50, 80, 1, 220"


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"announced_at": "2025-03-12T10:00"}, "announced_at"),
        ({"announced_at": "", "expected_at": "2025-03-09T10:00"}, "expected_at"),
        ({"expected_at": "2025-03-24T00:00"}, "expected_at"),
    ],
)
def test_a_receipt_at_an_impossible_time(folder, cells, column):
    folder.put("receipts", 2, **cells)
    assert place(folder.problem()) == ("receipts.csv", 2, column)


def test_a_forecast_for_some_only(folder):
    folder.put("regions", 4, forecast_orders_per_day="")
    assert place(folder.problem()) == ("regions.csv", 4, "forecast_orders_per_day")


def test_margins_too_large_to_book(folder):
    folder.put("skus", folder.line_of("skus", "tea-green"), margin_currency="10000000", weight_grams="1")
    line = folder.line_of("order_lines", "A0001", "coffee-beans")
    folder.put("order_lines", line, sku_id="tea-green", units="2")
    assert ("order_lines.csv", line, "units") in folder.places()
