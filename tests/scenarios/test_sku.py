import math

import pytest

from scenarios.errors import InputError
from scenarios.sku import Sku


@pytest.mark.parametrize("values", [("", 1), ("cup", 0), ("cup", math.nan), ("cup", 1, -1), ("cup", 1, 0, 1 << 12)])
def test_illegal_values(values):
    with pytest.raises(InputError, match="sku"):
        Sku(*values)


@pytest.mark.parametrize("day", [0, -1, 1.5, 4000, True, "monday"])
def test_illegal_presale_days(day):
    with pytest.raises(InputError, match="ship_from_day"):
        Sku("cup", 300, ship_from_day=day)
