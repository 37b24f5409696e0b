"""A policy that stalls or breaks: every order is answered in time by a named stage, and the policy comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
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
from serve.record import find_decision, read_record
from serve.service import DecisionService
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.oracle import Oracle
from tests.serve.test_app import wait_until_ready
from tests.serve.test_desk import allocated

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
GRACE_MS = 10.0
"""After a deadline, in which an answer must be there on a machine that has nothing else to do."""
DEADLINES_MS = (60.0, 100.0, None, None)
"""Of four clients; only who states none tells the breaker of every failure, as a hasty one would fail for himself."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and how much later it was than its deadline, if it had one."""

    body: dict[str, Any]
    late_ms: float | None


class Clients:
    """Some who order at once, one order after another.

    Args:
        client: sends.
        order: what each orders, under another id each time.
    """

    def __init__(self, client: TestClient, order: dict[str, Any]) -> None:
        self._client, self._order, self._numbers = client, order, count()

    def ask(self, deadline_ms: float | None) -> Told:
        """Orders, and gives back what was reserved, for the next order."""
        order = {**self._order, "id": f"order {next(self._numbers)}"}
        request = {"order": order, "now": order["placed_at"], "deadline_ms": deadline_ms}
        began = time.perf_counter()
        answer = self._client.post("/v1/decisions", json={name: value for name, value in request.items() if value})
        ms = 1000 * (time.perf_counter() - began)
        assert answer.status_code == 200
        cancelled = self._client.post(f"/v1/orders/{order['id']}/cancel", params={"now": order["placed_at"]})
        assert cancelled.json()["state"] == "cancelled"
        return Told(answer.json(), None if deadline_ms is None else ms - deadline_ms)

    def ask_for(self, seconds: float) -> list[Told]:
        """All of them for so long; the answers in the order in which they came."""
        told, until = list[Told](), time.monotonic() + seconds

        def go_on(deadline_ms: float | None) -> None:
            while time.monotonic() < until:
                told.append(self.ask(deadline_ms))

        with ThreadPoolExecutor(len(DEADLINES_MS)) as threads:
            list(threads.map(go_on, DEADLINES_MS))
        return told


def check_breaker_opened(told: list[Told], seconds: float) -> None:
    """After at most ``LIMIT`` failures the policy is left out, but for single orders that try it."""
    is_left_out = ["left out" in answer.body["fallback_reason"] for answer in told]
    opened = is_left_out.index(True)
    assert sum(answer.late_ms is None for answer in told[:opened]) <= LIMIT
    after = zip(is_left_out[opened:], told[opened:], strict=True)
    asked = [not left for left, answer in after if answer.late_ms is None]  # a hasty one may have no time to ask
    assert sum(asked) <= seconds / TRIAL_SECONDS + len(DEADLINES_MS)


def check_lateness(sound: list[Told], stalled: list[Told]) -> None:
    """A stall makes answers no later than this machine makes them anyway."""
    usual, late = (sorted(answer.late_ms for answer in told if answer.late_ms is not None) for told in (sound, stalled))
    for share, usual_share in ((0.5, 0.75), (0.9, 0.99)):
        assert late[int(share * len(late))] <= max(GRACE_MS, usual[int(usual_share * len(usual))])
    assert late[-1] < max(GRACE_MS, usual[-1]) + 1000 * STALL_SECONDS / 2  # nobody waits for the model


@pytest.mark.slow
def test_a_stalled_policy_delays_no_answer_and_comes_back(
    agent: BundleAgent, make_request: Request, database_url: str, oracle: Oracle
) -> None:
    """Some clients order at once while each call of the policy takes five seconds."""
    sound, is_stalled = agent.scores, threading.Event()

    def stall(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        if is_stalled.is_set():
            time.sleep(STALL_SECONDS)
        return sound(features, context)

    agent.scores = stall  # type: ignore[method-assign]
    service = DecisionService(agent, 0.05)
    desk = load_desk(service, Database(database_url), DeskSettings(is_request_clock=True))
    app = create_app(lambda: service, open_desk=lambda service: desk)
    order = make_request()["order"]
    order["lines"] = [{**line, "units": 1} for line in order["lines"]]
    seconds = 1.2 * STALL_SECONDS
    with TestClient(app) as client:
        wait_until_ready(client)
        clients = Clients(client, order)
        clients.ask(None)
        usual = clients.ask_for(seconds / 2)
        is_stalled.set()
        stalled = clients.ask_for(seconds)
        is_stalled.clear()
        recovered = time.monotonic()
        while clients.ask(None).body["stage"] != "policy":
            assert time.monotonic() < recovered + 30
    check_breaker_opened(stalled, seconds)
    check_lateness(usual, stalled)
    with desk.database.reading() as tx:
        for body in (answer.body for answer in stalled):
            record = read_record(tx, find_decision(tx, body["decision_id"]))
            assert (body["stage"], record.heuristic) == ("heuristic", agent.bundle.plan.fallback[0])
            assert list(oracle.breaches(record.case, body["plan"])) == []
    assert allocated(desk) == {}
    desk.database.close()
