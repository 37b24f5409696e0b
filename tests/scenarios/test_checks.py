import math

import numpy as np
import pytest

from scenarios.checks import check_ascending, check_float, check_int, check_shares, check_text, check_unique
from scenarios.errors import InputError


@pytest.mark.parametrize("value", [-1, 11, 1.0, math.nan, True, "3", None])
def test_illegal_whole_numbers(value):
    with pytest.raises(InputError) as refused:
        check_int("stations", value, 0, 10)
    assert refused.value.key == "stations"
    assert "0 to 10" in refused.value.expected
    assert refused.value.remedy


def test_whole_numbers_of_numpy_are_legal():
    check_int("stations", np.int64(3), 0, 10)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, True, "0.5", None])
def test_illegal_numbers(value):
    with pytest.raises(InputError, match="share"):
        check_float("share", value, 0.0, 1.0)


@pytest.mark.parametrize("shares", [(), (0.0, 0.0), (1.0, -0.5), (math.nan,), [1.0], (1.0, "a")])
def test_illegal_shares(shares):
    with pytest.raises(InputError, match="shares"):
        check_shares("shares", shares)


@pytest.mark.parametrize("name", ["", " ", "a ", None, 3])
def test_illegal_names(name):
    with pytest.raises(InputError):
        check_text("name", name)


def test_duplicates_and_disorder_are_refused():
    with pytest.raises(InputError, match="'b'"):
        check_unique("names", ["a", "b", "b"])
    with pytest.raises(InputError, match="more than the one before"):
        check_ascending("max_km", [1, 5, 5])
