import math

import pytest

from scenarios.errors import InputError
from scenarios.stock import Receipt, StockRow


@pytest.mark.parametrize("values", [("", "cup", 1), ("east", None, 1), ("east", "cup", -1), ("east", "cup", math.nan)])
def test_illegal_stock(values):
    with pytest.raises(InputError, match="stock"):
        StockRow(*values)


@pytest.mark.parametrize(
    ("units", "announced", "expected"), [(0, 0, 10), (-5, 0, 10), (1.5, 0, 10), (1, -1, 10), (1, 10, 10), (1, 10, 5)]
)
def test_illegal_receipts(units, announced, expected):
    with pytest.raises(InputError, match="receipt of 'cup' at 'east'"):
        Receipt("east", "cup", units, announced, expected)
