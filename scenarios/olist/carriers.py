"""Carrier services: a standard one as fitted, an express one as assumed."""

from __future__ import annotations

from scenarios.local_time import DAY_SECONDS
from scenarios.olist.freight import FreightFit
from scenarios.olist.transit import stretched
from scenarios.quantiles import QuantileTable
from scenarios.service import CarrierService, Zone

EXPRESS_PRICE, EXPRESS_TRANSIT, EXPRESS_GRAMS = 1.7, 0.45, 30_000
"""Express costs and lasts so many times standard (assumption), takes at most so much, and lasts a day at least."""

CARBON = {"standard": (300_000, 120), "express": (350_000, 700)}  # mg a parcel, mg a kg and km (assumption: road, air)


def carrier_services(freight: FreightFit, transit: tuple[QuantileTable, ...]) -> tuple[CarrierService, ...]:
    """``standard`` as fitted, and an assumed ``express``."""
    zones = {
        "standard": tuple(Zone(end, freight.rates(band), transit[band]) for band, end in enumerate(freight.ends_km)),
        "express": tuple(
            Zone(
                end,
                freight.rates(band, EXPRESS_PRICE, EXPRESS_GRAMS),
                stretched(transit[band], EXPRESS_TRANSIT, DAY_SECONDS),
            )
            for band, end in enumerate(freight.ends_km)
        ),
    }
    return tuple(
        CarrierService(name=name, zones=zones[name], carbon_parcel_milligrams=parcel, carbon_kg_km_milligrams=kg_km)
        for name, (parcel, kg_km) in CARBON.items()
    )
