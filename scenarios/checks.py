"""Checks that every entity shares: each raises ``InputError`` with key, value, expectation and remedy."""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Collection, Iterable, Sequence

from scenarios.errors import InputError, unknown_name

MAX_MILLICENTS = 10**12
"""Ten million currency units: larger single amounts are taken for mistakes of unit."""

MAX_SECONDS = 10 * 366 * 86_400
MAX_UNITS = 10**9
MAX_GRAMS = 10**8


def check_int(key: str, value: object, low: int, high: int, unit: str = "") -> None:
    """A whole number in ``low..high`` (booleans, floats and NaN are refused)."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not low <= int(value) <= high:
        what = f"a whole number{' of ' + unit if unit else ''} from {low} to {high}"
        raise InputError(key, value, what, "correct the value or its unit")


def check_float(key: str, value: object, low: float, high: float, unit: str = "") -> None:
    """A finite number in ``low..high``."""
    if (
        isinstance(value, bool)
        or not isinstance(value, numbers.Real)
        or not math.isfinite(float(value))
        or not low <= float(value) <= high
    ):
        what = f"a finite number{' of ' + unit if unit else ''} from {low:g} to {high:g}"
        raise InputError(key, value, what, "correct the value or its unit")


def check_bool(key: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InputError(key, value, "True or False", "give a boolean")


def check_text(key: str, value: object) -> None:
    """A name: text that is not blank and has no blanks at its ends."""
    if not isinstance(value, str) or not value or value != value.strip():
        raise InputError(key, value, "a name without blanks at its ends", "give every entity a name")


def check_tuple(key: str, value: object, kind: type, at_least: int = 0) -> None:
    """A tuple (immutable, so that the scenario stays frozen) of ``kind`` only."""
    if not isinstance(value, tuple) or len(value) < at_least:
        raise InputError(key, value, f"a tuple of at least {at_least} {kind.__name__}", "write it as a tuple")
    for position, item in enumerate(value):
        if not isinstance(item, kind):
            raise InputError(f"{key}[{position}]", item, f"a {kind.__name__}", f"build it with {kind.__name__}(...)")


def check_unique(key: str, values: Iterable[object]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise InputError(key, value, "each one only once", "remove or rename the duplicate")
        seen.add(value)


def check_known(kind: str, name: object, known: Collection[str]) -> None:
    if name not in known:
        raise unknown_name(kind, name, known)


def check_shares(key: str, values: Sequence[float], size: int | None = None) -> None:
    """Weights: finite, none negative, not all zero; they are normalised where they are used."""
    check_tuple(key, values, numbers.Real, at_least=1)
    if size is not None and len(values) != size:
        raise InputError(key, f"{len(values)} numbers", f"{size} numbers", "give one for each, in the same order")
    for position, value in enumerate(values):
        check_float(f"{key}[{position}]", value, 0.0, 1e12)
    if not sum(values) > 0:
        raise InputError(key, values, "at least one positive share", "give a share above zero")


def check_ascending(key: str, values: Sequence[float]) -> None:
    for before, after in itertools.pairwise(values):
        if not after > before:
            raise InputError(
                key, after, f"more than the one before it ({before})", "sort the rows and merge equal ones"
            )


def check_weekdays(key: str, value: object) -> None:
    """Weekdays 0 (Monday) to 6 (Sunday), each at most once, at least one."""
    check_tuple(key, value, int, at_least=1)
    for weekday in value:  # type: ignore[attr-defined]
        check_int(key, weekday, 0, 6)
    check_unique(key, value)  # type: ignore[arg-type]
