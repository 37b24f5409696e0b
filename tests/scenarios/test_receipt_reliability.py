import pytest

from scenarios.errors import InputError
from scenarios.quantiles import constant
from scenarios.receipt_reliability import ReceiptReliability


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("delay", 3600),
        ("early_seconds", -1),
        ("early_seconds", 1.5),
        ("short_share", -0.1),
        ("short_share", 1.1),
        ("fill", 0.5),
        ("fill", constant(1001)),
    ],
)
def test_illegal_values(field, value):
    with pytest.raises(InputError, match=f"reliability {field}"):
        ReceiptReliability(**{field: value})
