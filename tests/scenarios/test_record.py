import json

import pytest

from scenarios.errors import InputError
from scenarios.handling import Handling
from scenarios.record import decode, encode
from scenarios.sku import Sku
from scenarios.warehouse import Shift, Warehouse


@pytest.mark.parametrize(
    "entity",
    [
        Sku("cup", 300, 5, Handling.COLD | Handling.GIFT),
        Warehouse(name="east", latitude=1.5, longitude=2, shifts=(Shift((0, 6), "08:00", "24:00"),)),
    ],
)
def test_round_trip(entity):
    assert decode(type(entity), json.loads(json.dumps(encode(entity))), "entity") == entity


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ([], "entity"),
        ({"name": "cup"}, "entity.grams"),
        ({"name": "cup", "grams": 5, "gram": 5}, "entity field"),
        ({"name": "cup", "grams": 5, "requirements": 1}, "entity.requirements"),
        ({"name": "cup", "grams": 5, "requirements": ["warm"]}, "handling"),
        ({"name": "cup", "grams": float("nan")}, "sku 'cup' grams"),
        ({"name": "cup", "grams": "5"}, "sku 'cup' grams"),
    ],
)
def test_illegal_records(data, key):
    with pytest.raises(InputError) as refused:
        decode(Sku, data, "entity")
    assert refused.value.key == key
