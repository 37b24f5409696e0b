"""What goes beside the decisions is done one at a time, and nobody waits for it without end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serve.admission.aside import MOST_WAITING, aside
from serve.app import create_app
from serve.decisions.desk import Desk
from serve.storage.retry import Contended
from tests.serve.decisions.test_desk import order_of
from tests.serve.test_app import wait_until_ready


def enter() -> None:
    with aside():
        pass


def test_one_at_a_time_and_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.admission.aside.WAIT_SECONDS", 30.0)
    with ThreadPoolExecutor(MOST_WAITING) as threads:
        with aside():
            waiting = [threads.submit(enter) for _ in range(MOST_WAITING)]
            time.sleep(0.2)
            assert not any(one.done() for one in waiting)
            begin = time.monotonic()
            with pytest.raises(Contended, match="one explanation"):
                enter()
            assert time.monotonic() - begin < 5.0  # at once
        for one in waiting:
            one.result()
    enter()


def test_who_waits_too_long_is_sent_away_and_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.admission.aside.WAIT_SECONDS", 0.01)
    with ThreadPoolExecutor(1) as threads, aside():
        for _ in range(2 * MOST_WAITING):
            with pytest.raises(Contended, match="server"):
                threads.submit(enter).result()
    enter()


def test_what_fails_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.admission.aside.WAIT_SECONDS", 0.01)
    for _ in range(2 * MOST_WAITING):
        with pytest.raises(ZeroDivisionError), aside():
            raise ZeroDivisionError


def test_explanations_that_are_asked_for_at_once_are_made_one_by_one(
    desk: Desk, make_request: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.admission.aside.WAIT_SECONDS", 60.0)
    making, most = [], []
    explain, doing = desk.policies.find, threading.Lock()

    def find(sha256: str) -> Any:
        with doing:
            making.append(sha256)
            most.append(len(making))
        time.sleep(0.05)
        making.pop()
        return explain(sha256)

    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    with TestClient(app) as client, ThreadPoolExecutor(6) as threads:
        wait_until_ready(client)
        order = order_of(make_request, "one")
        decided = client.post("/v1/decisions", json={"order": order, "now": order["placed_at"]}).json()
        monkeypatch.setattr(desk.policies, "find", find)
        path = f"/v1/decisions/{decided['decision_id']}"
        asked = [threads.submit(client.get, f"{path}/explain") for _ in range(4)]
        asked += [threads.submit(client.post, f"{path}/replay") for _ in range(2)]
        assert [one.result().status_code for one in asked] == [200] * 6
    assert most == [1] * 6
