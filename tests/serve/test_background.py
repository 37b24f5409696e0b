"""What goes on beside the answers: again and again, whatever fails, until it is told to end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from agents.documents import parse_case
from serve.app import create_app
from serve.background import Background, stop
from serve.decisions.desk import Desk
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.policies.shadow import ShadowTask
from serve.storage.database import Database
from tests.serve.decisions.test_desk import allocated, ask, order_of
from tests.serve.test_app import wait_until_ready

LONG_SECONDS = 60.0


def others(before: set[threading.Thread]) -> set[str]:
    """Names of the threads that were not there before."""
    return {thread.name for thread in threading.enumerate() if thread not in before}


def test_it_acts_until_it_is_told_to_end() -> None:
    acted, times = threading.Semaphore(0), 0

    def act() -> None:
        nonlocal times
        times += 1
        acted.release()

    loop = Background("often", act, 0.001)
    loop.start()
    loop.start()  # once is enough
    for _ in range(3):
        assert acted.acquire(timeout=LONG_SECONDS)
    stop([loop])
    assert "often" not in {thread.name for thread in threading.enumerate()}
    done = times
    loop.start()  # begins anew
    assert acted.acquire(timeout=LONG_SECONDS)
    stop([loop])
    assert times > done


def test_who_waits_can_be_woken_and_end_itself() -> None:
    acted = threading.Semaphore(0)
    loop = Background("seldom", acted.release, 10 * LONG_SECONDS)
    loop.start()
    assert acted.acquire(timeout=LONG_SECONDS)
    loop.wake()
    assert acted.acquire(timeout=LONG_SECONDS)
    stop([loop])
    ended = Background("once", lambda: ended.end(), LONG_SECONDS)
    ended.start()
    assert ended.wait(LONG_SECONDS)


def test_a_problem_is_told_once_by_its_type_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "serve.background")
    results = iter([ValueError("the secret of a customer"), ValueError("again"), KeyError("x"), None, None])
    acted = threading.Semaphore(0)

    def act() -> None:
        acted.release()
        error = next(results, None)
        if error is not None:
            raise error

    loop = Background("brittle", act, 0.001)
    loop.start()
    for _ in range(6):
        assert acted.acquire(timeout=LONG_SECONDS)
    stop([loop])
    assert [record.getMessage() for record in caplog.records] == [
        "brittle: ValueError",
        "brittle: KeyError",
        "brittle: works again",
    ]


def test_what_does_not_end_is_told_and_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    gate = threading.Event()
    loop = Background("stuck", gate.wait, 0.001)
    loop.start()
    stop([loop], 0.01)
    assert "stuck: does not end" in caplog.text
    gate.set()
    assert loop.wait(LONG_SECONDS)


def test_a_keeper_that_has_much_to_do_ends_when_it_is_told_to(
    desk: Desk, make_request: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes after it does the rest."""
    for number in range(3):
        ask(desk, order_of(make_request, f"o{number}"))
    expired, expire = list[str](), desk.keeper._expire

    def expire_and_end(tx: Connection, order_id: str, now: int) -> None:
        expire(tx, order_id, now)
        expired.append(order_id)
        desk.keeper.loop.end()

    monkeypatch.setattr(desk.keeper, "_expire", expire_and_end)
    desk.keeper._keep_now()
    assert len(expired) == 1
    desk.keeper.keep(int(time.time()))
    assert sorted(expired) == ["o0", "o1", "o2"]
    assert allocated(desk) == {}


def test_a_stopped_app_leaves_no_thread(
    database_url: str, service: DecisionService, make_request: Callable[..., dict[str, Any]]
) -> None:
    desks: list[Desk] = []

    def open_desk(service: DecisionService) -> Desk:
        desks.append(load_desk(service, Database(database_url)))
        return desks[0]

    before = set(threading.enumerate())
    with TestClient(create_app(lambda: service, open_desk=open_desk)) as client:
        wait_until_ready(client)
        request = make_request()
        answer = client.post("/v1/decisions", json=request)
        assert answer.status_code == 200
        desks[0].shadows.add(ShadowTask(service, parse_case(request), answer.content))
        own = {loop.name for loop in (*desks[0]._loops(), desks[0].shadows.loop)}
        assert {"keeper", "policies", "guardrails", "drift", "watch", "shadow"} <= own <= others(before)
    assert not (own | {"bundle"}) & others(before)
    for thread in set(threading.enumerate()) - before:  # those of the server, who does not wait for them
        if not thread.name.startswith("short way"):  # every app of the process shares them
            thread.join(LONG_SECONDS)
            assert not thread.is_alive(), thread.name
    desks[0].database.close()


def test_a_database_that_is_away_is_asked_again_until_the_end(
    desk: Desk, service: DecisionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.app._RETRY_SECONDS", 0.01)
    is_back, asked = threading.Event(), threading.Semaphore(0)

    def open_desk(service: DecisionService) -> Desk:
        asked.release()
        if not is_back.is_set():
            raise OperationalError("SELECT 1", {}, Exception("away"))
        return desk

    before = set(threading.enumerate())
    with TestClient(create_app(lambda: service, open_desk=open_desk)) as client:
        for _ in range(3):
            assert asked.acquire(timeout=LONG_SECONDS)
        answer = client.get("/health/ready")
        assert (answer.status_code, "database" in answer.json()["error"]["remedy"]) == (503, True)
    assert "bundle" not in others(before)  # though it never came back
    with TestClient(create_app(lambda: service, open_desk=open_desk)) as client:
        is_back.set()
        wait_until_ready(client)
        for thread in set(threading.enumerate()) - before:
            if thread.name == "bundle":
                thread.join(LONG_SECONDS)
        assert "bundle" not in others(before)  # it is done
