"""Checks that several changes share: values when they are made, names when they meet a scenario."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.whatif.phrase import ALL, Days
from scenarios.checks import check_float, check_int, check_text, check_tuple, check_unique
from scenarios.errors import InputError, unknown_name
from scenarios.scenario import Scenario

MOST_PERCENT = 10_000.0
MOST_LISTED = 50
"""Names that an error lists."""


def check_percent(key: str, value: object) -> None:
    """A relative change, -100 (nothing is left) to 10,000."""
    check_float(key, value, -100.0, MOST_PERCENT, "percent")


def check_share(key: str, value: object) -> None:
    """A share above 0, at most 100."""
    check_float(key, value, 0.0, 100.0, "percent")
    if not value:
        raise InputError(key, value, "a share above 0 percent", "leave the change out, or give it a share")


def check_days(key: str, days: Days | None) -> None:
    """First and last day, counted from 1."""
    if days is None:
        return
    check_tuple(key, days, int)
    check_int(f"{key}, the first one,", days[0], 1, 3660)
    check_int(f"{key}, the last one,", days[1], days[0], 3660)


def check_names(key: str, names: tuple[str, ...]) -> None:
    """Names, each once."""
    check_tuple(key, names, str)
    for name in names:
        check_text(key, name)
    check_unique(key, names)


def check_horizon(key: str, days: Days | None, scenario: Scenario) -> None:
    """Days that the scenario has."""
    if days is not None and days[1] > scenario.horizon_days:
        raise InputError(
            key, f"{days[0]}-{days[1]}", f"days from 1 to {scenario.horizon_days}", "or lengthen scenario.horizon_days"
        )


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """The name, if there is such a thing.

    Raises:
        InputError: there is none; the nearest name is offered.
    """
    names = list(names)
    if name not in names:
        raise _unknown(kind, name, names)
    return name


def _unknown(kind: str, name: str, names: list[str]) -> InputError:
    """``unknown_name``, without listing hundreds of them."""
    error = unknown_name(kind, name, names)
    if len(names) <= MOST_LISTED:
        return error
    return InputError(kind, name, f"one of {len(names)} names such as {', '.join(sorted(names)[:3])}", error.remedy)


def chosen(kind: str, name: str, names: Iterable[str]) -> frozenset[str]:
    """The names that a name or ``all`` stands for."""
    names = list(names)
    if name == ALL:
        return frozenset(names)
    if name not in names:
        raise _unknown(kind, name, [*names, ALL])
    return frozenset((name,))


def scaled(amount: int, percent: float) -> int:
    """``amount`` changed by ``percent``, rounded half up, never negative."""
    return max(0, int(amount * (100.0 + percent) / 100.0 + 0.5))
