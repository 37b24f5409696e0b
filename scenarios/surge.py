"""Surges: a stated change of demand within a stated time, for what-if studies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from scenarios.checks import check_float, check_known, check_tuple, check_unique
from scenarios.errors import InputError

MAX_DAY = 3660.0
MAX_FACTOR = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """Hidden. Demand of the chosen regions and SKUs times ``factor``; orders that it does not touch stay as they are.

    A factor above 1 adds orders; one below 1 takes away lines, and orders that have none left. Factors of surges
    at the same time multiply only when at most one of them is above 1; the additions of several add up.

    Attributes:
        factor: 0..100.
        from_day: start, days after second 0 (0.5: twelve hours after it).
        to_day: end, later than ``from_day``.
        regions: names; none for all.
        skus: names; none for all.
    """

    factor: float
    from_day: float
    to_day: float
    regions: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_float("surge factor", self.factor, 0.0, MAX_FACTOR)
        check_float("surge from_day", self.from_day, 0.0, MAX_DAY, "days")
        check_float("surge to_day", self.to_day, 0.0, MAX_DAY, "days")
        if self.to_day <= self.from_day:
            raise InputError("surge to_day", self.to_day, f"later than from_day ({self.from_day})", "swap them")
        check_chosen("surge", self.regions, self.skus)


def check_chosen(kind: str, regions: object, skus: object) -> None:
    """Chosen regions and SKUs of a surge or promotion: tuples of names, each once."""
    for key, names in ((f"{kind} regions", regions), (f"{kind} skus", skus)):
        check_tuple(key, names, str)
        check_unique(key, names)  # type: ignore[arg-type]


def check_chosen_known(kind: str, rule: object, regions: Collection[str], skus: Collection[str]) -> None:
    """Raises:
    InputError: a chosen region or SKU that the network does not have.
    """
    for noun, known in (("region", regions), ("sku", skus)):
        for name in getattr(rule, f"{noun}s"):
            check_known(f"{kind} {noun}", name, known)
