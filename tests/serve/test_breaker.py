"""A policy that stalls or breaks: every order is answered in time by a named stage, and the policy comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from agents.bundle import BundleAgent
from agents.documents import parse_case
from serve import breaker
from serve.app import create_app
from serve.breaker import FAILURES_TO_OPEN, TRIAL_SECONDS, Breaker
from serve.chain import Chain
from serve.database import Database
from serve.desk import DeskSettings
from serve.main import load_desk
from serve.service import DecisionService
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.test_app import wait_until_ready
from tests.serve.test_desk import allocated, order_of

Request = Callable[..., dict[str, Any]]

LIMIT = 20
"""Failures after which it must be open."""


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(breaker, "time", clock)
    return clock


def test_it_opens_after_failures_in_a_row_and_closes_with_one_success(clock: Clock) -> None:
    guard = Breaker()
    assert FAILURES_TO_OPEN <= LIMIT
    for _ in range(3):  # what succeeds now and then is not left out
        for _ in range(FAILURES_TO_OPEN - 1):
            assert guard.admits()
            guard.tell(is_answered=False)
        guard.tell(is_answered=True)
    for _ in range(FAILURES_TO_OPEN):
        assert guard.admits()
        guard.tell(is_answered=False)
    for _ in range(5):
        assert [guard.admits() for _ in range(3)] == [False] * 3
        clock.now += TRIAL_SECONDS
        assert [guard.admits() for _ in range(3)] == [True, False, False]
        guard.tell(is_answered=False)
    clock.now += TRIAL_SECONDS
    assert guard.admits()
    guard.tell(is_answered=True)
    assert all(guard.admits() for _ in range(20))


def _raise(features: np.ndarray, context: np.ndarray) -> np.ndarray:
    raise ValueError("broken weights")


def _nan(features: np.ndarray, context: np.ndarray) -> np.ndarray:
    return np.full(32, np.nan, np.float32)


@pytest.mark.parametrize("broken", [_raise, _nan], ids=["raising", "nan"])
def test_a_broken_policy_is_asked_a_few_times_and_comes_back(
    agent: BundleAgent, make_request: Request, clock: Clock, broken: Callable[..., np.ndarray]
) -> None:
    snapshot = agent.reader.read(parse_case(make_request()))
    sound, num_calls = agent.scores, 0

    def counted(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        nonlocal num_calls
        num_calls += 1
        return broken(features, context)

    agent.scores = counted  # type: ignore[method-assign]
    chain = Chain(agent, AMPLE_SECONDS)
    choices = [chain.decide(snapshot) for _ in range(5 * LIMIT)]
    assert {choice.stage for choice in choices} == {"heuristic"}
    assert num_calls <= LIMIT
    assert "left out" in str(choices[-1].fallback_reason)
    agent.scores = sound  # type: ignore[method-assign]
    assert chain.decide(snapshot).stage == "heuristic"
    clock.now += TRIAL_SECONDS
    assert {chain.decide(snapshot).stage for _ in range(5)} == {"policy"}


def test_hasty_clients_do_not_have_the_policy_left_out(agent: BundleAgent, make_request: Request) -> None:
    snapshot = agent.reader.read(parse_case(make_request()))
    chain = Chain(agent, AMPLE_SECONDS)
    for _ in range(2 * LIMIT):
        chain.decide(snapshot, deadline=time.perf_counter() + 0.0021)
    time.sleep(0.2)  # a call that ran out of time ends
    assert chain.decide(snapshot).stage == "policy"


STALL_SECONDS = 5.0
DEADLINES_MS = (30.0, 60.0, 100.0)


@pytest.mark.slow
def test_a_stalled_policy_delays_no_answer_and_comes_back(
    agent: BundleAgent, make_request: Request, database_url: str
) -> None:
    """Orders come one after the other while each call of the policy takes five seconds."""
    sound, is_stalled, num_stalled = agent.scores, threading.Event(), 0

    def stall(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        nonlocal num_stalled
        if is_stalled.is_set():
            num_stalled += 1
            time.sleep(STALL_SECONDS)
        return sound(features, context)

    agent.scores = stall  # type: ignore[method-assign]
    service = DecisionService(agent, 0.05)
    desk = load_desk(service, Database(database_url), DeskSettings(is_request_clock=True))
    app = create_app(lambda: service, open_desk=lambda service: desk)
    late_ms: list[float] = []

    def ask(client: TestClient, number: int) -> dict[str, Any]:
        deadline_ms = DEADLINES_MS[number % len(DEADLINES_MS)]
        order = order_of(make_request, f"order {number}")
        request = {"order": order, "now": order["placed_at"], "deadline_ms": deadline_ms}
        began = time.perf_counter()
        answer = client.post("/v1/decisions", json=request)
        late_ms.append(1000 * (time.perf_counter() - began) - deadline_ms)
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        # What was reserved was there, as the database sees to that; it is given back for the next order.
        cancelled = client.post(f"/v1/orders/{order['id']}/cancel", params={"now": order["placed_at"]})
        assert cancelled.json()["state"] in ("cancelled", "review", "declined")
        return body

    with TestClient(app) as client:
        wait_until_ready(client)
        for number in range(20):
            ask(client, number)
        late_ms.clear()
        is_stalled.set()
        until, bodies, number = time.monotonic() + 2.2 * STALL_SECONDS, [], 100
        while time.monotonic() < until:
            bodies.append(ask(client, number))
            number += 1
        stalled_ms = sorted(late_ms)
        is_stalled.clear()
        recovered = time.monotonic()
        while ask(client, number)["stage"] != "policy":
            number += 1
            assert time.monotonic() < recovered + 30
    assert {body["stage"] for body in bodies} == {"heuristic"}
    assert all(body["fallback_reason"] and body["plan"] for body in bodies)
    # On a quiet machine nobody is 10 ms late; a busy one stops everybody now and then, but never for a stall.
    assert stalled_ms[len(stalled_ms) // 2] <= 10.0, stalled_ms[-5:]
    assert stalled_ms[-1] < 1000 * STALL_SECONDS / 4, stalled_ms[-5:]
    assert num_stalled <= LIMIT
    assert allocated(desk) == {}
    desk.database.close()
