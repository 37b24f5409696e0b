"""What happens in the simulated world, as the events that a shop tells the endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from envs.log import Kind
from envs.world import World
from scenarios.trace import ALL_WAREHOUSES
from serve.orders import event as told
from serve.replay.orders import Orders


class Outcomes:
    """Turns rows of a world's event log into events, while the world stands where they happened.

    Args:
        world: that is played.
        orders: its orders' names and times.
        name: that ids of events and receipts begin with.
    """

    def __init__(self, world: World, orders: Orders, name: str) -> None:
        self._world, self._orders, self._name = world, orders, name
        self._num_told = 0
        self._receipts: dict[int, str] = {}
        self._parcels: dict[int, str] = {}
        self._delivered: set[int] = set()
        self._written_off = world.seen.stock["written_off_units"].copy()
        self._tell: dict[int, Callable[[np.ndarray, np.ndarray], list[told.AnyEvent]]] = {
            Kind.RECEIPT_ANNOUNCED: self._announced,
            Kind.REORDERED: self._announced,
            Kind.RECEIPT_ARRIVED: self._arrived,
            Kind.PICK_STARTED: self._pick_started,
            Kind.PICK_FINISHED: self._pick_finished,
            Kind.COLLECTED: self._handed_over,
            Kind.DELIVERED: self._at_the_door,
            Kind.OUTAGE_STARTED: self._outage,
        }

    def know(self, parcel: int, parcel_id: str) -> None:
        """The endpoint calls a parcel of the world so."""
        self._parcels[parcel] = parcel_id

    @property
    def receipts(self) -> dict[str, int]:
        """Numbers of receipts by what the endpoint calls them."""
        return {name: number for number, name in self._receipts.items()}

    def events(self, rows: np.ndarray) -> list[told.AnyEvent]:
        """What a shop sees of it.

        Args:
            rows: int64 (n, columns) of the event log, of one moment.
        """
        found: list[told.AnyEvent] = []
        for row in rows:
            tell = self._tell.get(int(row[1]))
            found += tell(row, rows) if tell else []
        return found + self._cancelled(rows)

    def _of(self, row: np.ndarray) -> dict[str, Any]:
        """What every event has."""
        self._num_told += 1
        return {"id": f"{self._name}-event-{self._num_told}", "at": self._orders.text(int(row[0]))}

    def _of_parcel(self, row: np.ndarray) -> dict[str, Any] | None:
        """With its parcel; None of one that the endpoint did not plan."""
        parcel = self._parcels.get(int(row[3]))
        return None if parcel is None else self._of(row) | {"parcel": parcel}

    def _announced(self, row: np.ndarray, rows: np.ndarray) -> list[told.AnyEvent]:
        number, names = int(row[6]), self._world.trace.names
        arrival = self._world.hidden.arrivals[number]
        fields = self._of(row)
        self._receipts[number] = f"{self._name}-receipt-{self._num_told}"
        return [
            told.ReceiptAnnounced(
                **fields,
                kind="receipt_announced",
                receipt=self._receipts[number],
                warehouse=names.warehouses[arrival["warehouse"]],
                sku=names.skus[arrival["sku"]],
                expected_at=self._orders.text(arrival["expected_at"]),
                units=int(arrival["expected_units"]),
            )
        ]

    def _arrived(self, row: np.ndarray, rows: np.ndarray) -> list[told.AnyEvent]:
        number = int(row[6])
        units = int(self._world.hidden.arrivals[number]["actual_units"])
        receipt = self._receipts[number]
        return [told.ReceiptArrived(**self._of(row), kind="receipt_arrived", receipt=receipt, units=units)]

    def _pick_started(self, row: np.ndarray, rows: np.ndarray) -> list[told.AnyEvent]:
        fields = self._of_parcel(row)
        return [told.PickStarted(**fields, kind="pick_started")] if fields else []

    def _pick_finished(self, row: np.ndarray, rows: np.ndarray) -> list[told.AnyEvent]:
        short = [self._short(other) for other in rows if other[1] == Kind.SHORT_PICKED and other[3] == row[3]]
        fields = self._of_parcel(row)
        return [told.PickFinished(**fields, kind="pick_finished", short=short)] if fields else []

    def _short(self, row: np.ndarray) -> told.ShortLine:
        """How many units were found shows in what was written off since the last look."""
        line = self._world.future.lines[int(row[6])]
        cell = int(row[4]), int(line["sku"])
        written_off = int(self._world.seen.stock["written_off_units"][cell])
        missing, self._written_off[cell] = written_off - int(self._written_off[cell]), written_off
        return told.ShortLine(sku=self._orders.sku(int(row[6])), found_units=int(line["units"]) - missing)

    def _handed_over(self, row: np.ndarray, rows: np.ndarray) -> list[told.AnyEvent]:
        fields = self._of_parcel(row)
        return [told.HandedOver(**fields, kind="handed_over")] if fields else []

    def _at_the_door(self, row: np.ndarray, rows: np.ndarray) -> list[told.AnyEvent]:
        """One row for each order of the parcel."""
        if int(row[3]) in self._delivered:
            return []
        self._delivered.add(int(row[3]))
        fields = self._of_parcel(row)
        return [told.Delivered(**fields, kind="delivered")] if fields else []

    def _outage(self, row: np.ndarray, rows: np.ndarray) -> list[told.AnyEvent]:
        """One for each warehouse: another outage there may last longer."""
        outage, names = self._world.future.outages[int(row[6])], self._world.trace.names
        service, until = int(outage["service"]), self._world.seen.interruptions["until_seconds"]
        everywhere = outage["warehouse"] == ALL_WAREHOUSES
        return [
            told.Outage(
                **self._of(row),
                kind="outage",
                service=names.services[service],
                warehouse=name,
                until=self._orders.text(until[w, service]),
            )
            for w, name in enumerate(names.warehouses)
            if everywhere or w == outage["warehouse"]
        ]

    def _cancelled(self, rows: np.ndarray) -> list[told.AnyEvent]:
        """Lines that ended because a customer lost patience, order by order."""
        lost = rows[rows[:, 1] == Kind.LINE_CANCELLED]
        return [
            told.Cancelled(
                **self._of(lost[0]),
                kind="cancelled",
                order=self._orders.id(int(order)),
                skus=[self._orders.sku(int(row[6])) for row in lost if row[2] == order],
            )
            for order in dict.fromkeys(lost[:, 2].tolist())
        ]
