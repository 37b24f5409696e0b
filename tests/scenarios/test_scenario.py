import dataclasses
import pickle

import pytest

from scenarios.carrier_outage import CarrierOutage
from scenarios.carrier_regimes import CarrierRegimes
from scenarios.errors import InputError
from scenarios.outage_risk import OutageRisk
from scenarios.promotion import Promotion
from scenarios.quantiles import constant
from scenarios.stock import Receipt
from scenarios.surge import Surge


def test_a_scenario_is_frozen_and_survives_pickling(small_world):
    scenario = small_world()
    with pytest.raises(dataclasses.FrozenInstanceError):
        scenario.horizon_days = 5
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert scenario.name == "small"


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("receipt warehouse", {"receipts": (Receipt("north", "cup", 1, 0, 5),)}),
        ("receipt sku", {"receipts": (Receipt("east", "cop", 1, 0, 5),)}),
        ("receipts", {"receipts": [Receipt("east", "cup", 1, 0, 5)]}),
        ("demand", {"demand": None}),
        ("patience[0]", {"patience": 3600}),
        ("reliability[0]", {"reliability": 0.9}),
        ("promotions", {"promotions": [Promotion(factor=2.0, hours=1.0)]}),
        ("promotion region", {"promotions": (Promotion(factor=2.0, hours=1.0, regions=("twon",)),)}),
        ("promotion sku", {"promotions": (Promotion(factor=2.0, hours=1.0, skus=("cop",)),)}),
        ("surges[0]", {"surges": (Promotion(factor=2.0, hours=1.0),)}),
        ("surge region", {"surges": (Surge(factor=2.0, from_day=0, to_day=1, regions=("north",)),)}),
        ("surge sku", {"surges": (Surge(factor=2.0, from_day=0, to_day=1, skus=("cop",)),)}),
        ("outages", {"outages": None}),
        ("outage service", {"outages": (CarrierOutage(service="grond", from_day=0, to_day=1),)}),
        (
            "outage warehouse",
            {"outages": (CarrierOutage(service="ground", from_day=0, to_day=1, warehouse="north"),)},
        ),
        ("outage risk service", {"outage_risks": (OutageRisk(service="air", per_28_days=1, duration=constant(1)),)}),
        (
            "outage risk warehouse",
            {
                "outage_risks": (
                    OutageRisk(service="ground", per_28_days=1, duration=constant(1), warehouses=("north",)),
                )
            },
        ),
        ("regimes service", {"regimes": (CarrierRegimes(service="air"),)}),
        ("regimes service", {"regimes": (CarrierRegimes(service="ground"), CarrierRegimes(service="ground"))}),
    ],
)
def test_illegal_values(small_world, key, changes):
    with pytest.raises(InputError) as refused:
        small_world(**changes)
    assert refused.value.key == key


@pytest.mark.parametrize("field", ["region_shares", "sku_shares"])
def test_demand_must_fit_the_network(small_world, field):
    demand = dataclasses.replace(small_world().demand, **{field: (0.5, 0.25, 0.25)})
    with pytest.raises(InputError, match=field):
        small_world(demand=demand)
