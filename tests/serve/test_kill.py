"""Death at any moment: what was acknowledged is there, and what is there adds up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from scenarios.local_time import parse_utc
from serve.audit.log import complaints
from serve.decisions.desk import Desk
from serve.storage import tables
from serve.storage.database import Database
from tests.serve.decisions.test_desk import order_of
from tests.serve.racing import ROOT

DECIDE = """
import json, os, sys
import serve.decisions.desk
from tests.serve.racing import Decider
decider = Decider(sys.argv[1], json.loads(sys.argv[2]))
for line in sys.stdin:
    child = os.fork()  # the bundle is loaded already
    if not child:
        decider.forked()
        print(os.getpid(), flush=True)
        while True:
            decider.race(sys.argv[3], 1, lambda decision_id: print(decision_id, flush=True))
    os.waitpid(child, 0)
    print("dead", flush=True)
"""


@contextmanager
def deciders(bundle: Path, order: dict[str, Any], url: str) -> Iterator[Callable[[float], list[str]]]:
    """Starts a process that decides, kills it after some seconds, and tells the ids that it acknowledged."""
    arguments = [sys.executable, "-c", DECIDE, str(bundle), json.dumps(order), url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    said, heard = parent.stdin, parent.stdout

    def kill_one(after_seconds: float) -> list[str]:
        said.write("\n")
        said.flush()
        child = int(heard.readline())
        first = heard.readline()  # it is at work
        time.sleep(after_seconds)
        os.kill(child, signal.SIGKILL)
        return [line.strip() for line in [first, *iter(heard.readline, "dead\n")]]

    try:
        yield kill_one
    finally:
        parent.communicate()


def _total(column: Any) -> Any:
    return func.coalesce(func.sum(column), 0)


def check_it_adds_up(database: Database, acknowledged: list[str]) -> None:
    """Every acknowledged decision is kept, and stock, rooms and queues are those of the parcels."""
    line, parcel, cell = tables.lines.c, tables.parcels.c, tables.stock.c
    taken = (
        select(parcel.warehouse, line.sku, func.sum(line.units))
        .join_from(tables.lines, tables.parcels, line.parcel_id == parcel.id)
        .group_by(parcel.warehouse, line.sku)
    )
    with database.reading() as tx:
        kept = set(tx.execute(select(tables.decisions.c.id)).scalars())
        assert set(acknowledged) <= kept
        made, row = tables.decisions.c, tables.audit.c
        its_row = (row.writer == made.writer) & (row.seq == made.seq) & (row.subject == made.id)
        audited = select(made.id).join(tables.audit, its_row).where(row.kind == "decided")
        assert set(tx.execute(audited).scalars()) == kept
        assert tx.execute(select(func.count()).where(row.kind == "decided")).scalar() == len(kept)
        allocated = select(cell.warehouse, cell.sku, cell.allocated_units).where(cell.allocated_units > 0)
        assert {tuple(row) for row in tx.execute(taken)} == {tuple(row) for row in tx.execute(allocated)}
        there = select(func.count(), _total(parcel.pick_seconds)).where(parcel.stage != "void")
        num_parcels, seconds = tx.execute(there).one()
        station = tables.stations.c
        assert tx.execute(select(func.sum(station.num_queued), func.sum(station.queued_seconds))).one() == (
            num_parcels,
            seconds,
        )
        assert tx.execute(select(_total(tables.bookings.c.booked_parcels))).scalar() == num_parcels
        assert list(complaints(tx)) == []


def kill_again_and_again(desk: Desk, url: str, bundle: Path, order: dict[str, Any], times: int) -> None:
    order["lines"] = [{**line, "units": 1} for line in order["lines"]]
    acknowledged, moments = [], random.Random(5)
    with deciders(bundle, order, url) as kill_one:
        for _ in range(times):
            acknowledged += kill_one(moments.uniform(0.0, 0.4))
            check_it_adds_up(desk.database, acknowledged)
    assert len(acknowledged) > times
    desk.keep_until(parse_utc("t", order["placed_at"]) + 10**6)
    with desk.database.reading() as tx:
        assert tx.execute(select(func.sum(tables.stock.c.allocated_units))).scalar() == 0


def test_killed_processes_lose_nothing(
    desk: Desk, database_url: str, sound_bundle: Path, make_request: Callable[..., dict[str, Any]]
) -> None:
    kill_again_and_again(desk, database_url, sound_bundle, order_of(make_request, "x"), 3)


@pytest.mark.slow
def test_a_hundred_killed_processes_lose_nothing(
    desk: Desk, database_url: str, sound_bundle: Path, make_request: Callable[..., dict[str, Any]]
) -> None:
    kill_again_and_again(desk, database_url, sound_bundle, order_of(make_request, "x"), 100)
