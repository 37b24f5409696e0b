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
from serve.app import create_app
from serve.decisions import breaker
from serve.decisions.breaker import FAILURES_TO_OPEN, TRIAL_SECONDS, Breaker
from serve.decisions.chain import LEAST_SECONDS, STALL_SECONDS, Chain
from serve.decisions.desk import DeskSettings
from serve.decisions.record import find_decision, read_record
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.storage.database import Database
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.decisions.test_desk import allocated
from tests.serve.oracle import Oracle
from tests.serve.test_app import wait_until_ready

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


@pytest.mark.parametrize("seconds", [None, 10.0], ids=["", "deadline"])
@pytest.mark.parametrize("broken", [_raise, _nan], ids=["raising", "nan"])
def test_a_broken_policy_is_asked_a_few_times_and_comes_back(
    agent: BundleAgent, make_request: Request, clock: Clock, broken: Callable[..., np.ndarray], seconds: float | None
) -> None:
    """Whether orders state no deadline, or all of them one that leaves less than the budget."""
    snapshot = agent.reader.read(parse_case(make_request()))
    sound, num_calls = agent.scores, 0

    def counted(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        nonlocal num_calls
        num_calls += 1
        return broken(features, context)

    agent.scores = counted  # type: ignore[method-assign]
    chain = Chain(agent, AMPLE_SECONDS)
    choices = [
        chain.decide(snapshot, None if seconds is None else time.perf_counter() + seconds) for _ in range(5 * LIMIT)
    ]
    assert {choice.stage for choice in choices} == {"heuristic"}
    assert num_calls <= LIMIT
    assert "left out" in str(choices[-1].fallback_reason)
    agent.scores = sound  # type: ignore[method-assign]
    assert chain.decide(snapshot).stage == "heuristic"
    clock.now += TRIAL_SECONDS
    assert {chain.decide(snapshot).stage for _ in range(5)} == {"policy"}


@pytest.mark.parametrize("seconds", [0.1, LEAST_SECONDS + 0.005], ids=["deadline", "hasty"])
def test_a_policy_that_stalls_is_left_out_though_all_state_deadlines(
    agent: BundleAgent, make_request: Request, seconds: float
) -> None:
    """A hasty one's own wait proves nothing; but who comes later finds the same call still without an answer."""
    gate, snapshot = threading.Event(), agent.reader.read(parse_case(make_request()))
    agent.scores = lambda features, context: gate.wait(60)  # type: ignore[method-assign,assignment,return-value]
    chain = Chain(agent, AMPLE_SECONDS)
    reasons = list[str]()
    for _ in range(LIMIT):
        reasons.append(str(chain.decide(snapshot, time.perf_counter() + seconds).fallback_reason))
        time.sleep(STALL_SECONDS / 5)
    gate.set()
    assert "gave no answer within" in reasons[0]
    assert sum("left out" in reason for reason in reasons) > 0
    assert "left out" in reasons[-1]


def test_hasty_clients_do_not_have_the_policy_left_out(agent: BundleAgent, make_request: Request) -> None:
    snapshot = agent.reader.read(parse_case(make_request()))
    chain = Chain(agent, AMPLE_SECONDS)
    for _ in range(2 * LIMIT):
        chain.decide(snapshot, deadline=time.perf_counter() + LEAST_SECONDS + 0.0001)
    time.sleep(0.2)  # a call that ran out of time ends
    assert chain.decide(snapshot).stage == "policy"


CALL_SECONDS = 5.0
GRACE_MS = 10.0
"""After a deadline, in which an answer must be there on a machine that has nothing else to do."""
BUDGET_SECONDS = 0.5
DEADLINES_MS = (60.0, 100.0, 200.0, 400.0)
"""Of four clients, as of a shop that always states one, which leaves the policy less than its budget."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and how much later it was than its deadline, if it had one.

    Attributes:
        body: empty if others were being decided until the deadline came.
        late_ms: after it.
    """

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
        late_ms = None if deadline_ms is None else ms - deadline_ms
        if answer.status_code == 503 and late_ms is not None:
            assert (answer.json()["error"]["key"], answer.headers["Retry-After"]) == ("deadline_ms", "1")
            return Told({}, late_ms)
        assert answer.status_code == 200
        cancelled = self._client.post(f"/v1/orders/{order['id']}/cancel", params={"now": order["placed_at"]})
        assert cancelled.json()["state"] == "cancelled"
        return Told(answer.json(), late_ms)

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
    reasons = [answer.body["fallback_reason"] for answer in told]
    opened = next(i for i, reason in enumerate(reasons) if "left out" in reason)
    failed = ["the policy gave no" in reason or "the policy is still" in reason for reason in reasons]
    assert sum(failed[:opened]) <= LIMIT
    assert sum(failed[opened:]) <= seconds / TRIAL_SECONDS + len(DEADLINES_MS)


def check_lateness(sound: list[Told], stalled: list[Told]) -> None:
    """A stall makes answers no later than this machine makes them anyway."""
    usual, late = (sorted(answer.late_ms for answer in told if answer.late_ms is not None) for told in (sound, stalled))
    for share, usual_share in ((0.5, 0.75), (0.9, 0.99)):
        assert late[int(share * len(late))] <= max(GRACE_MS, usual[int(usual_share * len(usual))])
    assert late[-1] < max(GRACE_MS, usual[-1]) + 1000 * CALL_SECONDS / 2  # nobody waits for the model


@pytest.mark.slow
def test_a_stalled_policy_delays_no_answer_and_comes_back(
    agent: BundleAgent, make_request: Request, database_url: str, oracle: Oracle
) -> None:
    """Some clients order at once while each call of the policy takes five seconds."""
    sound, is_stalled = agent.scores, threading.Event()

    def stall(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        if is_stalled.is_set():
            time.sleep(CALL_SECONDS)
        return sound(features, context)

    agent.scores = stall  # type: ignore[method-assign]
    service = DecisionService(agent, BUDGET_SECONDS)
    desk = load_desk(service, Database(database_url), DeskSettings(is_request_clock=True))
    app = create_app(lambda: service, open_desk=lambda service: desk)
    order = make_request()["order"]
    order["lines"] = [{**line, "units": 1} for line in order["lines"]]
    seconds = 1.2 * CALL_SECONDS
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
    answered = [answer for answer in stalled if answer.body]
    assert len(answered) > len(stalled) / 2  # the hastiest may be refused where the machine is busy
    assert sum(answer.body["stage"] == "heuristic" for answer in answered) > 0.9 * len(answered)
    check_breaker_opened(answered, seconds)
    check_lateness(usual, stalled)
    with desk.database.reading() as tx:
        for body in (answer.body for answer in answered):
            record = read_record(tx, find_decision(tx, body["decision_id"]))
            is_slow = "the heuristic" in body["fallback_reason"]  # on a machine that is busy, as its own time is short
            stage, heuristic = ("static", 1) if is_slow else ("heuristic", 0)
            assert (body["stage"], record.heuristic) == (stage, agent.bundle.plan.fallback[heuristic])
            assert list(oracle.breaches(record.case, body["plan"])) == []
    assert allocated(desk) == {}
    desk.database.close()
