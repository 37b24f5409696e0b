import math

import pytest

from scenarios.errors import InputError
from scenarios.region import Region


@pytest.mark.parametrize(
    "values", [("", 0.0, 0.0), ("town", 95.0, 0.0), ("town", 0.0, math.nan), ("town", 0.0, 0.0, "Nowhere/Land")]
)
def test_illegal_values(values):
    with pytest.raises(InputError, match="region"):
        Region(*values)
