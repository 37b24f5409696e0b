"""Orders of a trace as a shop sends them: names and UTC times, and nothing that only the trace knows."""

from __future__ import annotations

from typing import Any

from agents.documents import OrderDocument
from scenarios.handling import handling_names
from scenarios.local_time import format_utc
from scenarios.trace import Trace


class Orders:
    """The orders of a trace.

    Args:
        trace: whose orders they are.
        name: that ids begin with, so that several replays can meet in one database.
    """

    def __init__(self, trace: Trace, name: str) -> None:
        self._trace, self._name = trace, name
        self._start = int(trace.network.settings["epoch_seconds"][0])

    def utc(self, seconds: int) -> int:
        """UTC seconds of a second of the trace."""
        return self._start + int(seconds)

    def text(self, seconds: int) -> str:
        """A second of the trace as documents write times."""
        return format_utc(self.utc(seconds))

    def id(self, order: int) -> str:
        """Of an order, by its number in the trace."""
        return f"{self._name}-{order}"

    def lines(self, order: int) -> range:
        """Numbers of its lines in the trace."""
        row = self._trace.future.orders[order]
        return range(int(row["first_line"]), int(row["first_line"] + row["num_lines"]))

    def sku(self, line: int) -> str:
        """Of a line, by its number in the trace."""
        return self._trace.names.skus[self._trace.future.lines["sku"][line]]

    def document(self, order: int) -> OrderDocument:
        """What is sent."""
        row = self._trace.future.orders[order]
        return OrderDocument.model_validate(
            {
                "id": self.id(order),
                "region": self._trace.names.regions[row["region"]],
                "customer": f"{self._name}-{row['customer_id']}",
                "placed_at": self.text(row["arrival_seconds"]),
                "promise_at": self.text(row["promise_at"]),
                "requirements": handling_names(int(row["requirements"])),
                "lines": [self._line(line) for line in self.lines(order)],
            }
        )

    def _line(self, line: int) -> dict[str, Any]:
        row = self._trace.future.lines[line]
        ship_from = int(row["ship_from_seconds"])
        return {
            "sku": self.sku(line),
            "units": int(row["units"]),
            "margin_millicents": int(row["margin_millicents"]),
            "ship_from": self.text(ship_from) if ship_from > 0 else None,
        }
