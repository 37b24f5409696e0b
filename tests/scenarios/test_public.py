import dataclasses
import json

import pytest

from scenarios import load_scenario
from scenarios.carrier_outage import CarrierOutage
from scenarios.carrier_regimes import CarrierRegimes
from scenarios.collection import Collection
from scenarios.demand import Demand, PublishedDemand
from scenarios.errors import InputError
from scenarios.network import NO_TABLE
from scenarios.outage_risk import OutageRisk
from scenarios.patience import Patience
from scenarios.promotion import Promotion
from scenarios.public import PublicScenario
from scenarios.quantiles import constant
from scenarios.receipt_reliability import ReceiptReliability
from scenarios.region import Region
from scenarios.scenario import Scenario
from scenarios.service import CarrierService, Rate, Zone
from scenarios.settings import Settings
from scenarios.sku import Sku
from scenarios.stock import StockRow
from scenarios.surge import Surge


@pytest.mark.parametrize(
    "name", ["metro", "metro-small", "tiny", "toy-handling", "toy-mmc", "metro-disrupted", "metro-reorder"]
)
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
    """Neither a field of the demand model (but the published shares), nor any receipt or disruption."""
    keys = all_keys(json.loads(load_scenario("metro-disrupted").public().to_json()))
    hidden = {field.name for field in dataclasses.fields(Demand)} - {"region_shares", "time_zone"}
    fields = {field.name for field in dataclasses.fields(Scenario)}
    hidden |= fields - {field.name for field in dataclasses.fields(PublicScenario)}
    assert hidden > {"patience", "promotions", "surges", "outages", "outage_risks", "regimes", "reliability"}
    assert not keys & (hidden | {"demand", "receipts", "promises", "transit_permille", "actual_units"})


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
        patience=Patience(constant(3600)),
        promotions=(Promotion(factor=3.0, hours=5.0),),
        surges=(Surge(factor=0.5, from_day=0.5, to_day=1.0),),
        outages=(CarrierOutage(service="ground", from_day=0.5, to_day=1.0),),
        outage_risks=(OutageRisk(service="ground", per_28_days=9.0, duration=constant(3600)),),
        regimes=(CarrierRegimes(service="ground"),),
        reliability=ReceiptReliability(short_share=0.5),
    )
    assert other.public().to_json() == scenario.public().to_json()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 99}', '{"format": 1}', '{"format": 1, "id": "a@1"}'])
def test_illegal_json(text):
    with pytest.raises(InputError, match="public"):
        PublicScenario.from_json(text)


def test_promotions_and_surges_are_not_in_the_published_means(small_world):
    waves = {
        "promotions": (Promotion(factor=3.0, hours=5.0),),
        "surges": (Surge(factor=2.0, from_day=0.5, to_day=1.0),),
    }
    assert small_world(**waves).public() == small_world().public()


def test_presale_dates_are_local_midnights(small_world):
    """The epoch is Saturday, 29 March 2025, 00:00 in Berlin; summer time begins on Sunday at 02:00."""
    skus = (Sku("cup", 300, ship_from_day=1), Sku("bowl", 600), Sku("pot", 900, ship_from_day=2))
    scenario = small_world(
        epoch="2025-03-28T23:00:00Z",
        time_zone="Europe/Berlin",
        skus=skus,
        demand=dataclasses.replace(small_world().demand, sku_shares=(1.0, 1.0, 1.0)),
    )
    epoch = scenario.public().epoch_seconds
    assert [at and at - epoch for at in scenario.public().ship_from_seconds] == [86_400, 0, 2 * 86_400 - 3600]


def test_reordering_needs_a_lead_time(small_world):
    stock, settings = (StockRow("east", "cup", 5, 2, 9), StockRow("west", "cup", 5)), Settings(review_hours=12)
    with pytest.raises(InputError, match="lead_time"):
        small_world(stock=stock, settings=settings)
    assert small_world(stock=stock).settings.review_hours == 0  # without a review it does not matter
    east, west = small_world().warehouses
    lead_time = constant(7200)
    scenario = small_world(
        stock=stock, settings=settings, warehouses=(dataclasses.replace(east, lead_time=lead_time), west)
    )
    network = scenario.public().expand()
    assert network.settings["review_seconds"][0] == 12 * 3600
    assert network.tables["value"][network.warehouses["lead_table"][0], 0] == 7200
    assert network.warehouses["lead_table"][1] == NO_TABLE
    assert network.stock[["reorder_point_units", "order_up_to_units"]].tolist() == [[(2, 9), (0, 0)], [(0, 0), (0, 0)]]


def far_service() -> tuple[CarrierService, ...]:
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
