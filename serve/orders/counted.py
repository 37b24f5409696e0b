"""Bulk updates: what was counted replaces what was thought."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from scenarios.errors import InputError
from serve.orders.changes import Changes
from serve.orders.event import CountedStock, Inventory, Stations
from serve.orders.known import Known
from serve.orders.order import break_plan
from serve.orders.parcel import find_parcels, take_apart
from serve.storage import tables
from serve.storage.database import insert


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
    for row in sorted(counted.rows, key=lambda row: (row.sku, row.warehouse)):
        _count(tx, row, now)


def _count(tx: Connection, row: CountedStock, now: int) -> None:
    cell = tables.stock.c
    key = {"sku": row.sku, "warehouse": row.warehouse}
    tx.execute(insert(tx, tables.stock).values(**key).on_conflict_do_nothing())
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
