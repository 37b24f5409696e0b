"""Stock at the start and receipts to come."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import MAX_SECONDS, MAX_UNITS, check_int, check_text
from scenarios.errors import InputError


@dataclass(frozen=True, slots=True)
class StockRow:
    """Units on hand at second 0; what has no row is not there.

    Attributes:
        warehouse: name.
        sku: name.
        on_hand_units: at second 0.
        reorder_point_units: at a review (``Settings.review_hours``), when available and ordered units are at most
            this, so many are ordered that they reach ``order_up_to_units``.
        order_up_to_units: more than the reorder point; 0 if the SKU is never reordered here.
    """

    warehouse: str
    sku: str
    on_hand_units: int
    reorder_point_units: int = 0
    order_up_to_units: int = 0

    def __post_init__(self) -> None:
        check_text("stock warehouse", self.warehouse)
        check_text("stock sku", self.sku)
        key = f"stock of {self.sku!r} at {self.warehouse!r} "
        for name in ("on_hand_units", "reorder_point_units", "order_up_to_units"):
            check_int(key + name, getattr(self, name), 0, MAX_UNITS)
        if self.order_up_to_units <= self.reorder_point_units and (self.order_up_to_units or self.reorder_point_units):
            raise InputError(
                key + "order_up_to_units",
                self.order_up_to_units,
                f"more than reorder_point_units ({self.reorder_point_units}), or both 0",
                "raise it, or leave both out",
            )


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
        actual_units: hidden; what comes in truth. None: drawn by the scenario's ``ReceiptReliability``, or as expected.
        delay_seconds: hidden; how much later than expected it comes in truth (negative: earlier, but not before its
            announcement). None: as above.
    """

    warehouse: str
    sku: str
    units: int
    announced_seconds: int
    expected_seconds: int
    actual_units: int | None = None
    delay_seconds: int | None = None

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
        if self.actual_units is not None:
            check_int(key + "actual_units", self.actual_units, 0, MAX_UNITS)
        if self.delay_seconds is not None:
            earliest = self.announced_seconds - self.expected_seconds
            check_int(key + "delay_seconds", self.delay_seconds, earliest, MAX_SECONDS, "seconds")
