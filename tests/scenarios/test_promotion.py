import math

import pytest

from scenarios.errors import InputError
from scenarios.promotion import Promotion

LEGAL = {"factor": 2.0, "hours": 3.0}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("factor", 0.9),
        ("factor", 101.0),
        ("factor", math.nan),
        ("hours", 0.0),
        ("hours", math.inf),
        ("from_day", -1.0),
        ("from_day", "monday"),
        ("to_day", -0.5),
        ("per_28_days", -1.0),
        ("per_28_days", math.nan),
        ("regions", ["town"]),
        ("regions", (3,)),
        ("regions", ("town", "town")),
        ("skus", "cup"),
        ("skus", ("cup", "cup")),
    ],
)
def test_illegal_values(field, value):
    with pytest.raises(InputError, match=f"promotion {field}"):
        Promotion(**{**LEGAL, field: value})


def test_the_window_of_its_start_does_not_end_before_it_begins():
    with pytest.raises(InputError, match="promotion to_day"):
        Promotion(**LEGAL, from_day=3.0, to_day=2.0)
    assert Promotion(**LEGAL, from_day=3.0, to_day=3.0).to_day == 3.0  # a fixed start
