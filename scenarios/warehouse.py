"""Warehouses and their shifts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from scenarios.checks import (
    MAX_MILLICENTS,
    check_float,
    check_int,
    check_text,
    check_tuple,
    check_weekdays,
)
from scenarios.errors import InputError
from scenarios.handling import Handling, check_handling
from scenarios.local_time import minutes_of, zone_of
from scenarios.quantiles import QuantileTable, constant

ALL_WEEK = (0, 1, 2, 3, 4, 5, 6)
WORKDAYS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Shift:
    """Opening hours on some weekdays, in the warehouse's local time.

    Attributes:
        weekdays: 0 (Monday) to 6 (Sunday).
        opens: ``HH:MM``.
        closes: ``HH:MM``, later than ``opens``; ``24:00`` at most. Work past midnight is two shifts, which
            join when the calendar is expanded.
    """

    weekdays: tuple[int, ...]
    opens: str
    closes: str

    def __post_init__(self) -> None:
        check_weekdays("shift weekdays", self.weekdays)
        if minutes_of("shift closes", self.closes) <= minutes_of("shift opens", self.opens):
            raise InputError(
                "shift closes", self.closes, f"later than {self.opens}", "write work past midnight as two shifts"
            )


ALWAYS_OPEN = (Shift(ALL_WEEK, "00:00", "24:00"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """A place that keeps stock and picks parcels.

    Attributes:
        name: unique among warehouses.
        latitude: degrees, -90..90.
        longitude: degrees, -180..180.
        time_zone: IANA name; shifts and collections are in its local time.
        num_stations: pick stations, first in first out, 1..1000.
        shifts: opening hours; at least one.
        parcel_millicents: handling cost of a parcel.
        line_millicents: handling cost of a line.
        pick_parcel_seconds: expected pick = parcel + lines * line + units * unit seconds, at least 1.
        pick_line_seconds: see above.
        pick_unit_seconds: see above.
        pick_factor: distribution of the real over the expected pick time, in thousandths.
        capabilities: see ``scenarios.handling``.
        short_pick_share: probability that a line is found short when it is picked, 0..1.
        lead_time: of reordered goods, seconds; None if this warehouse reorders nothing.
    """

    name: str
    latitude: float
    longitude: float
    time_zone: str = "UTC"
    num_stations: int = 1
    shifts: tuple[Shift, ...] = ALWAYS_OPEN
    parcel_millicents: int = 0
    line_millicents: int = 0
    pick_parcel_seconds: int = 60
    pick_line_seconds: int = 0
    pick_unit_seconds: int = 0
    pick_factor: QuantileTable = field(default_factory=lambda: constant(1000))
    capabilities: Handling = Handling.NONE
    short_pick_share: float = 0.0
    lead_time: QuantileTable | None = None

    def __post_init__(self) -> None:
        check_text("warehouse name", self.name)
        key = f"warehouse {self.name!r} "
        check_float(key + "latitude", self.latitude, -90.0, 90.0, "degrees")
        check_float(key + "longitude", self.longitude, -180.0, 180.0, "degrees")
        zone_of(key + "time_zone", self.time_zone)
        check_int(key + "num_stations", self.num_stations, 1, 1000)
        check_tuple(key + "shifts", self.shifts, Shift, at_least=1)
        _check_overlap(key + "shifts", self.shifts)
        for name in ("parcel_millicents", "line_millicents"):
            check_int(key + name, getattr(self, name), 0, MAX_MILLICENTS)
        for name in ("pick_parcel_seconds", "pick_line_seconds", "pick_unit_seconds"):
            check_int(key + name, getattr(self, name), 0, 86_400)
        if self.pick_parcel_seconds + self.pick_line_seconds + self.pick_unit_seconds < 1:
            raise InputError(
                key + "pick_parcel_seconds", 0, "a pick of at least 1 second", "give one of the pick times"
            )
        check_tuple(key + "pick_factor", (self.pick_factor,), QuantileTable)
        check_handling(key + "capabilities", self.capabilities)
        check_float(key + "short_pick_share", self.short_pick_share, 0.0, 1.0)
        if self.lead_time is not None:
            check_tuple(key + "lead_time", (self.lead_time,), QuantileTable)


def _check_overlap(key: str, shifts: tuple[Shift, ...]) -> None:
    for weekday in ALL_WEEK:
        hours = sorted(
            (minutes_of(key, shift.opens), minutes_of(key, shift.closes))
            for shift in shifts
            if weekday in shift.weekdays
        )
        for (_, closes), (opens, _) in itertools.pairwise(hours):
            if opens < closes:
                raise InputError(
                    key, f"weekday {weekday}", "shifts that do not overlap", "join them or move one of them"
                )
