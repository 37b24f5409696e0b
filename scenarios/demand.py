"""Demand: the hidden model that orders are drawn from, and the means of it that are published."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scenarios.checks import (
    check_float,
    check_int,
    check_shares,
    check_text,
    check_tuple,
    check_unique,
)
from scenarios.errors import InputError
from scenarios.handling import Handling, check_handling
from scenarios.local_time import minutes_of, zone_of

FLAT_DAY = (1.0,) * 24
FLAT_WEEK = (1.0,) * 7


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise rule: the end of the customer's local day, so many days later.

    Attributes:
        name: such as ``express``.
        share: weight among the rules of a scenario.
        days: 0..60; day 0 is the day of the order.
        cutoff: ``HH:MM`` local; later orders count as ordered on the next day.
        skip_weekdays: weekdays that do not count (0 is Monday).
    """

    name: str
    share: float
    days: int
    cutoff: str = "24:00"
    skip_weekdays: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_text("promise name", self.name)
        check_float(f"promise {self.name!r} share", self.share, 0.0, 1e12)
        check_int(f"promise {self.name!r} days", self.days, 0, 60, "days")
        minutes_of(f"promise {self.name!r} cutoff", self.cutoff)
        check_tuple(f"promise {self.name!r} skip_weekdays", self.skip_weekdays, int)
        check_unique(f"promise {self.name!r} skip_weekdays", self.skip_weekdays)
        for weekday in self.skip_weekdays:
            check_int(f"promise {self.name!r} skip_weekdays", weekday, 0, 6)
        if len(self.skip_weekdays) == 7:
            raise InputError(f"promise {self.name!r} skip_weekdays", "all", "a weekday that counts", "leave one out")


@dataclass(frozen=True, slots=True)
class OrderRequirement:
    """A handling that a share of the orders asks for as a whole (a gift, a signature)."""

    requirements: Handling
    share: float

    def __post_init__(self) -> None:
        check_handling("order requirements", self.requirements)
        check_float("order requirement share", self.share, 0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A Poisson process of orders whose rate follows hour and weekday.

    All tuples of shares are weights: they are normalised where they are used.

    Attributes:
        orders_per_day: mean over a week, the repeated orders included; 0..10^7.
        region_shares: one for each region.
        sku_shares: one for each SKU; a basket is drawn without replacement by these weights.
        basket_shares: of baskets with 1, 2, ... distinct SKUs.
        units_shares: of lines with 1, 2, ... units.
        promises: promise rules; at least one.
        order_requirements: independent of each other.
        hour_weights: 24 weights of the hours of the local day.
        weekday_weights: 7 weights, Monday first.
        time_zone: IANA name of the clock of these weights.
        repeat_share: of the orders are followed by another one of the same customer, 0..0.9.
        repeat_minutes: mean of the exponential time in between.
        num_initial_orders: backlog, ordinary orders at second 0.
        max_orders: later orders are left out; None for no limit.
    """

    orders_per_day: float
    region_shares: tuple[float, ...]
    sku_shares: tuple[float, ...]
    promises: tuple[Promise, ...]
    basket_shares: tuple[float, ...] = (1.0,)
    units_shares: tuple[float, ...] = (1.0,)
    order_requirements: tuple[OrderRequirement, ...] = ()
    hour_weights: tuple[float, ...] = FLAT_DAY
    weekday_weights: tuple[float, ...] = FLAT_WEEK
    time_zone: str = "UTC"
    repeat_share: float = 0.0
    repeat_minutes: float = 30.0
    num_initial_orders: int = 0
    max_orders: int | None = None

    def __post_init__(self) -> None:
        check_float("orders_per_day", self.orders_per_day, 0.0, 1e7)
        check_shares("region_shares", self.region_shares)
        check_shares("sku_shares", self.sku_shares)
        check_shares("basket_shares", self.basket_shares)
        check_shares("units_shares", self.units_shares)
        check_shares("hour_weights", self.hour_weights, 24)
        check_shares("weekday_weights", self.weekday_weights, 7)
        check_tuple("promises", self.promises, Promise, at_least=1)
        check_unique("promise name", [promise.name for promise in self.promises])
        check_shares("promise shares", tuple(promise.share for promise in self.promises))
        check_tuple("order_requirements", self.order_requirements, OrderRequirement)
        zone_of("demand time_zone", self.time_zone)
        check_float("repeat_share", self.repeat_share, 0.0, 0.9)
        check_float("repeat_minutes", self.repeat_minutes, 1.0, 100_000.0, "minutes")
        check_int("num_initial_orders", self.num_initial_orders, 0, 10**7)
        if self.max_orders is not None:
            check_int("max_orders", self.max_orders, 0, 10**9)
        possible = sum(share > 0 for share in self.sku_shares)
        largest = max(size for size, share in enumerate(self.basket_shares, 1) if share > 0)
        if largest > possible:
            raise InputError(
                "basket_shares", largest, f"baskets of at most {possible} distinct SKUs", "give more SKUs a share"
            )

    def published(self) -> PublishedDemand:
        """The long-run means of this model."""
        per_basket = mean_from_one(self.basket_shares)
        units = self.orders_per_day * mean_from_one(self.units_shares)
        return PublishedDemand(
            hourly_orders_milli=round(self.orders_per_day * 1000 / 24),
            region_shares=_normalised(self.region_shares),
            daily_units_milli=tuple(
                round(units * chance * 1000) for chance in basket_chances(self.sku_shares, per_basket)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDemand:
    """What a router may know about demand beforehand.

    Attributes:
        hourly_orders_milli: mean orders an hour, in thousandths.
        region_shares: one for each region.
        daily_units_milli: mean units a day of each SKU, in thousandths.
    """

    hourly_orders_milli: int
    region_shares: tuple[float, ...]
    daily_units_milli: tuple[int, ...]

    def __post_init__(self) -> None:
        check_int("hourly_orders_milli", self.hourly_orders_milli, 0, 10**12)
        check_shares("published region_shares", self.region_shares)
        check_tuple("daily_units_milli", self.daily_units_milli, int, at_least=1)
        for value in self.daily_units_milli:
            check_int("daily_units_milli", value, 0, 10**15)


def basket_chances(shares: tuple[float, ...], mean_size: float) -> list[float]:
    """Chance of each SKU to be in a basket drawn without replacement, about ``1 - exp(-t share)``.

    ``t`` is such that the chances sum to the mean basket size (exponential clocks; Source: Rosen 1972,
    "Asymptotic theory for successive sampling with varying probabilities without replacement").
    """
    weights = _normalised(shares)
    positive = sum(weight > 0 for weight in weights)
    if positive == 1 or mean_size <= 1.0:
        return [weight * mean_size for weight in weights]
    low, high = 0.0, 1.0
    target = min(mean_size, positive * (1 - 1e-9))
    while sum(-math.expm1(-high * weight) for weight in weights) < target:
        high *= 2.0
    for _ in range(100):
        middle = (low + high) / 2.0
        if sum(-math.expm1(-middle * weight) for weight in weights) < target:
            low = middle
        else:
            high = middle
    return [-math.expm1(-high * weight) for weight in weights]


def _normalised(shares: tuple[float, ...]) -> tuple[float, ...]:
    total = math.fsum(shares)
    return tuple(float(share / total) for share in shares)


def mean_from_one(shares: tuple[float, ...]) -> float:
    """Mean of a number that is 1, 2, ... with these weights."""
    return sum(size * share for size, share in enumerate(shares, 1)) / sum(shares)
