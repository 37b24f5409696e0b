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
