import math

import pytest

from scenarios.errors import InputError
from scenarios.surge import Surge

LEGAL = {"factor": 1.3, "from_day": 10.0, "to_day": 14.0}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("factor", -0.1),
        ("factor", 100.5),
        ("factor", math.nan),
        ("from_day", -1.0),
        ("from_day", 4000.0),
        ("to_day", 10.0),
        ("to_day", 9.0),
        ("to_day", math.inf),
        ("regions", ["town"]),
        ("regions", ("town", "town")),
        ("skus", (None,)),
    ],
)
def test_illegal_values(field, value):
    with pytest.raises(InputError, match=f"surge {field}"):
        Surge(**{**LEGAL, field: value})
