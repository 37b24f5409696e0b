"""Carrier services and their collections, as the scenarios of the board state them."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.catalogue.board.ring import Ring
from scenarios.collection import Collection
from scenarios.local_time import HOUR_SECONDS
from scenarios.money import millicents
from scenarios.quantiles import lognormal
from scenarios.service import CarrierService, Rate, Zone
from scenarios.warehouse import ALL_WEEK

MAX_KM = (130, 380, 1_500)
"""Zones: around the warehouse, the neighbours on the ring, the rest of the country."""

GRAMS = (1_000, 3_000, 8_000, 31_500)
"""Weight bands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """One carrier service.

    Attributes:
        name: of the service.
        prices: of the lightest parcel by zone, currency units.
        more: for the weight bands from the second on, on top.
        hours: by zone, the least transit and the median of what comes on top.
        collections: ``HH:MM``, every day at every warehouse.
        sigma: of the lognormal on top.
        room: parcels a collection.
        carbon_grams: CO2e a parcel.
        carbon_kg_km: milligrams CO2e for a kilogram and kilometre.
    """

    name: str
    prices: tuple[float, float, float]
    hours: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    collections: tuple[str, ...]
    more: tuple[float, float, float] = (0.90, 2.20, 4.50)
    sigma: float = 0.4
    room: int = 1_000
    carbon_grams: int = 300
    carbon_kg_km: int = 150

    def service(self) -> CarrierService:
        """The service with its rate card."""
        bands = tuple(zip(GRAMS, (0.0, *self.more), strict=True))
        return CarrierService(
            name=self.name,
            zones=tuple(
                Zone(
                    max_km,
                    tuple(Rate(grams, millicents(price + more)) for grams, more in bands),
                    lognormal(median * HOUR_SECONDS, self.sigma, least * HOUR_SECONDS),
                )
                for max_km, price, (least, median) in zip(MAX_KM, self.prices, self.hours, strict=True)
            ),
            carbon_parcel_milligrams=self.carbon_grams * 1000,
            carbon_kg_km_milligrams=self.carbon_kg_km,
        )


def collections_of(ring: Ring, tariffs: tuple[Tariff, ...]) -> tuple[Collection, ...]:
    """Collections of all services at all warehouses of the ring."""
    return tuple(
        Collection(site.name, tariff.name, ALL_WEEK, at, tariff.room)
        for site in ring.sites
        for tariff in tariffs
        for at in tariff.collections
    )
