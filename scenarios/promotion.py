"""Promotions: hidden times at which more is ordered, of unannounced start."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import check_float
from scenarios.errors import InputError
from scenarios.surge import MAX_DAY, MAX_FACTOR, check_chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """Hidden. Extra orders on top of the ordinary ones, which stay exactly as they are without it.

    Attributes:
        factor: demand of the chosen regions and SKUs over the ordinary one while it lasts, 1..100.
        hours: how long each lasts, above 0.
        from_day: it starts at a time drawn evenly between this and ``to_day``, days after second 0; the same
            number for a fixed start.
        to_day: see above; None for the end of the horizon.
        per_28_days: mean number of promotions like this in 28 days (Poisson); None for exactly one.
        regions: names; none for all.
        skus: names; none for all. Extra baskets hold only these.
    """

    factor: float
    hours: float
    from_day: float = 0.0
    to_day: float | None = None
    per_28_days: float | None = None
    regions: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_float("promotion factor", self.factor, 1.0, MAX_FACTOR)
        check_float("promotion hours", self.hours, 1 / 60, 24.0 * MAX_DAY, "hours")
        check_float("promotion from_day", self.from_day, 0.0, MAX_DAY, "days")
        if self.to_day is not None:
            check_float("promotion to_day", self.to_day, 0.0, MAX_DAY, "days")
            if self.to_day < self.from_day:
                raise InputError("promotion to_day", self.to_day, f"at least from_day ({self.from_day})", "swap them")
        if self.per_28_days is not None:
            check_float("promotion per_28_days", self.per_28_days, 0.0, 1000.0)
        check_chosen("promotion", self.regions, self.skus)
