"""Settings: what things cost and what a plan may do."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import MAX_MILLICENTS, check_bool, check_float, check_int
from scenarios.errors import InputError
from scenarios.money import millicents

MAX_HOLD_MINUTES = 120
"""An order is held no longer than that in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Public rules and prices of a scenario.

    Attributes:
        max_parcels: of one plan, 1..8.
        is_decline_a_choice: otherwise an order is declined only when nothing else is feasible.
        is_backorder_allowed: lines may wait for an announced receipt.
        lateness_step_millicents: per late line.
        lateness_hour_millicents: per late line and hour, up to the cap.
        lateness_cap_hours: hours of lateness that are charged at most.
        waiting_hour_millicents: per line and hour until a backordered line is released.
        carbon_kg_millicents: price of one kilogram CO2e.
        packaging_parcel_millicents: per parcel.
        packaging_kg_millicents: per kilogram in a parcel.
        quote_level: quantile of transit that the quoted delivery stands for, above 0, at most 1.
        price_level_millicents: M of the closed-form bid price M (e^w - 1)/(e - 1), w the share of stock gone.
        hold_short_minutes: an order may be held so long before it is decided, 0..120; 0 for no such choice.
        hold_long_minutes: the same, a longer one.
        review_hours: stock is reviewed and reordered at multiples of this, 0..8784; 0 for never.
    """

    max_parcels: int = 3
    is_decline_a_choice: bool = False
    is_backorder_allowed: bool = True
    lateness_step_millicents: int = millicents(5.00)
    lateness_hour_millicents: int = millicents(0.25)
    lateness_cap_hours: int = 72
    waiting_hour_millicents: int = millicents(0.02)
    carbon_kg_millicents: int = millicents(0.10)
    packaging_parcel_millicents: int = millicents(0.30)
    packaging_kg_millicents: int = millicents(0.05)
    quote_level: float = 0.9
    price_level_millicents: int = millicents(4.00)
    hold_short_minutes: int = 0
    hold_long_minutes: int = 0
    review_hours: int = 0

    def __post_init__(self) -> None:
        check_int("max_parcels", self.max_parcels, 1, 8)
        check_bool("is_decline_a_choice", self.is_decline_a_choice)
        check_bool("is_backorder_allowed", self.is_backorder_allowed)
        check_int("lateness_cap_hours", self.lateness_cap_hours, 0, 10_000, "hours")
        check_float("quote_level", self.quote_level, 0.001, 1.0)
        check_int("hold_short_minutes", self.hold_short_minutes, 0, MAX_HOLD_MINUTES, "minutes")
        check_int("hold_long_minutes", self.hold_long_minutes, 0, MAX_HOLD_MINUTES, "minutes")
        if 0 < self.hold_long_minutes <= self.hold_short_minutes:
            raise InputError(
                "hold_long_minutes",
                self.hold_long_minutes,
                f"more than hold_short_minutes ({self.hold_short_minutes}), or 0",
                "swap them, or offer only one hold",
            )
        check_int("review_hours", self.review_hours, 0, 366 * 24, "hours")
        for name in (
            "lateness_step_millicents",
            "lateness_hour_millicents",
            "waiting_hour_millicents",
            "carbon_kg_millicents",
            "packaging_parcel_millicents",
            "packaging_kg_millicents",
            "price_level_millicents",
        ):
            check_int(name, getattr(self, name), 0, MAX_MILLICENTS, "millicents")
