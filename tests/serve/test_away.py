"""A database that goes away and comes back: nothing is acknowledged without it, and nobody has to help.

The short form is away for seconds, `make soak` for a minute (`ROUTELAB_AWAY`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from serve.app import create_app
from serve.audit.log import complaints
from serve.decisions.desk import DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.storage import tables
from serve.storage.database import Database
from serve.storage.postgres_server import Unacknowledged
from serve.storage.pulse import PATIENCE_SECONDS
from tests.cluster import cluster
from tests.serve.conftest import Server
from tests.serve.test_app import check_error, wait_until_ready
from tests.serve.web.test_paths import asked

AWAY_SECONDS = float(os.environ.get("ROUTELAB_AWAY", "3"))

Request = Callable[..., Any]


class Crowd:
    """Orders that come one after another, from several sides."""

    def __init__(self, client: TestClient, make_request: Request) -> None:
        self._client, self._make_request = client, make_request
        self.stop = threading.Event()
        self.acknowledged: list[tuple[float, str]] = []
        self.refused: list[float] = []
        self.other: list[object] = []

    def send(self, side: int) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            request = asked(self._make_request, f"{side} {number}")
            request["order"]["lines"] = request["order"]["lines"][:1]
            answer = self._client.post("/v1/decisions", json=request)
            if answer.status_code == 200:
                self.acknowledged.append((time.monotonic(), answer.json()["decision_id"]))
            elif answer.status_code == 504:  # in a commit: it may be kept
                time.sleep(0.05)
            elif answer.status_code == 503 and check_error(answer)["key"] == "database":
                self.refused.append(time.monotonic())
                assert answer.headers["retry-after"]
                time.sleep(0.05)
            else:
                self.other.append(answer.text)


@pytest.mark.slow
def test_a_stopped_postgresql(postgres: str, service: DecisionService, make_request: Request) -> None:
    with cluster() as own:
        settings = DeskSettings(is_request_clock=True)
        app = create_app(lambda: service, open_desk=lambda service: load_desk(service, Database(own.url), settings))
        with TestClient(app, raise_server_exceptions=False) as client, ThreadPoolExecutor(4) as pool:
            wait_until_ready(client)
            crowd = Crowd(client, make_request)
            sides = [pool.submit(crowd.send, side) for side in range(3)]
            try:
                time.sleep(1.0)
                own.stop()
                gone = time.monotonic()
                while client.get("/health/ready").status_code != 503:
                    assert time.monotonic() - gone < 5
                time.sleep(AWAY_SECONDS)
                back = time.monotonic()
                assert client.get("/health/live").status_code == 200
                own.start()
                began = time.monotonic()
                while client.get("/health/ready").status_code != 200:
                    assert time.monotonic() - began < 15
                    time.sleep(0.1)
                num_before = len(crowd.acknowledged)
                until = time.monotonic() + 15
                while len(crowd.acknowledged) < num_before + 10 and time.monotonic() < until:
                    time.sleep(0.1)
            finally:
                crowd.stop.set()
            for side in sides:
                side.result()
        assert crowd.other == []
        assert [at for at, _ in crowd.acknowledged if gone + 1 < at < back] == []
        assert [at for at in crowd.refused if gone < at < back]
        assert len(crowd.acknowledged) >= num_before + 10
        database = Database(own.url)
        with database.reading() as tx:
            kept = set(tx.execute(select(tables.decisions.c.id)).scalars())
            audited = select(func.count()).where(tables.audit.c.kind == "decided")
            assert {decision_id for _, decision_id in crowd.acknowledged} <= kept
            assert tx.execute(audited).scalar() == len(kept)
            assert list(complaints(tx)) == []
        database.close()


def test_a_database_that_says_nothing_is_not_ready(
    service: DecisionService, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once, however often one asks whether it is ready, and is ready again when it answers."""
    gate, asked_for = threading.Event(), []
    settings = DeskSettings(is_request_clock=True)
    desk = load_desk(service, Database(f"sqlite:///{tmp_path / 'shop.db'}"), settings)
    monkeypatch.setattr("serve.storage.pulse.PATIENCE_SECONDS", PATIENCE_SECONDS / 30)
    with TestClient(create_app(lambda: service, open_desk=lambda service: desk)) as client:
        wait_until_ready(client)
        ping = desk.database.ping
        monkeypatch.setattr(desk.database, "ping", lambda: asked_for.append(gate.wait(60)) or ping())
        for _ in range(3):
            answer = client.get("/health/ready")
            assert (answer.status_code, check_error(answer)["key"]) == (503, "database")
        gate.set()
        wait_until_ready(client)
    assert len(asked_for) <= 2
    desk.database.close()


@pytest.mark.parametrize("has_happened", [False, True])
def test_a_commit_that_nobody_acknowledges_may_be_kept(
    server: Server,
    postgres_template: str,
    service: DecisionService,
    make_request: Request,
    monkeypatch: pytest.MonkeyPatch,
    has_happened: bool,
) -> None:
    """It was told that nothing was kept, and what cannot be repeated was sent again."""
    name, commit = server.create(postgres_template), psycopg.Connection.commit

    def lose(connection: psycopg.Connection[Any]) -> None:
        if connection.read_only or has_happened:
            commit(connection)
        if not connection.read_only:
            connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    desk = load_desk(service, Database(server.url(name)), DeskSettings(is_request_clock=True))
    app = create_app(lambda: service, open_desk=lambda service: desk)
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(client)
        request, key = asked(make_request), {"Idempotency-Key": "k"}
        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Connection, "commit", lose)
            lost = client.post("/v1/decisions", json=request, headers=key)
        assert (lost.status_code, lost.headers["retry-after"]) == (504, "1")
        assert check_error(lost)["value"] == "may be kept"
        again = client.post("/v1/decisions", json=request, headers=key)
        assert (again.status_code, "Idempotency-Replayed" in again.headers) == (200, has_happened)
        back = "/v1/orders/one/take-back"
        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Connection, "commit", lose)
            assert client.post(back, params={"now": request["now"]}).status_code == 504
        assert client.get("/v1/orders/one").json()["state"] == ("review" if has_happened else "reserved")
    desk.database.close()
    server.drop(name)


def test_a_commit_that_the_server_refuses_has_not_happened(
    server: Server, postgres_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = server.create(postgres_template)
    database = Database(server.url(name))

    def refuse(connection: psycopg.Connection[Any]) -> None:
        raise psycopg.errors.DiskFull("no room")

    monkeypatch.setattr(psycopg.Connection, "commit", refuse)
    with pytest.raises(OperationalError) as caught:
        database.write(lambda tx: tx.execute(tables.stations.insert().values(warehouse="w")))
    assert not isinstance(caught.value, Unacknowledged)
    database.close()
    server.drop(name)
