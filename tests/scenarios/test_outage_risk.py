import math

import pytest

from scenarios.errors import InputError
from scenarios.outage_risk import OutageRisk
from scenarios.quantiles import constant

LEGAL = {"service": "ground", "per_28_days": 1.0, "duration": constant(3600)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", None),
        ("per_28_days", -1.0),
        ("per_28_days", math.nan),
        ("per_28_days", 1001.0),
        ("duration", 3600),
        ("warehouses", ["east"]),
        ("warehouses", ("east", "east")),
    ],
)
def test_illegal_values(field, value):
    with pytest.raises(InputError, match=f"outage risk {field}"):
        OutageRisk(**{**LEGAL, field: value})
