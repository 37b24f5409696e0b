import pytest

from scenarios.errors import InputError
from scenarios.handling import (
    EVERYTHING,
    SERVICE_SIDE,
    WAREHOUSE_SIDE,
    Handling,
    check_handling,
    handling_mask,
    handling_names,
)


def test_names_and_masks_are_inverse_for_every_combination():
    for mask in range(EVERYTHING + 1):
        assert handling_mask(handling_names(mask)) == mask


def test_every_requirement_has_a_side_that_provides_it():
    assert sum(flag.value for flag in Handling) == WAREHOUSE_SIDE | SERVICE_SIDE
    assert type(WAREHOUSE_SIDE) is int
    assert type(SERVICE_SIDE) is int


def test_unknown_names_and_bits_are_refused():
    with pytest.raises(InputError, match=r"(?i)did you mean 'cold'"):
        handling_mask(["colt"])
    for value in (EVERYTHING + 1, -1, True, 1.0, "cold"):
        with pytest.raises(InputError):
            check_handling("capabilities", value)
