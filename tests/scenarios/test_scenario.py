import dataclasses
import pickle

import pytest

from scenarios.errors import InputError
from scenarios.stock import Receipt


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
