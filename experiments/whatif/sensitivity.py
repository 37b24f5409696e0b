"""One parameter at a time, down and up: the bars of the tornado."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.whatif.variant import Variant
from scenarios.errors import InputError

DEFAULT = "default"
DEFAULTS: dict[str, tuple[str, str]] = {
    "demand": ("demand all -10%", "demand all +10%"),
    "stock": ("stock all -10% with receipts", "stock all +10% with receipts"),
    "stations": ("warehouse all stations -1", "warehouse all stations +1"),
    "trucks": ("service all capacity -20%", "service all capacity +20%"),
    "shipping": ("service all price -10%", "service all price +10%"),
    "lateness": ("price lateness -25%", "price lateness +25%"),
    "carbon": ("price carbon -50%", "price carbon +50%"),
}
"""Played when a study asks for ``default``."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """A parameter that is changed down and up, everything else being as in the baseline.

    Attributes:
        name: shown beside its bar.
        low: the one end.
        high: the other one.
    """

    name: str
    low: Variant
    high: Variant

    @classmethod
    def of(cls, name: str, ends: Any) -> Sensitivity:
        """From two changes, each a text or a list of texts.

        Raises:
            InputError: not two of them, or a text that cannot be read.
        """
        if not isinstance(ends, list | tuple) or len(ends) != 2:
            raise InputError(
                f"sensitivity {name!r}",
                ends,
                "two changes, down and up",
                'write ["demand all -10%", "demand all +10%"]',
            )
        return cls(name, Variant.of(f"{name}_low", ends[0]), Variant.of(f"{name}_high", ends[1]))


def sensitivities_of(value: Any) -> tuple[Sensitivity, ...]:
    """From the setting: nothing, ``default``, or names with two changes each.

    Raises:
        InputError: anything else.
    """
    if value is None:
        return ()
    if value == DEFAULT:
        value = DEFAULTS
    if not isinstance(value, dict):
        raise InputError("sensitivities", value, "default, or names with two changes each", "see docs/whatif.md")
    return tuple(Sensitivity.of(str(name), ends) for name, ends in value.items())
