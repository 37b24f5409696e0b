import dataclasses
import math

import pytest

from scenarios.errors import InputError
from scenarios.settings import Settings


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Settings)])
@pytest.mark.parametrize("value", [-1, math.nan, "much"])
def test_illegal_values(name, value):
    with pytest.raises(InputError, match=name):
        Settings(**{name: value})


def test_at_least_one_parcel():
    with pytest.raises(InputError, match="max_parcels"):
        Settings(max_parcels=0)


@pytest.mark.parametrize(("short", "long"), [(30, 30), (60, 30), (0, 121), (121, 0)])
def test_holds_that_cannot_be_offered(short, long):
    with pytest.raises(InputError, match="hold_"):
        Settings(hold_short_minutes=short, hold_long_minutes=long)


@pytest.mark.parametrize(("short", "long"), [(0, 0), (30, 0), (0, 60), (30, 120)])
def test_holds_that_can_be_offered(short, long):
    assert Settings(hold_short_minutes=short, hold_long_minutes=long).hold_long_minutes == long
