"""What the data does not tell: stations, shifts, collections, stock and receipts, sized to a forecast.

All constants here are assumptions (``docs/olist.md`` lists them). Sizes follow the mean daily orders that are
known before a window begins, so a growing marketplace keeps its balance of scarce and ample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scenarios.collection import Collection
from scenarios.demand import PublishedDemand
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS, minutes_of
from scenarios.money import millicents
from scenarios.olist.clock import TIME_ZONE
from scenarios.olist.places import Centres
from scenarios.quantiles import unit_lognormal
from scenarios.sku import Sku
from scenarios.stock import Receipt, StockRow
from scenarios.warehouse import WORKDAYS, Shift, Warehouse

SHIFTS = (Shift(WORKDAYS, "08:00", "20:00"), Shift((5,), "08:00", "14:00"))
NUM_STATIONS = 11
"""In all warehouses together, shared by their expected work and rounded up."""

UTILISATION = 0.7
"""Picks of a mean week over open station hours, if every warehouse gets its expected share."""

PICK_PARTS = (0.6, 0.3, 0.1)  # of the pick time of one parcel with one line of one unit
PICK_SIGMA = 0.5
PARCEL_COST, LINE_COST = 2.00, 0.50  # BRL

COLLECTIONS = (("standard", "17:00", 1.2), ("express", "19:00", 0.3))
"""Service, local time on workdays, room as a share of the parcels that a warehouse expects for a workday."""

MISPLACEMENT_SIGMA = 1.0
"""Of the lognormal factor by which stock and receipts of a (warehouse, SKU) miss their share."""

COVER_DAYS = 5.0
SAFETY = 2.5
"""Stock at the start: so many days of mean demand, and that many standard deviations of a week's demand."""

LEAST_UNITS = 2
"""Of each SKU at the start, in all warehouses together."""

RECEIPT_SHARE = 1.05
"""Units that come each week over a mean week's demand."""

PRIOR_ORDERS = 500
"""The forecast of a SKU's share leans on the training days with the weight of so many orders."""

RECEIPT_AT = "10:00"
ANNOUNCED_DAYS = 9
"""Days before a receipt at which it is announced (or at the start)."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Mean demand that is known before a window begins: orders a day, and units of each SKU a day (K,)."""

    daily_orders: float
    daily_units: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What was fitted for the facilities, free of volume.

    Attributes:
        sites: warehouses' places.
        holding: float (W, K), share of each SKU's demand that a warehouse is stocked for; rows of a SKU sum to 1.
        work: float (W,), share of the parcels that a warehouse is expected to send; sums to 1.
        units_per_order: float (K,), mean units of each SKU in an order of the training days.
        region_shares: of the orders.
    """

    sites: Centres
    holding: np.ndarray
    work: np.ndarray
    units_per_order: np.ndarray
    region_shares: tuple[float, ...]

    def forecast(self, num_orders: int, units: np.ndarray, num_days: int) -> Forecast:
        """Mean demand after ``num_days`` in which ``num_orders`` came with ``units`` int (K,) of each SKU.

        The volume is that of these days; the mix of SKUs leans on the training days with the weight of
        ``PRIOR_ORDERS`` (the posterior mean under a gamma prior).
        """
        mix = (units + PRIOR_ORDERS * self.units_per_order) / (num_orders + PRIOR_ORDERS)
        daily_orders = max(num_orders, 1) / num_days
        return Forecast(daily_orders, mix * daily_orders)

    def published(self, forecast: Forecast) -> PublishedDemand:
        """Means that are known beforehand."""
        return PublishedDemand(
            hourly_orders_milli=round(forecast.daily_orders * 1000 / 24),
            region_shares=self.region_shares,
            daily_units_milli=tuple(round(value) for value in (forecast.daily_units * 1000).tolist()),
        )

    def warehouses(self, daily_orders: float) -> tuple[Warehouse, ...]:
        """Warehouses whose stations are busy for ``UTILISATION`` at that volume.

        In a thinned stream a pick stands for several, so it lasts longer by as much.
        """
        stations = np.ceil(NUM_STATIONS * self.work).astype(int)
        pick = UTILISATION * int(stations.sum()) * _open_seconds() / 7 / daily_orders
        parcel, line, unit = (min(86_400, max(1, round(part * pick))) for part in PICK_PARTS)
        return tuple(
            Warehouse(
                name=name,
                latitude=float(latitude),
                longitude=float(longitude),
                time_zone=TIME_ZONE,
                num_stations=int(count),
                shifts=SHIFTS,
                parcel_millicents=millicents(PARCEL_COST),
                line_millicents=millicents(LINE_COST),
                pick_parcel_seconds=parcel,
                pick_line_seconds=line,
                pick_unit_seconds=unit,
                pick_factor=unit_lognormal(PICK_SIGMA),
            )
            for name, latitude, longitude, count in zip(
                self.sites.names, self.sites.latitudes, self.sites.longitudes, stations, strict=True
            )
        )

    def collections(self, daily_orders: float) -> tuple[Collection, ...]:
        """One collection a workday by each service; room for the week's parcels in five days, and some more."""
        return tuple(
            Collection(name, service, WORKDAYS, at, max(1, math.ceil(room * daily_orders * share * 7 / len(WORKDAYS))))
            for name, share in zip(self.sites.names, self.work.tolist(), strict=True)
            for service, at, room in COLLECTIONS
        )

    def supply(
        self,
        skus: tuple[Sku, ...],
        daily_units: np.ndarray,
        num_days: int,
        first_weekday: int,
        random: np.random.Generator,
    ) -> tuple[tuple[StockRow, ...], tuple[Receipt, ...]]:
        """Stock at the start and a truck a week to each warehouse, misplaced at random.

        Args:
            skus: names in the sequence of ``holding``.
            daily_units: float (K,), forecast.
            num_days: trucks come within these days; second 0 is a local midnight.
            first_weekday: of the first day, 0 is Monday.
            random: draws misplacement and roundings.
        """
        weekly = daily_units * 7
        misplaced = self.holding * random.lognormal(0.0, MISPLACEMENT_SIGMA, self.holding.shape)
        shares = misplaced / misplaced.sum(axis=0)
        start = np.maximum(LEAST_UNITS, weekly * COVER_DAYS / 7 + SAFETY * np.sqrt(weekly))
        on_hand = _whole(start, shares, random)
        stock = tuple(
            StockRow(site, sku.name, int(units))
            for site, row in zip(self.sites.names, on_hand, strict=True)
            for sku, units in zip(skus, row, strict=True)
            if units
        )
        receipts: list[Receipt] = []
        hour = minutes_of("RECEIPT_AT", RECEIPT_AT) * 60
        for week in range(math.ceil(num_days / 7)):
            units = _whole(weekly * RECEIPT_SHARE, shares, random)
            for position, site in enumerate(self.sites.names):
                day = 7 * week + (position % len(WORKDAYS) - first_weekday) % 7
                expected = day * DAY_SECONDS + hour
                announced = max(0, expected - ANNOUNCED_DAYS * 24 * HOUR_SECONDS)
                receipts.extend(
                    Receipt(site, skus[k].name, int(units[position, k]), announced, expected)
                    for k in np.flatnonzero(units[position])
                )
        return stock, tuple(receipts)


def _open_seconds() -> int:
    """Of one station in a week."""
    return sum(
        len(shift.weekdays) * (minutes_of("closes", shift.closes) - minutes_of("opens", shift.opens)) * 60
        for shift in SHIFTS
    )


def _whole(means: np.ndarray, shares: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Whole units (W, K): totals by SKU rounded at random without bias, then dealt out by the shares."""
    totals = np.floor(means + random.random(len(means))).astype(np.int64)
    return random.multinomial(totals, shares.T).T
