"""Many processes, few units: exactly what there is is given away, whatever they do at once.

Whole orders race a few times; `make kill` has them race fifty times on each database (`ROUTELAB_RACES`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from serve.audit.log import complaints
from serve.decisions.desk import Desk
from serve.storage import tables
from serve.storage.database import Database, insert_new
from tests.serve.decisions.test_desk import order_of
from tests.serve.racing import SKU, WAREHOUSE, racers

NUM_PROCESSES, NUM_ORDERS, NUM_UNITS = 4, 250, 100
NUM_RACES = int(os.environ.get("ROUTELAB_RACES", "3"))
"""Of whole orders."""


def race_for_units(database: Database, url: str, num_races: int) -> None:
    row = tables.stock.c
    with database.writing() as tx:
        insert_new(tx, tables.stock, sku=SKU, warehouse=WAREHOUSE, on_hand_units=NUM_UNITS)
    with racers(NUM_PROCESSES) as all_of_them:
        for _ in range(num_races):
            with database.writing() as tx:
                tx.execute(update(tables.stock).values(allocated_units=0))
            assert sum(all_of_them.race(url, NUM_ORDERS)) == NUM_UNITS
            with database.reading() as tx:
                assert tx.execute(select(row.on_hand_units, row.allocated_units)).one() == (NUM_UNITS, NUM_UNITS)


def test_a_thousand_attempts_for_a_hundred_units(database: Database, database_url: str) -> None:
    race_for_units(database, database_url, 1)


@pytest.mark.slow
def test_a_thousand_attempts_for_a_hundred_units_fifty_times_over(database: Database, database_url: str) -> None:
    race_for_units(database, database_url, 50)


@pytest.mark.slow
def test_a_thousand_orders_for_a_hundred_units(
    desk: Desk, database_url: str, sound_bundle: Path, make_request: Callable[..., dict[str, Any]]
) -> None:
    """Whole decisions of four processes, race after race."""
    order = order_of(make_request, "x")
    order["lines"] = [{**order["lines"][0], "units": 1}]
    sku, house = order["lines"][0]["sku"], desk.known.names.warehouses[0]
    row = tables.stock.c
    kept = [tables.lines, tables.parcels, tables.orders, tables.idempotency_keys, tables.bookings]
    with racers(NUM_PROCESSES, str(sound_bundle), json.dumps(order)) as all_of_them:
        for _ in range(NUM_RACES):
            with desk.database.writing() as tx:
                for table in kept:
                    tx.execute(delete(table))
                # else the queue grows until its end lies behind the last collection that can be booked
                tx.execute(update(tables.stations).values(num_queued=0, queued_seconds=0))
                tx.execute(delete(tables.stock).where(row.sku == sku))
                insert_new(tx, tables.stock, sku=sku, warehouse=house, on_hand_units=NUM_UNITS)
            assert sum(all_of_them.race(database_url, NUM_ORDERS)) == NUM_UNITS
            with desk.database.reading() as tx:
                assert tx.execute(select(row.allocated_units).where(row.sku == sku)).scalars().all() == [NUM_UNITS]
                states = select(tables.orders.c.state, func.count()).group_by(tables.orders.c.state)
                found = {state: number for state, number in tx.execute(states)}
                assert found == {"reserved": NUM_UNITS, "review": NUM_PROCESSES * NUM_ORDERS - NUM_UNITS}
                assert tx.execute(select(func.sum(tables.bookings.c.booked_parcels))).scalar() == NUM_UNITS
                assert tx.execute(select(func.sum(tables.stations.c.num_queued))).scalar() == NUM_UNITS
                assert list(complaints(tx)) == []
