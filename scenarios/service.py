"""Carrier services: a carrier at a shipping tier, with rate card, transit times, carbon and capabilities."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import (
    MAX_GRAMS,
    MAX_MILLICENTS,
    check_ascending,
    check_int,
    check_text,
    check_tuple,
)
from scenarios.handling import Handling, check_handling
from scenarios.quantiles import QuantileTable


@dataclass(frozen=True, slots=True)
class Rate:
    """One row of a rate card: the price of a parcel of up to ``max_grams``."""

    max_grams: int
    price_millicents: int

    def __post_init__(self) -> None:
        check_int("rate max_grams", self.max_grams, 1, MAX_GRAMS, "grams")
        check_int("rate price_millicents", self.price_millicents, 0, MAX_MILLICENTS, "millicents")


@dataclass(frozen=True, slots=True)
class Zone:
    """A distance band of a service.

    Attributes:
        max_km: farthest great-circle distance, whole kilometres; nearer ones belong to the zone before.
        rates: ascending by ``max_grams``; a heavier parcel cannot go.
        transit: from collection to door, seconds.
    """

    max_km: int
    rates: tuple[Rate, ...]
    transit: QuantileTable

    def __post_init__(self) -> None:
        check_int("zone max_km", self.max_km, 1, 25_000, "kilometres")
        check_tuple("zone rates", self.rates, Rate, at_least=1)
        check_ascending("rate max_grams", [rate.max_grams for rate in self.rates])
        check_tuple("zone transit", (self.transit,), QuantileTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierService:
    """A carrier at a shipping tier.

    Attributes:
        name: unique among services.
        zones: ascending by ``max_km``; beyond the last the service does not go.
        carbon_parcel_milligrams: CO2e of handling one parcel.
        carbon_kg_km_milligrams: CO2e of carrying one kilogram one kilometre.
        capabilities: see ``scenarios.handling``.
    """

    name: str
    zones: tuple[Zone, ...]
    carbon_parcel_milligrams: int = 0
    carbon_kg_km_milligrams: int = 0
    capabilities: Handling = Handling.NONE

    def __post_init__(self) -> None:
        check_text("service name", self.name)
        key = f"service {self.name!r} "
        check_tuple(key + "zones", self.zones, Zone, at_least=1)
        check_ascending(key + "zone max_km", [zone.max_km for zone in self.zones])
        check_int(key + "carbon_parcel_milligrams", self.carbon_parcel_milligrams, 0, 10**9)
        check_int(key + "carbon_kg_km_milligrams", self.carbon_kg_km_milligrams, 0, 10**7)
        check_handling(key + "capabilities", self.capabilities)

    def zone_index(self, distance_km: int) -> int | None:
        """Position of the zone for a distance, None where the service does not go."""
        for position, zone in enumerate(self.zones):
            if distance_km <= zone.max_km:
                return position
        return None
