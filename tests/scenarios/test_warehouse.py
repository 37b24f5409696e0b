import math

import pytest

from scenarios.errors import InputError
from scenarios.quantiles import constant
from scenarios.warehouse import Shift, Warehouse

LEGAL = {"name": "east", "latitude": 0.0, "longitude": 0.0}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("latitude", 91.0),
        ("latitude", math.nan),
        ("longitude", -181.0),
        ("time_zone", "Mars/Olympus"),
        ("num_stations", 0),
        ("num_stations", 2.5),
        ("shifts", ()),
        ("shifts", [Shift((0,), "08:00", "16:00")]),
        ("shifts", (Shift((0, 1), "08:00", "16:00"), Shift((1,), "15:00", "18:00"))),
        ("parcel_millicents", -1),
        ("line_millicents", math.nan),
        ("pick_parcel_seconds", 0),
        ("pick_line_seconds", -5),
        ("pick_unit_seconds", 1e9),
        ("pick_factor", 1000),
        ("capabilities", 1 << 20),
        ("short_pick_share", -0.01),
        ("short_pick_share", 1.01),
        ("short_pick_share", math.nan),
        ("lead_time", 3600),
    ],
)
def test_illegal_values(field, value):
    with pytest.raises(InputError, match=field):
        Warehouse(**{**LEGAL, field: value})


@pytest.mark.parametrize(
    ("weekdays", "opens", "closes"),
    [((), "08:00", "16:00"), ((7,), "08:00", "16:00"), ((0, 0), "08:00", "16:00"), ((0,), "16:00", "08:00")],
)
def test_illegal_shifts(weekdays, opens, closes):
    with pytest.raises(InputError, match="shift"):
        Shift(weekdays, opens, closes)


def test_shifts_may_touch():
    shifts = (Shift((0,), "08:00", "16:00"), Shift((0,), "16:00", "24:00"))
    assert Warehouse(**LEGAL, shifts=shifts, pick_factor=constant(900)).shifts == shifts
