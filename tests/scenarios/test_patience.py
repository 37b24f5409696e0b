import math

import pytest

from scenarios.errors import InputError
from scenarios.patience import Patience
from scenarios.quantiles import constant


@pytest.mark.parametrize(
    ("field", "value"), [("table", 3600), ("table", None), ("share", -0.1), ("share", 1.5), ("share", math.nan)]
)
def test_illegal_values(field, value):
    with pytest.raises(InputError, match=f"patience {field}"):
        Patience(**{"table": constant(3600), field: value})
