"""Stock at the start and receipts to come."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import MAX_SECONDS, MAX_UNITS, check_int, check_text
from scenarios.errors import InputError


@dataclass(frozen=True, slots=True)
class StockRow:
    """Units on hand at second 0; what has no row is not there."""

    warehouse: str
    sku: str
    on_hand_units: int

    def __post_init__(self) -> None:
        check_text("stock warehouse", self.warehouse)
        check_text("stock sku", self.sku)
        check_int(f"stock of {self.sku!r} at {self.warehouse!r} on_hand_units", self.on_hand_units, 0, MAX_UNITS)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Units that will arrive.

    Attributes:
        warehouse: name.
        sku: name.
        units: expected, at least 1.
        announced_seconds: when routers hear of it, seconds after the scenario's epoch.
        expected_seconds: when it is expected, later than that. Receipts after the calendar's end are left out
            of a trace.
    """

    warehouse: str
    sku: str
    units: int
    announced_seconds: int
    expected_seconds: int

    def __post_init__(self) -> None:
        check_text("receipt warehouse", self.warehouse)
        check_text("receipt sku", self.sku)
        key = f"receipt of {self.sku!r} at {self.warehouse!r} "
        check_int(key + "units", self.units, 1, MAX_UNITS)
        check_int(key + "announced_seconds", self.announced_seconds, 0, MAX_SECONDS)
        check_int(key + "expected_seconds", self.expected_seconds, 0, MAX_SECONDS)
        if self.expected_seconds <= self.announced_seconds:
            raise InputError(
                key + "expected_seconds",
                self.expected_seconds,
                f"later than its announcement at {self.announced_seconds}",
                "announce receipts before they come",
            )
