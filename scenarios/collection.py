"""Collections: when a carrier service fetches parcels at a warehouse, and how many."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import check_int, check_text, check_weekdays
from scenarios.errors import InputError
from scenarios.local_time import minutes_of

UNCAPPED_PARCELS = 1 << 40
"""Capacity of the last collection of every pair, at the calendar's end."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A repeated collection, in the warehouse's local time.

    A service that never collects at a warehouse has no lanes from there.

    Attributes:
        warehouse: name.
        service: name.
        weekdays: 0 (Monday) to 6 (Sunday).
        at: ``HH:MM``, before 24:00.
        capacity_parcels: parcels that fit, 0..10^9.
    """

    warehouse: str
    service: str
    weekdays: tuple[int, ...]
    at: str
    capacity_parcels: int

    def __post_init__(self) -> None:
        check_text("collection warehouse", self.warehouse)
        check_text("collection service", self.service)
        key = f"collection at {self.warehouse!r} by {self.service!r} "
        check_weekdays(key + "weekdays", self.weekdays)
        if minutes_of(key + "at", self.at) == 24 * 60:
            raise InputError(key + "at", self.at, "a time before 24:00", "write 00:00 of the next weekday")
        check_int(key + "capacity_parcels", self.capacity_parcels, 0, 10**9, "parcels")
