"""What is let in, what waits, and what is turned away at once."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from starlette.types import Message, Receive, Scope, Send

from scenarios.errors import InputError
from serve.admission.body import Body
from serve.admission.bucket import Bucket, Buckets
from serve.admission.limits import Limits
from serve.admission.line import Line
from serve.admission.options import add_limits, limits_of
from serve.admission.porter import Porter, client_of
from serve.app import create_app
from serve.decisions.desk import Desk
from serve.decisions.service import DecisionService
from serve.main import main
from serve.storage import tables
from serve.web.actor import ANYONE, Actor
from tests.serve.decisions.test_desk import allocated
from tests.serve.replay.endpoints import listening
from tests.serve.test_app import wait_until_ready


def ready(app: FastAPI) -> TestClient:
    """A client of an endpoint that answers."""
    client = TestClient(app)
    client.__enter__()
    wait_until_ready(client)
    return client


def test_a_bucket_gives_its_rate_and_saves_a_burst() -> None:
    bucket = Bucket(rate=10.0, burst=3.0, now=0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(0.0) == pytest.approx(0.1)
    assert bucket.take(0.05) == pytest.approx(0.05)
    assert bucket.take(0.1) == 0.0
    assert [bucket.take(100.0) > 0 for _ in range(4)] == [False, False, False, True]


def test_over_a_long_time_exactly_the_rate_is_let_in() -> None:
    bucket = Bucket(rate=200.0, burst=50.0, now=0.0)
    num_let_in = sum(bucket.take(i / 1000) == 0.0 for i in range(10_000))  # a thousand a second
    assert num_let_in == pytest.approx(2000 + 50, abs=2)


def test_clients_have_buckets_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.admission.bucket._MOST_KEPT", 2)
    buckets = Buckets(rate=1.0, burst=1.0)
    assert [buckets.take(name, 0.0) for name in ("a", "a", "b")] == [0.0, 1.0, 0.0]
    assert buckets.take("c", 0.0) == 0.0  # who has been silent longest is forgotten
    assert buckets.take("b", 0.0) == 1.0
    assert buckets.take("a", 0.0) == 0.0


def test_a_client_is_its_token_or_its_address() -> None:
    scope = {"actor": Actor("till", "planner"), "client": ("10.0.0.7", 1234)}
    assert client_of(scope) == "token till"
    assert client_of({**scope, "actor": ANYONE}) == "address 10.0.0.7"


def test_a_line_lets_in_in_the_order_of_coming() -> None:
    async def play() -> list[int]:
        line, order = Line(in_flight=1, waiting=2), list[int]()
        await line.enter()

        async def come(number: int) -> None:
            await line.enter()
            order.append(number)
            line.leave()

        waiting = [asyncio.ensure_future(come(number)) for number in range(2)]
        await asyncio.sleep(0)
        assert line.is_full()
        assert (line.in_flight, line.waiting) == (1, 2)
        line.leave()
        await asyncio.gather(*waiting)
        assert (line.in_flight, line.waiting) == (0, 0)
        return order

    assert asyncio.run(play()) == [0, 1]


@pytest.mark.parametrize("is_called", [False, True])
def test_who_goes_away_takes_no_place(is_called: bool) -> None:
    """Whether it still waits, or has just been called."""

    async def play() -> None:
        line = Line(in_flight=1, waiting=2)
        await line.enter()
        gone, stays = (asyncio.ensure_future(line.enter()) for _ in range(2))
        await asyncio.sleep(0)
        if is_called:
            line.leave()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        if not is_called:
            line.leave()
        await asyncio.wait_for(stays, 1)
        assert (line.in_flight, line.waiting) == (1, 0)
        line.leave()
        assert line.in_flight == 0

    asyncio.run(play())


def test_who_waits_no_longer_takes_no_place() -> None:
    async def play() -> None:
        line = Line(in_flight=1, waiting=1)
        await line.enter(0.01)
        with pytest.raises(TimeoutError):
            await line.enter(0.01)
        assert (line.in_flight, line.waiting, line.is_full()) == (1, 0, False)
        stays = asyncio.ensure_future(line.enter(60.0))
        await asyncio.sleep(0)
        assert line.is_full()
        line.leave()
        await stays
        line.leave()
        assert (line.in_flight, line.waiting, line.is_free()) == (0, 0, True)

    asyncio.run(play())


@pytest.mark.parametrize(
    ("content", "deadline_ms"),
    [
        (b'{"deadline_ms": 60, "order": {}}', 60.0),
        (b'{"order": {"id": "deadline_ms"}, "deadline_ms" : 1.5e2}', 150.0),
        (b'{"deadline_ms": 60, "deadline_ms": 70}', 70.0),  # as who reads all of it has it
        (b'{"order": {"id": "\\"deadline_ms\\": 5"}}', None),
        (b'{"deadline_ms": null}', None),
        (b'{"deadline_ms": 1e--5}', None),
        (b'{"deadline_ms": -5}', None),
        (b'{"deadline_ms": 0}', None),
        (b'{"order": {}}', None),
        (b"", None),
    ],
)
def test_a_deadline_is_found_in_a_body(content: bytes, deadline_ms: float | None) -> None:
    async def nothing() -> Message:
        raise AssertionError

    assert Body(content, nothing).deadline_ms() == deadline_ms


def test_nobody_waits_in_line_beyond_his_deadline(desk: Desk, make_request: Callable[..., dict[str, Any]]) -> None:
    """While somebody decides: late ones are refused in time and make room, and the others are answered after it."""
    template, limits = make_request()["order"], Limits(in_flight=2, waiting=4)
    template["lines"] = [{**line, "units": 1} for line in template["lines"][:1]]
    client = ready(create_app(lambda: desk.service, open_desk=lambda service: desk, limits=limits))

    def ask(name: str, **deadline: float) -> tuple[str, httpx.Response, float]:
        began, order = time.perf_counter(), {**template, "id": name}
        body = {"order": order, "now": order["placed_at"], **deadline}
        return name, client.post("/v1/decisions", json=body), time.perf_counter() - began

    with ThreadPoolExecutor(8) as threads:
        with desk._deciding:
            sent = [threads.submit(ask, f"patient {i}") for i in range(2)]
            while "routelab_decisions_in_flight 2.0" not in client.get("/metrics").text:
                time.sleep(0.01)
            for _ in range(2):  # again, as the places of those who were late are free
                late = [threads.submit(ask, f"late {i}", deadline_ms=150.0) for i in range(4)]
                for _, refused, seconds in (future.result(30) for future in late):
                    detail = refused.json()["error"]
                    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
                    assert (detail["key"], detail["value"]) == ("deadline_ms", 150.0)
                    assert 0.15 <= seconds < 5
            sent += [threads.submit(ask, f"in time {i}", deadline_ms=60_000.0) for i in range(2)]
            while "routelab_decisions_waiting 2.0" not in client.get("/metrics").text:
                time.sleep(0.01)
        answered = {name: answer.status_code for name, answer, _ in (future.result() for future in sent)}
    assert answered == dict.fromkeys(("patient 0", "patient 1", "in time 0", "in time 1"), 200)
    with desk.database.reading() as tx:
        assert set(tx.execute(select(tables.orders.c.id)).scalars()) == set(answered)
    assert sum(allocated(desk).values()) == len(answered)


class Slow:
    """A service that answers when it is told to."""

    def __init__(self, service: DecisionService) -> None:
        self.policy, self._service = service.policy, service
        self.num_inside, self.may_answer = 0, threading.Event()

    def decide(self, *arguments: Any) -> Any:
        self.num_inside += 1
        self.may_answer.wait(10)
        return self._service.decide(*arguments)


def test_a_full_line_is_503_and_what_waits_is_answered(
    service: DecisionService, make_request: Callable[..., dict[str, Any]]
) -> None:
    slow, request = Slow(service), make_request()
    client = ready(create_app(lambda: slow, limits=Limits(in_flight=2, waiting=1)))  # type: ignore[arg-type,return-value]

    def ask(_: int) -> httpx.Response:
        return client.post("/v1/decisions", json=request)

    with ThreadPoolExecutor(6) as threads:
        sent = [threads.submit(ask, i) for i in range(6)]
        refused = next_done(sent, 3)
        assert slow.num_inside == 2
        metrics = client.get("/metrics").text
        slow.may_answer.set()
        answers = [future.result() for future in sent]
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [503] * 3
    for answer in refused:
        assert (answer.json()["error"]["key"], answer.headers["Retry-After"]) == ("queue", "1")
    assert "routelab_decisions_in_flight 2.0" in metrics
    assert "routelab_decisions_waiting 1.0" in metrics
    assert 'routelab_refused_total{limit="queue"}' in metrics
    assert ask(0).status_code == 200


def test_who_stalls_takes_nobodys_place(
    service: DecisionService, make_request: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers are sent, and no body: the only place is for others, and the sender is told."""
    monkeypatch.setattr("serve.admission.body.BODY_SECONDS", 2.0)
    head = b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    app, request = create_app(lambda: service, limits=Limits(in_flight=1, waiting=0)), make_request()
    with listening(app) as address, ExitStack() as stack:
        url = httpx.URL(address)
        stalled = [stack.enter_context(socket.create_connection((url.host, url.port or 0))) for _ in range(3)]
        for sender in stalled:
            sender.sendall(head)
            sender.settimeout(30)
        gone = stalled.pop()
        gone.close()
        assert httpx.post(f"{address}/v1/decisions", json=request, timeout=30).status_code == 200
        for sender in stalled:
            with sender.makefile("rb") as file:
                told = file.read()  # to the end: the connection is closed
            assert told.startswith(b"HTTP/1.1 408")
            assert json.loads(told.partition(b"\r\n\r\n")[2])["error"]["expected"] == "the whole body within 2 s"


def test_no_path_waits_longer_for_a_body(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody piles up connections with requests that he never ends; who sends in pieces has time for it."""
    monkeypatch.setattr("serve.admission.body.BODY_SECONDS", 2.0)
    starts = ["POST /v1/events", "PUT /v1/inventory", "POST /v1/orders/one/confirm", "POST /v1/orders/one/redecide",
              "GET /v1/tasks", "GET /health/live", "POST /nowhere"]  # fmt: skip
    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    with listening(app) as address, ExitStack() as stack:
        url = httpx.URL(address)
        senders = {start: stack.enter_context(socket.create_connection((url.host, url.port or 0))) for start in starts}
        for start, sender in senders.items():
            head = "HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
            sender.sendall(f"{start} {head}{{".encode())
            sender.settimeout(30)

        def pieces() -> Iterator[bytes]:
            yield b"{"
            time.sleep(0.5)
            yield b"}"

        json_type = {"Content-Type": "application/json"}
        assert httpx.post(f"{address}/v1/events", content=pieces(), headers=json_type).status_code == 422
        for start, sender in senders.items():
            with sender.makefile("rb") as file:
                told = file.read()  # to the end: the connection is closed
            assert told.startswith(b"HTTP/1.1 408"), start
            assert json.loads(told.partition(b"\r\n\r\n")[2])["error"]["key"] == start


def test_the_line_may_be_full_when_the_body_has_come() -> None:
    async def play() -> list[int]:
        inside, told = asyncio.Event(), list[int]()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            assert await receive() == {"type": "http.request", "body": b"{}", "more_body": False}
            inside.set()
            await asyncio.sleep(0.1)

        async def slowly() -> Message:
            await inside.wait()
            return {"type": "http.request", "body": b"{}"}

        async def at_once() -> Message:
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Message) -> None:
            told.append(message.get("status", 0))

        scope = {"type": "http", "method": "POST", "path": "/v1/decisions", "actor": ANYONE}
        porter = Porter(app, Limits(in_flight=1, waiting=0))
        await asyncio.gather(*(porter(dict(scope), receive, send) for receive in (slowly, at_once)))
        return told

    assert asyncio.run(play()) == [503, 0]


def next_done(sent: list[Any], number: int) -> list[Any]:
    """The answers that come although nobody is let go."""
    while sum(future.done() for future in sent) < number:
        pass
    return [future.result() for future in sent if future.done()]


def test_rates_are_429_and_health_is_never_refused(
    service: DecisionService, make_request: Callable[..., dict[str, Any]]
) -> None:
    limits = Limits(decision_rate=0.001, client_rate=0.002)
    client, request = ready(create_app(lambda: service, limits=limits)), make_request()
    assert client.post("/v1/decisions", json=request).status_code == 200
    refused = client.post("/v1/decisions", json=request)
    assert (refused.status_code, refused.json()["error"]["key"]) == (429, "client rate")
    assert 1 < int(refused.headers["Retry-After"]) <= 500
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert client.get(path).status_code == 200
    assert client.get("/v1/anything").status_code == 429  # the client's rate is of all that it asks


def test_the_rate_of_all_decisions(service: DecisionService, make_request: Callable[..., dict[str, Any]]) -> None:
    client = ready(create_app(lambda: service, limits=Limits(decision_rate=0.001)))
    request = make_request()
    assert client.post("/v1/decisions", json=request).status_code == 200
    refused = client.post("/v1/decisions", json=request)
    assert (refused.status_code, refused.json()["error"]["key"]) == (429, "decision rate")
    assert client.get("/v1/anything").status_code == 404


@pytest.mark.parametrize(("burst", "let_in"), [("0", 1), ("3000", 3), ("3600", 3)])
def test_a_burst_is_as_long_as_was_asked_for(
    burst: str, let_in: int, service: DecisionService, make_request: Callable[..., dict[str, Any]]
) -> None:
    parser = argparse.ArgumentParser()
    add_limits(parser)
    limits = limits_of(parser.parse_args(["--decision-rate", "0.001", "--burst", burst]))
    client, request = ready(create_app(lambda: service, limits=limits)), make_request()
    codes = [client.post("/v1/decisions", json=request).status_code for _ in range(4)]
    assert codes == [200] * let_in + [429] * (4 - let_in)


@pytest.mark.parametrize(
    "option",
    [
        ["--in-flight", "0"],
        ["--waiting", "-1"],
        ["--client-rate", "nan"],
        ["--client-rate", "0"],
        ["--decision-rate", "-5"],
        ["--burst", "-0.1"],
        ["--burst", "nan"],
    ],
)
def test_limits_out_of_range_are_refused(option: list[str]) -> None:
    with pytest.raises(InputError, match=option[0]):
        main(["--bundle", "nowhere", *option])


def test_a_rate_may_be_none() -> None:
    with pytest.raises(InputError, match="bundle"):  # the next thing that is wrong
        main(["--bundle", "nowhere", "--client-rate", "none"])
