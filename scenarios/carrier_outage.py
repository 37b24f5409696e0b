"""Outages of carrier services that are stated, for toys and what-if studies."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import check_float, check_text
from scenarios.errors import InputError
from scenarios.surge import MAX_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierOutage:
    """Hidden until it starts, then visible with its end. Collections within it do not come.

    Attributes:
        service: name.
        from_day: start, days after second 0 (0.5: twelve hours after it).
        to_day: end, later than ``from_day``; a collection at that moment comes.
        warehouse: name; None for all.
    """

    service: str
    from_day: float
    to_day: float
    warehouse: str | None = None

    def __post_init__(self) -> None:
        check_text("outage service", self.service)
        check_float("outage from_day", self.from_day, 0.0, MAX_DAY, "days")
        check_float("outage to_day", self.to_day, 0.0, MAX_DAY, "days")
        if self.to_day <= self.from_day:
            raise InputError("outage to_day", self.to_day, f"later than from_day ({self.from_day})", "swap them")
        if self.warehouse is not None:
            check_text("outage warehouse", self.warehouse)
