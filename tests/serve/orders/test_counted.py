"""A count of stock is taken over at once, as if its rows were taken over one after another. On both databases."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, select, update

from scenarios.local_time import format_utc, parse_utc
from serve.decisions.desk import Desk
from serve.orders import counted
from serve.orders.changes import Changes
from serve.orders.counted import count_stock
from serve.orders.event import CountedStock, Inventory
from serve.orders.order import break_plan
from serve.orders.parcel import find_parcels, take_apart
from serve.storage import tables
from serve.storage.database import insert
from tests.serve.decisions.test_desk import allocated, ask, order_of
from tests.serve.orders.test_happened import tell

Request = Callable[..., dict[str, Any]]
Found = dict[str, list[tuple[Any, ...]]]

CHANGED = ("stock", "receipts", "stations", "bookings", "orders", "lines", "parcels", "tasks", "breaks")


class _Undone(Exception):
    """What was done is not kept."""


def one_by_one(tx: Connection, rows: list[CountedStock], now: int) -> None:
    """The rule: goods in the order of their names, each with all that follows from it."""
    cell, parcel, line = tables.stock.c, tables.parcels.c, tables.lines.c
    for row in sorted(rows, key=lambda row: (row.sku, row.warehouse)):
        where = (cell.sku == row.sku, cell.warehouse == row.warehouse)
        tx.execute(insert(tx, tables.stock).values(sku=row.sku, warehouse=row.warehouse).on_conflict_do_nothing())
        missing = tx.execute(select(cell.allocated_units).where(*where)).scalar_one() - row.on_hand_units
        of_sku = select(line.parcel_id).where(line.sku == row.sku)
        planned = (parcel.warehouse == row.warehouse, parcel.stage.in_(("later", "queued")), parcel.id.in_(of_sku))
        changes = Changes()
        for last in reversed(find_parcels(tx, *planned)):
            if missing > 0:
                missing -= sum(held.units for held in take_apart(tx, changes, last, "open") if held.sku == row.sku)
                break_plan(tx, last.order_id, "count", now)
        changes.make(tx)
        allocated = tx.execute(select(cell.allocated_units).where(*where)).scalar_one()
        on_hand = max(row.on_hand_units, allocated)
        reference = on_hand - allocated if row.reference_units is None else row.reference_units
        tx.execute(update(tables.stock).where(*where).values(on_hand_units=on_hand, reference_units=reference))


def left_by(desk: Desk, act: Callable[[Connection], None]) -> Found:
    """All rows as they would be, but for numbers that a database gives."""
    found: Found = {}
    try:
        with desk.database.writing() as tx:
            act(tx)
            for name in CHANGED:
                table: Table = getattr(tables, name)
                columns = [column for column in table.c if column.name != "number" or name == "parcels"]
                found[name] = sorted((tuple(row) for row in tx.execute(select(*columns))), key=repr)
            raise _Undone
    except _Undone:
        return found


def busy(desk: Desk, make_request: Request) -> int:
    """Orders with and without a plan, one of whose parcels is picked, and goods that no row tells of; when that was."""
    order = order_of(make_request, "x")
    now = parse_utc("t", order["placed_at"])
    parcels = [parcel for i in range(6) for parcel in ask(desk, {**order, "id": f"x{i}"})["plan"]["parcels"]]
    tell(desk, now + 1, {"kind": "pick_started", "parcel": parcels[0]["id"]})
    with desk.database.writing() as tx:
        row = tables.stock.c
        tx.execute(delete(tables.stock).where(row.allocated_units == 0, row.on_hand_units % 2 == 0))
    return now + 2


@pytest.mark.parametrize("seed", range(4))
def test_a_count_is_as_if_each_row_were_taken_over_by_itself(desk: Desk, make_request: Request, seed: int) -> None:
    now, rng, names = busy(desk, make_request), random.Random(seed), desk.known.names
    promised, rows, num_short = allocated(desk), list[CountedStock](), 0
    for sku in names.skus:
        for house in names.warehouses:
            most = promised.get((house, sku), 0)
            if not most and rng.random() < 0.2:
                continue
            units = rng.randrange(most) if most and rng.random() < 0.6 else most + rng.randrange(5)
            num_short += units < most
            stated = rng.randrange(9) if rng.random() < 0.2 else None
            rows.append(CountedStock(warehouse=house, sku=sku, on_hand_units=units, reference_units=stated))
    assert num_short >= 2
    rng.shuffle(rows)
    inventory = Inventory(id="a", at=format_utc(now), rows=rows)
    found = left_by(desk, lambda tx: count_stock(tx, desk.known, inventory, now))
    assert found == left_by(desk, lambda tx: one_by_one(tx, rows, now))
    assert found["breaks"]


def test_a_count_of_what_is_enough_is_one_statement(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count of 10,000 goods would else hold the writer's turn for seconds, in which nobody is decided."""
    now = busy(desk, make_request)
    sent, change_each = list[int](), counted.change_each

    def noted(tx: Connection, statement: Any, rows: Any) -> int:
        sent.append(len(rows))
        return change_each(tx, statement, rows)

    monkeypatch.setattr(counted, "change_each", noted)
    monkeypatch.setattr(counted, "_count_short", None)
    places = itertools.product(desk.known.names.skus, desk.known.names.warehouses)
    rows = [CountedStock(warehouse=house, sku=sku, on_hand_units=100_000) for sku, house in places]
    inventory = Inventory(id="a", at=format_utc(now), rows=rows)
    found = left_by(desk, lambda tx: count_stock(tx, desk.known, inventory, now))
    assert sent == [len(rows)]
    assert found == left_by(desk, lambda tx: one_by_one(tx, rows, now))


def test_one_row_that_is_not_enough_is_seen(desk: Desk, make_request: Request) -> None:
    now = busy(desk, make_request)
    (house, sku), units = max(allocated(desk).items(), key=lambda taken: taken[1])
    rows = [CountedStock(warehouse=house, sku=sku, on_hand_units=units - 1)]
    inventory = Inventory(id="a", at=format_utc(now), rows=rows)
    found = left_by(desk, lambda tx: count_stock(tx, desk.known, inventory, now))
    assert found == left_by(desk, lambda tx: one_by_one(tx, rows, now))
    assert found["breaks"]
