"""The short way answers as the long one does, in the same bytes but for what is new each time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from scenarios.errors import InputError
from serve.app import create_app
from serve.decisions.service import DecisionService
from serve.orders.order import NotFound
from serve.storage.retry import Contended
from serve.web.short_way import ShortWay


@pytest.fixture(scope="module")
def client(service: DecisionService) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: service), raise_server_exceptions=False) as client:
        while client.get("/health/ready").status_code != 200:
            pass
        yield client


def changed(document: dict[str, Any], *path: str | int, value: Any) -> bytes:
    inner: Any = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return json.dumps(document).encode()


BODIES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "plain": lambda request: json.dumps(request).encode(),
    "NaN": lambda request: changed(request, "deadline_ms", value=float("nan")),
    "a float for an int": lambda request: changed(request, "order", "lines", 0, "units", value=1.0),
    "a text for an int": lambda request: changed(request, "order", "lines", 0, "units", value="1"),
    "an int for a float": lambda request: changed(request, "deadline_ms", value=5000),
    "half a letter": lambda request: changed(request, "order", "id", value="\ud800"),
    "a field twice": lambda request: json.dumps(request).encode()[:-1] + b', "max_alternatives": 1}',
    "an unknown field": lambda request: changed(request, "colour", value="red"),
    "broken": lambda request: json.dumps(request).encode()[:-1],
    "nothing": lambda request: b"",
    "not UTF-8": lambda request: b'{"order": "\xff"}',
    "deep": lambda request: b"[" * 1000,
}

HEADERS: dict[str, list[tuple[str, str]]] = {
    "as it should be": [("content-type", "application/json")],
    "with a character set": [("content-type", "application/json; charset=utf-8")],
    "none": [("content-type", "")],
    "text": [("content-type", "text/plain")],
    "a key": [("content-type", "application/json"), ("idempotency-key", "k")],
    "a key too long": [("content-type", "application/json"), ("idempotency-key", "k" * 256)],
}


PLAIN = {("plain", "a key")} | {(body, "as it should be") for body in ("plain", "an int for a float", "a field twice")}
"""What takes the short way."""


def told(client: TestClient, body: bytes, headers: list[tuple[str, str]]) -> tuple[int, str]:
    answer = client.post("/v1/decisions", content=body, headers=headers)
    return answer.status_code, re.sub(r'"(decision_id|latency_ms)":("\w+"|[\d.]+)', "", answer.text)


@pytest.mark.parametrize(
    ("body", "headers"),
    [(body, "as it should be") for body in BODIES] + [("plain", name) for name in HEADERS if name != "as it should be"],
)
def test_both_ways_answer_alike(
    client: TestClient,
    make_request: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    headers: str,
) -> None:
    content = BODIES[body](make_request())
    plain, is_plain, long_ways = ShortWay._plain, list[bool](), list[object]()

    def noted(*request: Any) -> Any:
        found = plain(*request)
        is_plain.append(found is not None)
        return found

    monkeypatch.setattr(ShortWay, "_plain", noted)
    short = told(client, content, HEADERS[headers])
    way = [] if body == "deep" else [(body, headers) in PLAIN]  # refused before either
    assert is_plain == way

    def never(*request: object) -> None:
        long_ways.append(request)

    monkeypatch.setattr(ShortWay, "_plain", never)
    assert told(client, content, HEADERS[headers]) == short
    assert len(long_ways) == len(way)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("order", "a"), 404),
        (Contended(InputError("stock", "lamp", "some", "wait")), 503),
        (ZeroDivisionError(), 500),
        (KeyError("a"), 500),
    ],
)
def test_both_ways_word_errors_alike(
    client: TestClient,
    service: DecisionService,
    make_request: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(service, "decide", fail)
    ways = []
    for is_short in (True, False):
        if not is_short:
            monkeypatch.setattr(ShortWay, "_plain", lambda *_: None)
        answer = client.post("/v1/decisions", json=make_request())
        ways.append((answer.status_code, answer.json(), answer.headers.get("retry-after")))
    assert ways[0] == ways[1]
    assert ways[0][0] == status
