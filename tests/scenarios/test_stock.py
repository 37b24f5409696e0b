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


@pytest.mark.parametrize(("point", "level"), [(-1, 5), (5, 5), (6, 5), (1, 0), (0.5, 5), (0, -1), (0, math.nan)])
def test_illegal_reorder_levels(point, level):
    with pytest.raises(InputError, match="stock of 'cup' at 'east'"):
        StockRow("east", "cup", 3, point, level)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actual_units", -1),
        ("actual_units", 1.5),
        ("delay_seconds", -11),  # before its announcement
        ("delay_seconds", math.nan),
        ("delay_seconds", 1 << 40),
    ],
)
def test_illegal_surprises(field, value):
    with pytest.raises(InputError, match=field):
        Receipt("east", "cup", 5, 0, 10, **{field: value})
