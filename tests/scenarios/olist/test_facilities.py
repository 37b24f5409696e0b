from __future__ import annotations

import numpy as np
import pytest

from scenarios.expand import great_circle_km
from scenarios.olist import facilities
from scenarios.olist.facilities import Layout
from scenarios.olist.places import Centres
from scenarios.sku import Sku

SITES = Centres(("north", "south", "west"), np.array([-3.0, -30.0, -15.0]), np.array([-60.0, -51.0, -47.0]))
SKUS = tuple(Sku(f"sku{number}", 500) for number in range(20))
LAYOUT = Layout(
    sites=SITES,
    holding=np.tile([[0.5], [0.3], [0.2]], (1, 20)),
    work=np.array([0.5, 0.3, 0.2]),
    units_per_order=np.full(20, 0.06),
    region_shares=(1.0,),
)


def test_expected_work_fills_the_stations_to_the_stated_share():
    for daily_orders in (5.0, 60.0, 900.0):
        warehouses = LAYOUT.warehouses(daily_orders)
        pick = warehouses[0].pick_parcel_seconds + warehouses[0].pick_line_seconds + warehouses[0].pick_unit_seconds
        open_hours = 5 * 12 + 6
        stations = sum(warehouse.num_stations for warehouse in warehouses)
        busy = daily_orders * 7 * pick / (stations * open_hours * 3600)
        assert busy == pytest.approx(facilities.UTILISATION, rel=0.01)
    assert [warehouse.num_stations for warehouse in warehouses] == [6, 4, 3]


def test_collections_have_room_for_a_week_in_its_workdays():
    for daily_orders in (5.0, 900.0):
        room = {"standard": 0, "express": 0}
        for row in LAYOUT.collections(daily_orders):
            room[row.service] += row.capacity_parcels * len(row.weekdays)
        assert room["standard"] >= 1.2 * daily_orders * 7
        assert room["express"] >= 0.3 * daily_orders * 7


def test_supply_has_the_stated_means_whatever_is_misplaced():
    daily_units = np.linspace(0.1, 4.0, 20)
    weekly = daily_units * 7
    start, trucks, at_north = [], [], []
    for seed in range(60):
        stock, receipts = LAYOUT.supply(SKUS, daily_units, 14, 2, np.random.default_rng(seed))
        start.append(sum(row.on_hand_units for row in stock))
        trucks.append(sum(row.units for row in receipts))
        at_north.append(sum(row.on_hand_units for row in stock if row.warehouse == "north"))
    wanted = np.maximum(
        facilities.LEAST_UNITS, weekly * facilities.COVER_DAYS / 7 + facilities.SAFETY * np.sqrt(weekly)
    ).sum()
    assert np.mean(start) == pytest.approx(wanted, rel=0.01)
    assert np.mean(trucks) == pytest.approx(2 * facilities.RECEIPT_SHARE * weekly.sum(), rel=0.02)
    assert np.mean(at_north) / np.mean(start) == pytest.approx(0.45, abs=0.07)  # a lognormal share leans to the middle
    assert np.std(at_north) > 0.03 * np.mean(start)


def test_trucks_come_once_a_week_on_the_weekday_of_their_warehouse():
    for first_weekday in range(7):
        _, receipts = LAYOUT.supply(SKUS, np.full(20, 5.0), 14, first_weekday, np.random.default_rng(0))
        for position, site in enumerate(SITES.names):
            days = sorted({row.expected_seconds // 86_400 for row in receipts if row.warehouse == site})
            assert len(days) == 2
            assert [(first_weekday + day) % 7 for day in days] == [position, position]
        assert all(row.announced_seconds < row.expected_seconds for row in receipts)


def test_the_forecast_has_recent_volume_and_a_mix_that_leans_on_training():
    units = np.zeros(20)
    units[0] = 500.0
    forecast = LAYOUT.forecast(facilities.PRIOR_ORDERS, units, 28)
    orders = facilities.PRIOR_ORDERS
    assert forecast.daily_orders == pytest.approx(orders / 28)
    assert forecast.daily_units[1] == pytest.approx(0.06 / 2 * orders / 28)
    assert forecast.daily_units[0] == pytest.approx((500 / orders + 0.06) / 2 * orders / 28)
    assert LAYOUT.published(forecast).daily_units_milli[1] == round(0.03 * orders / 28 * 1000)


def test_the_last_band_reaches_everywhere_in_brazil():
    from scenarios.olist.bands import FARTHEST_KM
    from scenarios.olist.cleaning import LATITUDES, LONGITUDES

    assert great_circle_km(LATITUDES[0], LONGITUDES[0], LATITUDES[1], LONGITUDES[1]) < FARTHEST_KM
