"""What happened to every order of one replication, as columns in one small file."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from experiments.record import write_bytes
from scenarios.errors import InputError


@dataclass(frozen=True, eq=False)
class OrderTable:
    """Columns of N orders, L lines and P parcels in a network of W warehouses and S services.

    Times are seconds since the trace's start.

    Attributes:
        luck_key: uint64 (N,); the same order in another variant has the same.
        arrival_seconds: int64 (N,).
        promise_at: int64 (N,).
        region: int64 (N,).
        first_line: int64 (N,).
        num_lines: int64 (N,).
        status: int64 (N,), see ``envs.state``.
        costs: int64 (N, cost parts), millicents.
        held_seconds: int64 (N,), before it was decided.
        num_reroutes: int64 (N,), decisions because plans broke.
        line_sku: int64 (L,).
        line_units: int64 (L,).
        parcel_order: int64 (P,), as all parcel columns; a parcel of several orders has a row for each of them.
        parcel_warehouse: see above.
        parcel_service: see above.
        parcel_num_lines: lines of this order in it.
        parcel_is_later: bool (P,), whether it waited for a receipt or its presale date.
        parcel_started_at: int64 (P,), start of the pick.
        parcel_departed_at: when it was collected.
        parcel_delivered_at: when it was at the door.
        decided_at: int64 (N,), first decision.
        lines_in_stock: int8 (N, W), lines that were available to promise then.
        queue_seconds: int64 (N, W), wait for a pick then.
        ships: bool (W, S), whether the service ever collects there.
        outages: int64 (number, 4): service, warehouse or -1 for all, start, end.
        withdrawn: int64 (number, 5), parcels that left the pick queue with all their lines: order, warehouse, service,
            when it joined the queue, time of the collection it was booked on. No rows in tables of earlier versions.
    """

    luck_key: np.ndarray
    arrival_seconds: np.ndarray
    promise_at: np.ndarray
    region: np.ndarray
    first_line: np.ndarray
    num_lines: np.ndarray
    status: np.ndarray
    costs: np.ndarray
    held_seconds: np.ndarray
    num_reroutes: np.ndarray
    line_sku: np.ndarray
    line_units: np.ndarray
    parcel_order: np.ndarray
    parcel_warehouse: np.ndarray
    parcel_service: np.ndarray
    parcel_num_lines: np.ndarray
    parcel_is_later: np.ndarray
    parcel_started_at: np.ndarray
    parcel_departed_at: np.ndarray
    parcel_delivered_at: np.ndarray
    decided_at: np.ndarray
    lines_in_stock: np.ndarray
    queue_seconds: np.ndarray
    ships: np.ndarray
    outages: np.ndarray
    withdrawn: np.ndarray = field(default_factory=lambda: np.zeros((0, 5), np.int64))

    def save(self, path: Path) -> None:
        """Writes all columns, at once or not at all."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, allow_pickle=False, **{field.name: getattr(self, field.name) for field in fields(self)}
        )
        write_bytes(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> OrderTable:
        """Reads what ``save`` wrote.

        Raises:
            InputError: missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                return cls(**{name: archive[name] for name in archive.files})
        except Exception as error:  # a damaged archive fails in zipfile, zlib and more
            raise InputError(
                "orders file", str(path), f"a complete file ({type(error).__name__}: {error})", "run the study again"
            ) from error
