"""An order log: real or hand-written orders that a trace takes as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenarios.checks import MAX_MILLICENTS, MAX_UNITS, check_tuple
from scenarios.demand import PublishedDemand
from scenarios.errors import InputError
from scenarios.handling import EVERYTHING, Handling, check_handling
from scenarios.network import record_dtype

LOG_ORDERS = record_dtype(
    "placed_at",  # UTC seconds; sorted ascending
    "customer_id",
    "region",
    "promise_at",  # UTC seconds, later than placed_at
    "requirements",
    "first_line",
    "num_lines",
)
LOG_LINES = record_dtype("sku", "units", "margin_millicents")  # grouped by order; margin of the whole line

_REMEDY = "correct or leave out that order before the log is built"


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a logged order; ``sku`` is a position, ``margin_millicents`` that of the whole line."""

    sku: int
    units: int
    margin_millicents: int = 0


@dataclass(frozen=True, slots=True)
class LogOrder:
    """A logged order; ``region`` is a position, times are UTC seconds."""

    placed_at: int
    promise_at: int
    region: int
    lines: tuple[LogLine, ...]
    customer_id: int = 0
    requirements: Handling = Handling.NONE

    def __post_init__(self) -> None:
        check_tuple("order lines", self.lines, LogLine, at_least=1)
        check_handling("order requirements", self.requirements)


@dataclass(frozen=True, slots=True, eq=False)
class OrderLog:
    """Orders with absolute times, as columns (so that a million of them are cheap).

    Attributes:
        orders: ``LOG_ORDERS``, shape ``(N,)``, sorted by ``placed_at``; made read-only.
        lines: ``LOG_LINES``, shape ``(L,)``, grouped by order in the same sequence; made read-only.
    """

    orders: np.ndarray
    lines: np.ndarray

    def __post_init__(self) -> None:
        for key, array, dtype in (("orders", self.orders, LOG_ORDERS), ("lines", self.lines, LOG_LINES)):
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
                raise InputError(f"log {key}", type(array).__name__, f"a 1-d array of {dtype}", "use OrderLog.of(...)")
        orders, lines = self.orders, self.lines
        _refuse("placed_at", orders["placed_at"], orders["placed_at"] < 0, "a UTC time after 1970")
        late = np.zeros(len(orders), bool)
        late[1:] = np.diff(orders["placed_at"]) < 0
        _refuse("placed_at", orders["placed_at"], late, "orders sorted by time")
        _refuse("promise_at", orders["promise_at"], orders["promise_at"] <= orders["placed_at"], "later than placed_at")
        _refuse("requirements", orders["requirements"], (orders["requirements"] & ~EVERYTHING) != 0, "known bits")
        _refuse("num_lines", orders["num_lines"], orders["num_lines"] < 1, "at least one line an order")
        starts = np.cumsum(orders["num_lines"]) - orders["num_lines"]
        _refuse("first_line", orders["first_line"], orders["first_line"] != starts, "lines grouped by order")
        if int(orders["num_lines"].sum()) != len(lines):
            raise InputError("log lines", len(lines), f"{int(orders['num_lines'].sum())} lines", _REMEDY)
        units, margins = lines["units"], lines["margin_millicents"]
        _refuse("units", units, (units < 1) | (units > MAX_UNITS), f"1 to {MAX_UNITS} units")
        _refuse("margin_millicents", margins, (margins < 0) | (margins > MAX_MILLICENTS), "not negative")
        owner = np.repeat(np.arange(len(orders)), orders["num_lines"])
        by_sku = np.lexsort((lines["sku"], owner))
        twice = np.zeros(len(lines), bool)
        twice[by_sku[1:]] = (np.diff(owner[by_sku]) == 0) & (np.diff(lines["sku"][by_sku]) == 0)
        _refuse("sku", lines["sku"], twice, "each SKU once in an order (add up the units)")
        orders.flags.writeable = False
        lines.flags.writeable = False

    @classmethod
    def of(cls, orders: Sequence[LogOrder]) -> OrderLog:
        """Columns from orders in any sequence; equal times keep theirs."""
        ordered = sorted(orders, key=lambda order: order.placed_at)
        table = np.zeros(len(ordered), LOG_ORDERS)
        lines: list[tuple[int, int, int]] = []
        for position, order in enumerate(ordered):
            table[position] = (
                order.placed_at,
                order.customer_id,
                order.region,
                order.promise_at,
                int(order.requirements),
                len(lines),
                len(order.lines),
            )
            lines.extend((line.sku, line.units, line.margin_millicents) for line in order.lines)
        return cls(table, np.array(lines, LOG_LINES))

    def check_references(self, num_regions: int, num_skus: int) -> None:
        """Raises:
        InputError: a region or SKU that the network does not have.
        """
        for key, column, size in (("region", self.orders["region"], num_regions), ("sku", self.lines["sku"], num_skus)):
            _refuse(key, column, (column < 0) | (column >= size), f"a position from 0 to {size - 1}")

    def published(self, num_regions: int, num_skus: int) -> PublishedDemand:
        """Means over the whole log: a reader that must not look ahead gives the scenario its own."""
        orders = self.orders
        span = max(3600, int(np.ptp(orders["placed_at"]))) if len(orders) else 3600
        regions = np.bincount(orders["region"], minlength=num_regions).astype(float)
        units = np.bincount(self.lines["sku"], weights=self.lines["units"], minlength=num_skus)
        return PublishedDemand(
            hourly_orders_milli=round(len(orders) * 3600 * 1000 / span),
            region_shares=tuple((regions if regions.sum() else regions + 1.0).tolist()),
            daily_units_milli=tuple(round(float(value) * 86_400 * 1000 / span) for value in units),
        )


def _refuse(key: str, column: np.ndarray, wrong: np.ndarray, expected: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(f"log {key} in row {row}", int(column[row]), expected, _REMEDY)
