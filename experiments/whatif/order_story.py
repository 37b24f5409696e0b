"""One order in one variant: what it was offered, what was decided, what it cost."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from experiments.whatif.order_table import OrderTable


class ParcelStory(NamedTuple):
    """One parcel; times are seconds since the trace's start."""

    warehouse: int
    service: int
    num_lines: int
    is_later: bool
    started_at: int
    departed_at: int
    delivered_at: int

    @property
    def plan(self) -> tuple[int, int, int, bool]:
        """What was decided about it."""
        return self[:4]


class Withdrawn(NamedTuple):
    """A parcel that lost all its lines in the pick queue; times are seconds since the trace's start."""

    warehouse: int
    service: int
    queued_at: int
    booked_at: int


class OrderStory(NamedTuple):
    """One order.

    Attributes:
        num_lines: asked for.
        status: see ``envs.state``.
        costs: int64 (cost parts,), millicents.
        held_seconds: before it was decided.
        num_reroutes: decisions because plans broke.
        decided_at: second of the first decision; -1 without one.
        lines_in_stock: (W,), lines available to promise then.
        queue_seconds: (W,), wait for a pick then.
        parcels: sorted by plan.
        withdrawn: parcels that were planned, but never picked.
    """

    num_lines: int
    status: int
    costs: np.ndarray
    held_seconds: int
    num_reroutes: int
    decided_at: int
    lines_in_stock: np.ndarray
    queue_seconds: np.ndarray
    parcels: tuple[ParcelStory, ...]
    withdrawn: tuple[Withdrawn, ...]

    @property
    def plans(self) -> tuple[tuple[int, int, int, bool], ...]:
        """What was decided."""
        return tuple(parcel.plan for parcel in self.parcels)

    @property
    def warehouses(self) -> frozenset[int]:
        """Where its parcels come from."""
        return frozenset(parcel.warehouse for parcel in self.parcels)


class OrderBook:
    """Stories of one variant by the order's position in its table."""

    def __init__(self, table: OrderTable) -> None:
        self.table = table
        self._by_order = np.argsort(table.parcel_order, kind="stable")
        self._sorted = table.parcel_order[self._by_order]

    def story(self, order: int) -> OrderStory:
        """The order at this position."""
        table = self.table
        first, last = np.searchsorted(self._sorted, (order, order + 1))
        parcels = (
            ParcelStory(
                int(table.parcel_warehouse[row]),
                int(table.parcel_service[row]),
                int(table.parcel_num_lines[row]),
                bool(table.parcel_is_later[row]),
                int(table.parcel_started_at[row]),
                int(table.parcel_departed_at[row]),
                int(table.parcel_delivered_at[row]),
            )
            for row in self._by_order[first:last]
        )
        return OrderStory(
            int(table.num_lines[order]),
            int(table.status[order]),
            table.costs[order],
            int(table.held_seconds[order]),
            int(table.num_reroutes[order]),
            int(table.decided_at[order]),
            table.lines_in_stock[order],
            table.queue_seconds[order],
            tuple(sorted(parcels)),
            tuple(Withdrawn(*row) for row in table.withdrawn[table.withdrawn[:, 0] == order, 1:].tolist()),
        )

    @cached_property
    def plan_marks(self) -> np.ndarray:
        """uint64 (N,): equal for orders with the same parcels by warehouse, service, lines and waiting for goods."""
        table = self.table
        key = table.parcel_warehouse * 1_000_003 + table.parcel_service
        key = (key * 1_000_003 + table.parcel_num_lines) * 2 + table.parcel_is_later
        return self._summed(table.parcel_order, key)

    @cached_property
    def warehouse_marks(self) -> np.ndarray:
        """uint64 (N,): equal for orders that are served from the same warehouses."""
        table = self.table
        most = int(table.parcel_warehouse.max(initial=0)) + 1
        pairs = np.unique(table.parcel_order * most + table.parcel_warehouse)
        return self._summed(pairs // most, pairs % most)

    @cached_property
    def time_marks(self) -> np.ndarray:
        """uint64 (N,): equal for orders whose parcels were collected and delivered at the same times."""
        table = self.table
        return self._summed(table.parcel_order, table.parcel_departed_at * 1_000_003 + table.parcel_delivered_at)

    def _summed(self, order: np.ndarray, key: np.ndarray) -> np.ndarray:
        """Sum of scattered keys by order; the finaliser of splitmix64 (Source: Steele, Lea and Flood 2014)."""
        mixed = key.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        marks = np.zeros(len(self.table.luck_key), np.uint64)
        np.add.at(marks, order, mixed)
        return marks
