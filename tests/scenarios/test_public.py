import dataclasses
import json

import pytest

from scenarios import load_scenario
from scenarios.collection import Collection
from scenarios.demand import Demand, PublishedDemand
from scenarios.errors import InputError
from scenarios.public import PublicScenario
from scenarios.region import Region
from scenarios.service import CarrierService, Rate, Zone
from scenarios.stock import StockRow


@pytest.mark.parametrize("name", ["metro", "metro-small", "tiny", "toy-handling", "toy-mmc"])
def test_json_round_trip(name):
    public = load_scenario(name).public()
    again = PublicScenario.from_json(public.to_json())
    assert again == public
    for one, two in zip(public.expand(), again.expand(), strict=True):
        assert one.tobytes() == two.tobytes()


def all_keys(data) -> set[str]:
    if isinstance(data, dict):
        return set(data) | {key for value in data.values() for key in all_keys(value)}
    return {key for value in data for key in all_keys(value)} if isinstance(data, list) else set()


def test_no_hidden_parameter_is_public():
    """Neither a field of the demand model (but the published shares) nor any receipt."""
    keys = all_keys(json.loads(load_scenario("metro").public().to_json()))
    hidden = {field.name for field in dataclasses.fields(Demand)} - {"region_shares", "time_zone"}
    assert not keys & (hidden | {"demand", "receipts", "promises"})


def test_the_true_demand_does_not_shine_through(small_world):
    """With the published means given, another true demand and other receipts change no public byte."""
    published = PublishedDemand(hourly_orders_milli=5, region_shares=(1.0, 1.0), daily_units_milli=(7, 8))
    scenario = small_world(published=published)
    other = dataclasses.replace(
        scenario,
        receipts=(),
        demand=dataclasses.replace(
            scenario.demand, orders_per_day=9.0, region_shares=(0.1, 0.9), sku_shares=(0.9, 0.1), repeat_share=0.5
        ),
    )
    assert other.public().to_json() == scenario.public().to_json()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 99}', '{"format": 1}', '{"format": 1, "id": "a@1"}'])
def test_illegal_json(text):
    with pytest.raises(InputError, match="public"):
        PublicScenario.from_json(text)


def far_service() -> tuple[CarrierService, ...]:
    from scenarios.quantiles import constant

    return (CarrierService(name="ground", zones=(Zone(120, (Rate(1, 1),), constant(1)),)),)


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("scenario id", {"id": "small"}),
        ("scenario id", {"id": "small@0"}),
        ("epoch", {"epoch": "2025-03-03"}),
        ("time_zone", {"time_zone": "Nowhere"}),
        ("horizon_days", {"horizon_days": 0}),
        ("warmup_hours", {"warmup_hours": 49}),
        ("drain_days", {"drain_days": 0}),
        ("warehouses", {"warehouses": ()}),
        ("services", {"services": []}),
        ("settings", {"settings": None}),
        ("collections", {"collections": ()}),
        ("collection warehouse", {"collections": (Collection("north", "ground", (0,), "12:00", 1),)}),
        ("collection service", {"collections": (Collection("east", "grond", (0,), "12:00", 1),)}),
        ("stock warehouse", {"stock": (StockRow("north", "cup", 1),)}),
        ("stock sku", {"stock": (StockRow("east", "cop", 1),)}),
        ("stock (warehouse, sku)", {"stock": (StockRow("east", "cup", 1), StockRow("east", "cup", 2))}),
        ("region name", {"regions": (Region("town", 0.0, 1.0), Region("town", 0.0, 4.0))}),
        ("region 'village'", {"regions": (Region("town", 0.0, 1.0), Region("village", 60.0, 4.0))}),
        (
            "region_shares",
            {"published": PublishedDemand(hourly_orders_milli=1, region_shares=(1.0,), daily_units_milli=(1, 1))},
        ),
        (
            "daily_units_milli",
            {"published": PublishedDemand(hourly_orders_milli=1, region_shares=(1.0, 1.0), daily_units_milli=(1,))},
        ),
    ],
)
def test_illegal_worlds(small_world, key, changes):
    with pytest.raises(InputError) as refused:
        small_world(**changes)
    assert key in refused.value.key
    assert refused.value.expected
    assert refused.value.remedy


def test_a_lane_to_nowhere_is_refused(small_world):
    """The service's longest zone ends before the first region."""
    regions = (Region("town", 0.0, 2.0), Region("village", 0.0, 2.5))
    with pytest.raises(InputError, match="lanes to at least one region"):
        small_world(services=far_service(), regions=regions)


@pytest.mark.parametrize("arguments", [(-1, 1, 1), (0, 0, 1), (0, 1, -1), (0.5, 1, 1)])
def test_illegal_windows(small_world, arguments):
    with pytest.raises(InputError):
        small_world().public().expand(*arguments)
