import dataclasses

import numpy as np
import pytest

from scenarios import load_scenario
from scenarios.collection import Collection
from scenarios.expand import great_circle_km
from scenarios.network import NETWORK_DTYPES, NO_LANE, TABLE_WEIGHT
from scenarios.quantiles import constant
from scenarios.service import CarrierService, Rate, Zone
from scenarios.settings import Settings

DAY = 86_400


def test_great_circle_of_known_cities():
    assert great_circle_km(52.52, 13.405, 48.137, 11.575) == pytest.approx(504.4, abs=1.0)  # Berlin, Munich
    assert great_circle_km(0.0, 0.0, 0.0, 1.0) == pytest.approx(111.195, abs=0.01)
    assert great_circle_km(0.0, 179.5, 0.0, -179.5) == pytest.approx(111.195, abs=0.01)


@pytest.mark.parametrize("name", ["metro", "tiny", "toy-split"])
def test_arrays_have_their_dtype_and_cannot_be_written(name):
    network = load_scenario(name).public().expand()
    for field, dtype in NETWORK_DTYPES.items():
        array = getattr(network, field)
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert not array.flags.writeable


def test_expanding_is_pure(small_world):
    public = small_world().public()
    for one, two in zip(public.expand(), public.expand(), strict=True):
        assert one.tobytes() == two.tobytes()


def test_lanes_follow_distance_bands_and_collections(small_world):
    slow, fast = constant(2 * DAY), constant(DAY)
    services = (
        CarrierService(
            name="ground",
            zones=(Zone(200, (Rate(500, 3), Rate(900, 4)), fast), Zone(2000, (Rate(500, 5),), slow)),
        ),
        CarrierService(name="van", zones=(Zone(200, (Rate(500, 7),), fast),)),
    )
    collections = (
        Collection("east", "ground", (0,), "12:00", 1),
        Collection("west", "ground", (0,), "12:00", 1),
        Collection("east", "van", (0,), "12:00", 1),
    )
    network = small_world(services=services, collections=collections).public().expand()
    assert network.lanes["distance_km"][:, 0].tolist() == [[111, 445], [445, 111]]
    assert network.lanes["zone"][:, 0].tolist() == [[0, 1], [1, 0]]
    assert network.lanes["zone"][0, 1].tolist() == [0, NO_LANE]  # too far for the van
    assert network.lanes["zone"][1, 1].tolist() == [NO_LANE, NO_LANE]  # the van does not come to the west
    assert network.pairs["num_collections"][1, 1] == 0
    assert network.rates["max_grams"].tolist() == [[500, 900], [500, 500], [500, 500]]
    assert network.rates["price_millicents"].tolist() == [[3, 4], [5, 5], [7, 7]]
    tables = network.lanes["transit_table"]
    assert network.tables["value"][tables[0, 0, 0], 0] == DAY
    assert network.tables["value"][tables[0, 0, 1], 0] == 2 * DAY
    assert tables[0, 0, 0] == tables[0, 1, 0]  # equal tables are kept once


def test_settings_stock_and_means(small_world):
    scenario = small_world(
        settings=Settings(quote_level=0.5, lateness_cap_hours=2), warmup_hours=6, time_zone="Europe/Berlin"
    )
    network = scenario.public().expand()
    row = network.settings[0]
    assert (row["epoch_seconds"], row["local_offset_seconds"]) == (1_740_960_000, 3600)
    assert (row["warmup_seconds"], row["horizon_seconds"], row["end_seconds"]) == (6 * 3600, 2 * DAY, 9 * DAY)
    assert (row["lateness_cap_seconds"], row["quote_weight"]) == (7200, TABLE_WEIGHT // 2)
    assert network.stock["on_hand_units"].tolist() == [[50, 0], [0, 20]]
    assert network.skus["daily_units_milli"].tolist() == [60_000, 60_000]
    assert network.regions["demand_share"].tolist() == pytest.approx([0.7, 0.3])


def test_a_rolling_window_keeps_weekdays_and_drops_the_warmup(small_world):
    public = small_world(warmup_hours=24).public()
    later = public.expand(public.epoch_seconds + 3 * DAY + 6 * 3600, 1, 0)
    assert later.settings["warmup_seconds"][0] == 0
    first = later.collections["time_seconds"][later.collections["warehouse"] == 0]
    assert first.tolist() == [6 * 3600, DAY]


def test_every_metro_pick_takes_at_least_a_second():
    warehouses = load_scenario("metro").public().expand().warehouses
    assert (warehouses["pick_parcel_seconds"] + warehouses["pick_line_seconds"] >= 1).all()
    assert np.isin(warehouses["pick_table"], np.arange(100)).all()


def test_holds_reviews_and_short_picks_reach_the_arrays(small_world):
    east, west = small_world().warehouses
    scenario = small_world(
        warehouses=(dataclasses.replace(east, short_pick_share=0.25), dataclasses.replace(west, short_pick_share=1.0)),
        settings=Settings(hold_short_minutes=30, hold_long_minutes=90, review_hours=6),
    )
    network = scenario.public().expand()
    names = ["hold_short_seconds", "hold_long_seconds", "review_seconds"]
    assert network.settings[names][0].tolist() == (1800, 5400, 21_600)
    assert network.warehouses["short_weight"].tolist() == [TABLE_WEIGHT // 4, TABLE_WEIGHT]
