"""What is done all the time reads no table to its end that grows with every order: SQLite's own plans say so."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from scenarios.local_time import DAY_SECONDS, format_utc, parse_utc
from serve.app import create_app
from serve.decisions.desk import DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.storage.database import Database
from tests.serve.test_app import wait_until_ready
from tests.serve.web import test_paths

Request = Callable[..., dict[str, Any]]

GROWING = (
    *("orders", "lines", "parcels", "decisions", "idempotency_keys", "events", "tasks", "breaks", "reviews"),
    *("audit", "payloads", "trials", "shadows"),
)
"""With every order. ``customers`` holds those of held orders, ``audit_heads`` a row for each start of a process."""

BY_TESTS = {"SELECT audit.kind FROM audit ORDER BY audit.seq", "SELECT decisions.id FROM decisions"}

AT_THE_END = {"SELECT decisions.decided_at FROM decisions ORDER BY decisions.id DESC LIMIT 1 OFFSET 0"}
"""Called a scan, but of one row, at the end of the index."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """All that is sent to SQLite, by SQLAlchemy or to the driver."""
    found: set[str] = set()

    def listen(connection: sqlite3.Connection, _: object) -> None:
        connection.set_trace_callback(found.add)

    event.listen(Engine, "connect", listen)
    yield found
    event.remove(Engine, "connect", listen)


def read_whole(path: Path, statements: set[str]) -> list[str]:
    """Statements of which SQLite says that it reads a growing table to its end, with its words."""
    found = []
    with sqlite3.connect(path) as connection:
        for statement in sorted({" ".join(statement.split()) for statement in statements} - BY_TESTS - AT_THE_END):
            if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
                plan = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
                found += [f"{words}: {statement}" for words in plan if words.split()[1] in GROWING and "SCAN" in words]
    return found


def tell_of_outages(client: TestClient, at: str) -> None:
    """Everywhere, and its end."""
    until = format_utc(parse_utc("at", at) + DAY_SECONDS)
    outage = {"kind": "outage", "at": at}
    events = [{**outage, "id": "all", "until": until}, {**outage, "id": "over", "until": at}]
    assert client.post("/v1/events", json={"events": events}).status_code == 200


def test_nothing_that_grows_is_read_to_its_end(
    statements: set[str],
    sqlite_template: Path,
    tmp_path: Path,
    service: DecisionService,
    make_request: Request,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """But by ``routelab audit verify``, which reads all."""
    monkeypatch.setattr(test_paths, "complaints", lambda tx: [])
    for number, act in enumerate(
        (
            lambda client, desk: test_paths.test_an_order_from_decision_to_delivery(client, desk, make_request),
            lambda client, desk: test_paths.test_tasks_lead_to_another_decision(client, make_request),
            lambda client, desk: test_paths.test_a_review_over_http(client, desk, make_request),
            lambda client, desk: test_paths.test_counts_are_taken_over_once(client, desk),
            lambda client, desk: test_paths.test_the_same_key_a_hundred_times(client, desk, make_request),
            lambda client, desk: test_paths.test_a_carriers_capacity_is_told_once(client, desk, make_request),
            lambda client, desk: tell_of_outages(client, make_request()["order"]["placed_at"]),
        )
    ):
        path = shutil.copy(sqlite_template, tmp_path / f"{number}.db")
        desk = load_desk(service, Database(f"sqlite:///{path}"), DeskSettings(is_request_clock=True))
        app = create_app(lambda: service, open_desk=lambda _, desk=desk: desk)
        with TestClient(app, raise_server_exceptions=False) as client:
            wait_until_ready(client)
            act(client, desk)
            now = parse_utc("now", make_request()["order"]["placed_at"])
            desk.keeper.keep(now + DAY_SECONDS)
            desk.monitor.judge(now)
        load_desk(service, desk.database, desk.settings).stop()  # what has been filled is fitted to its network
        desk.database.close()
    assert len(statements) > 100
    assert any("chain_begun" in statement for statement in statements)
    assert any("line_state" in statement for statement in statements)
    assert read_whole(tmp_path / "0.db", statements) == []


def test_reading_to_the_end_is_seen(sqlite_template: Path) -> None:
    whole = "SELECT payloads.content FROM audit JOIN payloads ON payloads.writer = audit.writer WHERE audit.seq = 1"
    assert len(read_whole(sqlite_template, {whole, "SELECT content FROM payloads WHERE writer = 'a' AND seq = 1"})) == 1
