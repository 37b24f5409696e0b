"""Regions: where customers live."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import check_float, check_text
from scenarios.local_time import zone_of


@dataclass(frozen=True, slots=True)
class Region:
    """A place that parcels go to.

    Attributes:
        name: unique among regions.
        latitude: degrees, -90..90.
        longitude: degrees, -180..180.
        time_zone: IANA name; promises end at the end of its local day.
    """

    name: str
    latitude: float
    longitude: float
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        check_text("region name", self.name)
        key = f"region {self.name!r} "
        check_float(key + "latitude", self.latitude, -90.0, 90.0, "degrees")
        check_float(key + "longitude", self.longitude, -180.0, 180.0, "degrees")
        zone_of(key + "time_zone", self.time_zone)
