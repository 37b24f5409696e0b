import pytest

from scenarios.collection import Collection
from scenarios.errors import InputError


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("warehouse", ""),
        ("service", None),
        ("weekdays", ()),
        ("weekdays", (7,)),
        ("at", "24:00"),
        ("at", "6pm"),
        ("capacity_parcels", -1),
        ("capacity_parcels", 1.5),
    ],
)
def test_illegal_values(field, value):
    legal = {"warehouse": "east", "service": "ground", "weekdays": (0,), "at": "12:00", "capacity_parcels": 5}
    with pytest.raises(InputError, match=field):
        Collection(**{**legal, field: value})
