import math

import pytest

from scenarios.carrier_outage import CarrierOutage
from scenarios.errors import InputError

LEGAL = {"service": "ground", "from_day": 0.5, "to_day": 2.0}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", ""),
        ("from_day", -0.5),
        ("from_day", math.nan),
        ("to_day", 0.5),
        ("to_day", 0.25),
        ("to_day", 1e9),
        ("warehouse", " east"),
    ],
)
def test_illegal_values(field, value):
    with pytest.raises(InputError, match=f"outage {field}"):
        CarrierOutage(**{**LEGAL, field: value})
