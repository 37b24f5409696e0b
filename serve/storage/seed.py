"""The first state: stock and stations of the bundle's network, or stock from a CSV file."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, select

from scenarios.checks import MAX_UNITS
from scenarios.errors import InputError
from scenarios.stock import StockRow
from serve.monitoring.staleness import hear
from serve.orders.known import Known
from serve.storage import tables
from serve.storage.changed_network import fit
from serve.storage.database import insert_new

COLUMNS = ("warehouse", "sku", "on_hand_units")


def seed(tx: Connection, known: Known, rows: Iterable[StockRow] | None = None) -> bool:
    """Fills an empty database; one that has been filled is only fitted to the network, which may have changed.

    Args:
        tx: a writing transaction.
        known: the network.
        rows: stock; that of the network at its start if not given.

    Returns:
        Whether it was empty.

    Raises:
        InputError: it was filled for another network, or holds what this one does not have any more.
    """
    first, there = known.names.warehouses[0], set(tx.execute(select(tables.stations.c.warehouse)).scalars())
    if there:
        fit(tx, known)
        return False
    if not insert_new(tx, tables.stations, warehouse=first, num_open=known.num_stations[first]):
        return False  # another process was faster
    others = [{"warehouse": name, "num_open": known.num_stations[name]} for name in known.names.warehouses[1:]]
    if others:
        tx.execute(tables.stations.insert(), others)
    tx.execute(tables.punctuality.insert(), [{"service": name} for name in known.names.services])
    stock = [
        {
            "warehouse": row.warehouse,
            "sku": row.sku,
            "on_hand_units": row.on_hand_units,
            "reference_units": row.on_hand_units,
        }
        for row in (known.public.stock if rows is None else rows)
    ]
    if stock:
        tx.execute(tables.stock.insert(), stock)
    hear(tx, dict.fromkeys(known.names.warehouses, int(time.time())))
    return True


def read_stock(path: Path, known: Known) -> list[StockRow]:
    """Stock from a CSV file with the columns ``warehouse``, ``sku`` and ``on_hand_units``.

    Raises:
        InputError: the row and column that cannot be used.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise InputError(f"{path}", table.fieldnames, f"a column {missing[0]}", "add it")
            rows = [_row(f"{path} line {number}", row, known) for number, row in enumerate(table, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("--inventory", str(path), "a CSV file in UTF-8", "correct the path or the file") from error
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.warehouse, row.sku) in seen:
            raise InputError(f"{path}", (row.warehouse, row.sku), "each pair once", "remove the second row")
        seen.add((row.warehouse, row.sku))
    return rows


def _row(key: str, row: dict[str, str], known: Known) -> StockRow:
    known.check(key, warehouse=row["warehouse"], sku=row["sku"])
    text = row["on_hand_units"] or ""
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_UNITS):
        raise InputError(f"{key}.on_hand_units", text, f"a whole number up to {MAX_UNITS}", "correct the cell")
    return StockRow(row["warehouse"], row["sku"], int(text))
