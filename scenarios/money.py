"""Money: int64 millicents, a thousandth of a cent."""

from __future__ import annotations

UNIT_MILLICENTS = 100_000
"""One currency unit."""


def millicents(amount: float) -> int:
    """Currency units to millicents, rounded once."""
    return round(amount * UNIT_MILLICENTS)
