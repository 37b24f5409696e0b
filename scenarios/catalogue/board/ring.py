"""Warehouses on a ring, each with the regions around it: the country in which most scenarios of the board play."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scenarios.region import Region

CENTRE = (50.0, 10.0)
"""Latitude and longitude of the ring's centre."""

KM_PER_DEGREE = 111.2
NEAREST_KM, SPREAD_KM = 15.0, 42.0
GOLDEN_ANGLE = 2.399963
"""Radians; regions lie in a sunflower around their warehouse."""


@dataclass(frozen=True, slots=True)
class Site:
    """A town with a warehouse and the customers around it.

    Attributes:
        name: of the warehouse; regions are numbered after it.
        share: of the country's demand.
        num_regions: around it, the nearer the more populous.
        num_stations: pick stations.
        radius_km: from the centre of the ring.
    """

    name: str
    share: float
    num_regions: int
    num_stations: int = 1
    radius_km: float = 250.0


@dataclass(frozen=True, slots=True)
class Ring:
    """Sites at equal angles around ``CENTRE``."""

    sites: tuple[Site, ...]

    def place(self, position: int) -> tuple[float, float]:
        """Latitude and longitude of a site."""
        angle = 2 * math.pi * position / len(self.sites)
        radius = self.sites[position].radius_km
        return _moved(CENTRE, radius * math.cos(angle), radius * math.sin(angle))

    def regions(self) -> tuple[Region, ...]:
        """All regions, site by site."""
        return tuple(
            Region(f"{site.name}-{number + 1}", *_around(self.place(position), number))
            for position, site in enumerate(self.sites)
            for number in range(site.num_regions)
        )

    def region_shares(self) -> tuple[float, ...]:
        """Of demand, in the sequence of ``regions``."""
        shares = []
        for site in self.sites:
            weights = [1.0 / (2.0 + number) for number in range(site.num_regions)]
            shares += [site.share * weight / sum(weights) for weight in weights]
        return tuple(shares)

    def names_around(self, *sites: str) -> tuple[str, ...]:
        """Names of the regions around some sites."""
        return tuple(region.name for region in self.regions() if region.name.rpartition("-")[0] in sites)


def _around(place: tuple[float, float], number: int) -> tuple[float, float]:
    km, angle = NEAREST_KM + SPREAD_KM * math.sqrt(number), GOLDEN_ANGLE * number
    return _moved(place, km * math.cos(angle), km * math.sin(angle))


def _moved(place: tuple[float, float], north_km: float, east_km: float) -> tuple[float, float]:
    latitude = place[0] + north_km / KM_PER_DEGREE
    longitude = place[1] + east_km / (KM_PER_DEGREE * math.cos(math.radians(place[0])))
    return round(latitude, 4), round(longitude, 4)
