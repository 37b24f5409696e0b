import math

import pytest

from scenarios.errors import InputError
from scenarios.quantiles import constant
from scenarios.service import CarrierService, Rate, Zone

RATES, DAY = (Rate(1000, 300), Rate(5000, 500)), constant(86_400)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Rate(0, 300),
        lambda: Rate(1000, -1),
        lambda: Rate(1000, math.nan),
        lambda: Rate(1000, 10**15),
        lambda: Zone(0, RATES, DAY),
        lambda: Zone(100, (), DAY),
        lambda: Zone(100, RATES[::-1], DAY),
        lambda: Zone(100, RATES, 86_400),
        lambda: CarrierService(name="ground", zones=()),
        lambda: CarrierService(name="", zones=(Zone(100, RATES, DAY),)),
        lambda: CarrierService(name="ground", zones=(Zone(100, RATES, DAY), Zone(100, RATES, DAY))),
        lambda: CarrierService(name="ground", zones=(Zone(100, RATES, DAY),), carbon_parcel_milligrams=-1),
        lambda: CarrierService(name="ground", zones=(Zone(100, RATES, DAY),), carbon_kg_km_milligrams=math.nan),
        lambda: CarrierService(name="ground", zones=(Zone(100, RATES, DAY),), capabilities=-2),
    ],
)
def test_illegal_values(build):
    with pytest.raises(InputError):
        build()


def test_zone_bounds_are_inclusive():
    service = CarrierService(name="ground", zones=(Zone(100, RATES, DAY), Zone(400, RATES, DAY)))
    assert [service.zone_index(km) for km in (0, 100, 101, 400, 401)] == [0, 0, 1, 1, None]
