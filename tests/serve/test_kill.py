"""Death at any moment: what was acknowledged is there, and what is there adds up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from scenarios.local_time import parse_utc
from serve import tables
from serve.audit import complaints
from serve.desk import Desk
from tests.serve.racing import ROOT
from tests.serve.test_desk import order_of

DECIDE = """
import json, sys
from tests.serve.racing import Decider
decider = Decider(sys.argv[1], json.loads(sys.argv[2]))
while True:
    decider.race(sys.argv[3], 1, print)
"""


def kill_a_decider(bundle: Path, order: dict[str, Any], url: str, after_seconds: float) -> list[str]:
    """Ids of the decisions that a process acknowledged until it was killed."""
    arguments = [sys.executable, "-u", "-c", DECIDE, str(bundle), json.dumps(order), url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()  # it has come up
    time.sleep(after_seconds)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return [first.strip(), *(line for line in rest.split("\n")[:-1] if line)]


def check_it_adds_up(desk: Desk, acknowledged: list[str]) -> None:
    """Every acknowledged decision is kept, and stock, rooms and queues are those of the parcels."""
    line, parcel, cell = tables.lines.c, tables.parcels.c, tables.stock.c
    taken = (
        select(parcel.warehouse, line.sku, func.sum(line.units))
        .join_from(tables.lines, tables.parcels, line.parcel_id == parcel.id)
        .group_by(parcel.warehouse, line.sku)
    )
    with desk.database.reading() as tx:
        kept = set(tx.execute(select(tables.decisions.c.id)).scalars())
        assert set(acknowledged) <= kept
        assert tx.execute(select(func.count()).select_from(tables.audit)).scalar() == len(kept)
        allocated = select(cell.warehouse, cell.sku, cell.allocated_units).where(cell.allocated_units > 0)
        assert {tuple(row) for row in tx.execute(taken)} == {tuple(row) for row in tx.execute(allocated)}
        num_parcels, seconds = tx.execute(select(func.count(), func.sum(parcel.pick_seconds))).one()
        station = tables.stations.c
        assert tx.execute(select(func.sum(station.num_queued), func.sum(station.queued_seconds))).one() == (
            num_parcels,
            seconds,
        )
        assert tx.execute(select(func.sum(tables.bookings.c.booked_parcels))).scalar() == num_parcels
        assert list(complaints(tx)) == []


def kill_again_and_again(desk: Desk, url: str, bundle: Path, order: dict[str, Any], times: int) -> None:
    order["lines"] = [{**line, "units": 1} for line in order["lines"]]
    acknowledged, moments = [], random.Random(5)
    for _ in range(times):
        acknowledged += kill_a_decider(bundle, order, url, moments.uniform(0.0, 0.3))
        check_it_adds_up(desk, acknowledged)
    desk.keep_until(parse_utc("t", order["placed_at"]) + 10**6)
    with desk.database.reading() as tx:
        assert tx.execute(select(func.sum(tables.stock.c.allocated_units))).scalar() == 0


def test_a_killed_process_loses_nothing(
    desk: Desk, database_url: str, sound_bundle: Path, make_request: Callable[..., dict[str, Any]]
) -> None:
    kill_again_and_again(desk, database_url, sound_bundle, order_of(make_request, "x"), 1)


@pytest.mark.slow
def test_a_hundred_killed_processes_lose_nothing(
    desk: Desk, database_url: str, sound_bundle: Path, make_request: Callable[..., dict[str, Any]]
) -> None:
    kill_again_and_again(desk, database_url, sound_bundle, order_of(make_request, "x"), 100)
