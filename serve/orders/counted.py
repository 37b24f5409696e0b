"""Bulk updates: what was counted replaces what was thought."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Connection, bindparam, case, select, update

from scenarios.errors import InputError
from serve.orders.changes import Changes
from serve.orders.event import CountedStock, Inventory, Stations
from serve.orders.known import Known
from serve.orders.order import break_plan
from serve.orders.parcel import find_parcels, take_apart
from serve.storage import tables
from serve.storage.database import insert, insert_for
from serve.storage.sending import change_each

_AT_ONCE = 500
"""Names in one statement."""


def count_stock(tx: Connection, known: Known, counted: Inventory, now: int) -> None:
    """Takes over a count; where less is there than was promised, the plans made last break.

    Args:
        tx: a writing transaction.
        known: the network.
        counted: what lies there.
        now: UTC second at which the plans break.

    Raises:
        InputError: a name that the network does not have, or goods that are counted twice.
        serve.orders.changes.Taken: others were faster; to be tried again.
    """
    for i, row in enumerate(counted.rows):
        known.check(f"rows[{i}]", warehouse=row.warehouse, sku=row.sku)
    _check_once([(row.warehouse, row.sku) for row in counted.rows])
    rows = sorted(counted.rows, key=lambda row: (row.sku, row.warehouse))
    if _count_together(tx, rows) == len(rows):
        return
    short, enough = _short(tx, rows), list[CountedStock]()  # nobody else changes these rows any more
    for row in rows:  # in the same sequence, as a plan that breaks gives units of other goods back
        if (row.sku, row.warehouse) in short:
            _count_together(tx, enough)
            _count_short(tx, row, now)
            enough = []
        else:
            enough.append(row)
    _count_together(tx, enough)


def _count_together(tx: Connection, rows: Sequence[CountedStock]) -> int:
    """Takes over a count of goods of which no more is promised than there is.

    Args:
        tx: a writing transaction, in which nobody else changes these goods from now on.
        rows: in the sequence in which all writers take them.

    Returns:
        How many are taken over; where more is promised, nothing is changed.
    """
    counted = [
        {
            "sku": row.sku,
            "warehouse": row.warehouse,
            "on_hand_units": row.on_hand_units,
            "reference_units": row.on_hand_units if row.reference_units is None else row.reference_units,
            "is_available": row.reference_units is None,
        }
        for row in rows
    ]
    return change_each(tx, _counting(tx.dialect.name), counted)


@cache
def _counting(dialect: str) -> Any:
    """Stores what lies there, where that is enough; what is available of it, too, if it is not stated."""
    cell, counted = tables.stock.c, insert_for(dialect, tables.stock)
    on_hand, reference = counted.excluded.on_hand_units, counted.excluded.reference_units
    is_available = bindparam("is_available", type_=Boolean)
    return counted.on_conflict_do_update(
        index_elements=tables.stock.primary_key.columns,
        set_={
            "on_hand_units": on_hand,
            "reference_units": case((is_available, on_hand - cell.allocated_units), else_=reference),
        },
        where=cell.allocated_units <= on_hand,
    )


def _short(tx: Connection, rows: Sequence[CountedStock]) -> set[tuple[str, str]]:
    """SKU and warehouse of what has been counted and is not enough for what is promised."""
    cell, skus = tables.stock.c, sorted({row.sku for row in rows})
    promised = dict[tuple[str, str], int]()
    for first in range(0, len(skus), _AT_ONCE):
        of_some = (cell.sku.in_(skus[first : first + _AT_ONCE]), cell.allocated_units > 0)
        found = tx.execute(select(cell.sku, cell.warehouse, cell.allocated_units).where(*of_some))
        promised |= {(sku, warehouse): units for sku, warehouse, units in found}
    keys = {(row.sku, row.warehouse): row.on_hand_units for row in rows}
    return {key for key, on_hand in keys.items() if promised.get(key, 0) > on_hand}


def _count_short(tx: Connection, row: CountedStock, now: int) -> None:
    """Takes over a count of goods that have a row; the plans made last break until the rest is enough."""
    cell = tables.stock.c
    where = (cell.sku == row.sku, cell.warehouse == row.warehouse)
    found = tx.execute(select(tables.stock).where(*where).with_for_update()).one()
    missing = found.allocated_units - row.on_hand_units
    parcel, line = tables.parcels.c, tables.lines.c
    of_sku = select(line.parcel_id).where(line.sku == row.sku)
    planned = (parcel.warehouse == row.warehouse, parcel.stage.in_(("later", "queued")), parcel.id.in_(of_sku))
    changes = Changes()
    for last in reversed(find_parcels(tx, *planned) if missing > 0 else []):
        if missing <= 0:
            break
        missing -= sum(held.units for held in take_apart(tx, changes, last, "open") if held.sku == row.sku)
        break_plan(tx, last.order_id, "count", now)
    changes.make(tx)
    # What is being picked is in somebody's hands: as much is there at least.
    allocated = tx.execute(select(cell.allocated_units).where(*where)).scalar_one()
    on_hand = max(row.on_hand_units, allocated)
    reference = on_hand - allocated if row.reference_units is None else row.reference_units
    tx.execute(update(tables.stock).where(*where).values(on_hand_units=on_hand, reference_units=reference))


def count_stations(tx: Connection, known: Known, counted: Stations) -> None:
    """Takes over pick queues as they are.

    Raises:
        InputError: a name that the network does not have or that comes twice, or more stations than are built.
    """
    for i, row in enumerate(counted.rows):
        known.check(f"rows[{i}]", warehouse=row.warehouse)
        most = known.num_stations[row.warehouse]
        if row.num_open > most:
            raise InputError(f"rows[{i}].num_open", row.num_open, f"at most {most} stations", "correct the count")
        if row.queued_seconds and not row.num_queued:
            raise InputError(f"rows[{i}].queued_seconds", row.queued_seconds, "0 without a queue", "add num_queued")
    _check_once([(row.warehouse,) for row in counted.rows])
    for row in sorted(counted.rows, key=lambda row: row.warehouse):
        values = row.model_dump()
        stored = insert(tx, tables.stations).values(**values)
        tx.execute(stored.on_conflict_do_update(index_elements=["warehouse"], set_=values))


def _check_once(counted: list[tuple[str, ...]]) -> None:
    """Refuses to choose between two rows of one thing.

    Raises:
        InputError: the row that comes second.
    """
    first = dict[tuple[str, ...], int]()
    for i, names in enumerate(counted):
        before = first.setdefault(names, i)
        if before != i:
            expected = f"each one only once, and it is in rows[{before}]"
            raise InputError(f"rows[{i}]", " ".join(names), expected, "leave out one of them")
