"""Where requests state the time, each brings the jobs that were due before it, one second after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from envs.state import Observable
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS, format_utc
from serve.app import create_app
from serve.client import Client
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.pricing.kept import Solved, claim, keep
from serve.storage import tables
from serve.storage.database import Database

Seen = list[tuple[int, int]]


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Of each job the second of its state, and all units that were seen on shelves."""
    found: Seen = []

    def solve(pricer: Any, network: Any, seen: Observable) -> np.ndarray:
        found.append((int(seen.clock["now_seconds"][0]), int(seen.stock["on_hand_units"].sum())))
        return np.zeros(seen.stock.shape, np.int64)

    monkeypatch.setattr("serve.pricing.jobs.solved_prices", solve)
    return found


@pytest.fixture
def desk(database_url: str, service: DecisionService) -> Iterator[Desk]:
    settings = DeskSettings(is_request_clock=True, calendar_end=epoch_of(service) + 9 * DAY_SECONDS)
    desk = load_desk(service, Database(database_url), settings)
    yield desk
    desk.database.close()


def epoch_of(service: DecisionService) -> int:
    assert service.scheduled is not None
    return service.scheduled.epoch


def test_jobs_of_all_policies_are_done_second_by_second(
    desk: Desk, solved: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    six = desk.service.scheduled
    assert six is not None
    four = replace(six, sha256="4" * 64, pricer=replace(six.pricer, interval_seconds=4 * HOUR_SECONDS))
    monkeypatch.setattr(desk.pricing, "_wanted", lambda: (six, four))
    told: list[int] = []
    desk.pricing.solve_until(six.epoch, lambda due: None)
    desk.pricing.solve_until(six.epoch + 12 * HOUR_SECONDS + 180, lambda due: told.append(due - six.epoch))
    hours = [hour * HOUR_SECONDS for hour in (6, 8, 12, 12)]
    assert told == hours
    assert [second for second, _ in solved] == [0, 0, *hours]
    with desk.database.writing() as tx:
        at = six.epoch + 20 * HOUR_SECONDS + 180
        desk.pricing.solve_before(tx, at, lambda due, tx: told.append(due - six.epoch))
    assert [second for second, _ in solved[6:]] == told[4:] == [hour * HOUR_SECONDS for hour in (16, 18, 20)]


PATHS = (
    "inventory",
    "stations",
    "cancel",
    "orders/x/take-back",
    *(f"reviews/1/{end}" for end in ("approve", "override", "reject")),
)


@pytest.mark.parametrize("path", PATHS)
def test_each_request_that_states_a_time_brings_the_jobs_before_it(path: str, desk: Desk, solved: Seen) -> None:
    """With the stock before it; a job of its second is done before a cancellation, and after a count."""
    epoch = epoch_of(desk.service)
    at = format_utc(epoch + 6 * HOUR_SECONDS + 300)
    with desk.database.reading() as tx:
        rows = [row._asdict() for row in tx.execute(select(tables.stock)).all()]
    before = sum(row["on_hand_units"] for row in rows)
    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    with TestClient(app) as http:
        Client(http=http).wait_until_ready()
        if path == "inventory":
            counted = [{"warehouse": row["warehouse"], "sku": row["sku"], "on_hand_units": 0} for row in rows]
            assert http.put("/v1/inventory", json={"id": "a", "at": at, "rows": counted}).status_code == 200
        elif path == "stations":
            station = {"warehouse": rows[0]["warehouse"], "num_open": 1, "num_queued": 0, "queued_seconds": 0}
            assert http.put("/v1/stations", json={"id": "a", "at": at, "rows": [station]}).status_code == 200
        elif path.endswith("override"):
            wanted = {"parcels": [{"warehouse": "a", "service": "b", "skus": ["c"]}], "now": at}
            assert http.post(f"/v1/{path}", json=wanted).status_code == 404
        else:
            path = "orders/x/cancel" if path == "cancel" else path
            assert http.post(f"/v1/{path}", params={"now": at}).status_code == 404
    assert solved == [(0, before), (6 * HOUR_SECONDS, before)]


def test_prices_that_were_rolled_back_do_not_stay(desk: Desk, solved: Seen) -> None:
    """Somebody else may have solved the same job meanwhile, of another state."""
    scheduled, epoch = desk.service.scheduled, epoch_of(desk.service)
    assert scheduled is not None
    with suppress(LookupError), desk.database.writing() as tx:
        desk.solve_before(tx, epoch + 60)
        raise LookupError
    undone = desk.pricing._prices.in_force(scheduled, epoch)
    assert undone is not None
    others = Solved(epoch, epoch, epoch, undone.table + 7)
    with desk.database.writing() as tx:
        assert claim(tx, scheduled.sha256, epoch, epoch, epoch)
        assert keep(tx, scheduled.sha256, others, 0)
    desk.pricing.follow()
    found = desk.pricing._prices.in_force(scheduled, epoch)
    assert found is not None
    assert (found.table == others.table).all()
    desk.pricing.follow()
    assert desk.pricing._prices.in_force(scheduled, epoch) is found  # what lasts is not read again


def test_time_brings_what_was_due_before_a_job(desk: Desk, solved: Seen) -> None:
    """Within the transaction of what is told, so that nothing has happened if that is refused."""
    epoch, key = epoch_of(desk.service), tables.idempotency_keys
    row = {"actor": "a", "key": "b", "request_sha256": "c", "decision_id": "d", "created_at": epoch - 10**6}

    def is_kept() -> bool:
        with desk.database.reading() as tx:
            return tx.execute(select(key)).first() is not None

    with desk.database.writing() as tx:
        tx.execute(key.insert(), row)
    for is_refused in (True, False):
        try:
            with desk.database.writing() as tx:
                desk.solve_before(tx, epoch + 6 * HOUR_SECONDS)
                assert tx.execute(select(key)).first() is None
                if is_refused:
                    raise LookupError
        except LookupError:
            assert is_kept()
    assert not is_kept()
    assert [second for second, _ in solved] == [0, 0]
