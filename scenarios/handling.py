"""Handling: what a line or order requires and a warehouse or carrier service is capable of.

One bit mask serves requirements and capabilities. Each requirement names the side (or both) that must
provide it: a cold item needs a cold room in the warehouse **and** a cold chain on the road. A parcel with
requirements ``q`` is feasible if ``q & WAREHOUSE_SIDE & ~warehouse == 0`` and
``q & SERVICE_SIDE & ~service == 0``.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag

from scenarios.errors import InputError, unknown_name


class Handling(IntFlag):
    """Bits of the mask; the values are written into traces and bundles and never change."""

    NONE = 0
    COLD = 1
    BULKY = 2
    GIFT = 4
    SIGNATURE = 8
    TWO_PERSON = 16
    HAZARDOUS = 32


COLD = int(Handling.COLD)
BULKY = int(Handling.BULKY)
GIFT = int(Handling.GIFT)
SIGNATURE = int(Handling.SIGNATURE)
TWO_PERSON = int(Handling.TWO_PERSON)
HAZARDOUS = int(Handling.HAZARDOUS)

WAREHOUSE_SIDE = COLD | BULKY | GIFT | HAZARDOUS
"""Bits that the warehouse must provide (cold room, bulky area, gift station, hazardous store)."""

SERVICE_SIDE = COLD | SIGNATURE | TWO_PERSON | HAZARDOUS
"""Bits that the carrier service must provide (cold chain, signature, two-person delivery, dangerous goods)."""

EVERYTHING = WAREHOUSE_SIDE | SERVICE_SIDE


def handling_names(mask: int) -> list[str]:
    """Lower-case names of the bits set, in the order of their values."""
    return [flag.name.lower() for flag in Handling if flag and mask & flag]  # type: ignore[union-attr]


def handling_mask(names: Iterable[str]) -> Handling:
    """The mask for names such as ``["cold", "gift"]``.

    Raises:
        InputError: unknown name.
    """
    known = {flag.name.lower(): flag for flag in Handling if flag}  # type: ignore[union-attr]
    mask = Handling.NONE
    for name in names:
        if name not in known:
            raise unknown_name("handling", name, known)
        mask |= known[name]
    return mask


def check_handling(key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0 or value & ~EVERYTHING:
        raise InputError(
            key, value, "a combination of " + ", ".join(handling_names(EVERYTHING)), "use scenarios.handling.Handling"
        )
