"""Whatever is sent, the answer is no 5xx, errors have one form, and they name the field.

The short form sends hundreds, `make fuzz` (`ROUTELAB_FUZZ`) ten thousand or more: two thirds of that are our own, the
others, and more where paths take that many, are made from the OpenAPI description.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.errors
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from scenarios.errors import InputError
from scenarios.local_time import format_utc, parse_utc
from serve.app import create_app
from serve.audit.log import complaints
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.storage import tables
from serve.storage.database import Database
from serve.web.arrival import MAX_BODY_BYTES
from tests.serve.fuzzed import NAMELESS_TIMES, Fuzz, Sent, leaves, steps
from tests.serve.test_app import check_error, wait_until_ready

NUM_REQUESTS = int(os.environ.get("ROUTELAB_FUZZ", "750"))
"""At least so many are sent in all."""

NUM_OWN = 2 * NUM_REQUESTS // 3
NUM_DESCRIBED = NUM_REQUESTS - NUM_OWN


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path, service: DecisionService) -> Iterator[Desk]:
    (tmp_path / "shop.db").write_bytes(sqlite_template.read_bytes())
    settings = DeskSettings(is_request_clock=True, policies=tmp_path)
    desk = load_desk(service, Database(f"sqlite:///{tmp_path / 'shop.db'}"), settings)
    yield desk
    below = select(func.count()).select_from(tables.stock).where(tables.stock.c.on_hand_units < 0)
    with desk.database.reading() as tx:  # whatever was sent, what is kept is sound
        assert list(complaints(tx)) == []
        assert tx.execute(below).scalar() == 0
    desk.database.close()


@pytest.fixture
def app(desk: Desk) -> FastAPI:
    return create_app(lambda: desk.service, open_desk=lambda service: desk)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(client)
        yield client


def check(answer: Any, what: object) -> None:
    """No 5xx, and the one form of errors."""
    assert answer.status_code < 500, (what, answer.text[:500])
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        error = check_error(answer)
        assert error["key"], what
        assert error["remedy"], what


def send(client: TestClient, sent: Sent) -> Any:
    headers = [(name.encode(), value.encode()) for name, value in sent.headers]
    return client.request(sent.method, sent.path, content=sent.content, headers=headers)


@pytest.mark.slow
def test_spoilt_requests_are_refused_and_the_field_is_named(client: TestClient, sound_agent: Any) -> None:
    fuzz, statuses = Fuzz([case.document for case in sound_agent.bundle.golden], seed=NUM_OWN), Counter[int]()
    num_named = num_spoilt = 0
    for _ in range(NUM_OWN):
        sent = fuzz.any()
        answer = send(client, sent)
        check(answer, sent)
        statuses[answer.status_code] += 1
        if sent.spoilt is not None and answer.status_code == 422:
            key = check_error(answer)["key"]
            num_spoilt += 1
            num_named += sent.is_named_by(key)
    assert statuses.total() == NUM_OWN
    assert statuses[422] > NUM_OWN / 3
    assert statuses[200] > NUM_OWN / 20
    # The rest contradicts another field, which is then the one that is named.
    assert num_named > 0.98 * num_spoilt, (num_named, num_spoilt)


FAR_TIMES = (*NAMELESS_TIMES, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z")


def is_time(value: object) -> bool:
    try:
        parse_utc("t", value)
    except InputError:
        return False
    return True


def with_all_times(document: dict[str, Any]) -> dict[str, Any]:
    """A request with a snapshot of which every field that may be a time is one."""
    order, snapshot = document["order"], document["snapshot"]
    later = format_utc(parse_utc("t", order["placed_at"]) + 7200)
    house, service = snapshot["stations"][0]["warehouse"], snapshot["punctuality"][0]["service"]
    line = {**order["lines"][0], "ship_from": later, "promise_at": order["promise_at"]}
    booking = {"warehouse": house, "service": service, "collection_at": later, "booked_parcels": 1}
    receipt = {"warehouse": house, "sku": line["sku"], "expected_at": later, "expected_units": 1}
    tables = {
        "stations": [{**snapshot["stations"][0], "busy_until": [later]}, *snapshot["stations"][1:]],
        "bookings": [booking],
        "receipts": [receipt],
        "interruptions": [{"warehouse": house, "service": service, "until": later}],
    }
    return {"order": {**order, "lines": [line]}, "snapshot": {**snapshot, **tables, "calendar_end": later}}


def test_times_without_a_name_are_refused_wherever_they_are_stated(client: TestClient, sound_agent: Any) -> None:
    """Kept, one of them would fail every decision that reads it."""
    documents = [case.document for case in sound_agent.bundle.golden]
    document = next(one for one in documents if one["snapshot"].get("punctuality") and one["snapshot"].get("bookings"))
    fuzz, now = Fuzz([document], seed=1), document["order"]["placed_at"]
    order = {**document["order"], "id": "before"}
    answer = client.post("/v1/decisions", json={"order": order, "now": now})
    parcel = answer.json()["plan"]["parcels"][0]["id"]
    started = {"id": "p", "kind": "pick_started", "parcel": parcel, "at": now, "expected_finish_at": now}
    sound = [*fuzz.every(), ("POST", "/v1/events", {"events": [started]})]
    sound.append(("POST", "/v1/decisions", with_all_times(document)))
    spoilt = set[str]()
    for method, path, body in sound:
        for field in leaves(body):
            *outer, last = steps(field)
            inner = copy.deepcopy(body)
            there: Any = inner
            for step in outer:
                there = there[step]
            if is_time(there[last]):
                for text in FAR_TIMES:
                    there[last] = text
                    answer = client.request(method, path, json=inner)
                    assert (answer.status_code, check_error(answer)["key"]) == (422, field), (path, field, text)
                    spoilt.add(field.rpartition(".")[2].partition("[")[0])
    assert spoilt == {
        *("placed_at", "promise_at", "ship_from", "now", "busy_until", "collection_at", "expected_at", "until"),
        *("calendar_end", "at", "expected_finish_at"),
    }
    later = {"order": {**order, "id": "after"}, "now": now}
    assert client.post("/v1/decisions", json=later).status_code == 200


def test_times_without_a_name_are_refused_in_queries(client: TestClient) -> None:
    described, asked = client.get("/openapi.json").json()["paths"], set[tuple[str, str]]()
    for path, methods in described.items():
        for method, operation in methods.items():
            names = {parameter["name"] for parameter in operation.get("parameters", ())}
            for name in names & {"now", "since", "until"}:
                others = {"since": "2025-03-03T10:00:00Z", "until": "2025-03-04T10:00:00Z"}
                params = {key: text for key, text in others.items() if key in names}
                params |= {"policy": "0" * 64} if "policy" in names else {}
                for text in FAR_TIMES:
                    answer = client.request(method, path, params={**params, name: text}, json={"lease": "x"})
                    assert (answer.status_code, check_error(answer)["key"]) == (422, name), (path, name, text)
                    asked.add((path, name))
    assert len(asked) == 14
    assert client.get("/v1/reviews").status_code == 200


def test_ten_megabytes_are_refused(client: TestClient) -> None:
    for body in (b'{"order": "' + b"x" * (10 << 20) + b'"}', b"[" * (10 << 20), b"\x00" * (MAX_BODY_BYTES + 1)):
        answer = client.post("/v1/decisions", content=body, headers={"content-type": "application/json"})
        check(answer, len(body))
        assert answer.status_code == 413


@pytest.mark.slow
def test_requests_made_from_the_description(app: FastAPI, client: TestClient) -> None:
    import schemathesis.openapi  # takes a while

    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    operations = [found.ok() for found in schema.get_all_operations()]
    statuses = Counter[int]()
    for operation in operations:
        for mode in schemathesis.GenerationMode:

            @hypothesis.settings(
                max_examples=max(1, NUM_DESCRIBED // len(operations)),  # twice as many as needed: some paths take few
                database=None,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(hypothesis.HealthCheck),
                phases=[hypothesis.Phase.generate],
            )
            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                told = case.as_transport_kwargs(base_url="http://testserver")
                options = {name: told[name] for name in ("params", "json", "cookies") if told.get(name)}
                headers = [(name.encode(), value.encode()) for name, value in (told.get("headers") or {}).items()]
                body = told.get("data")
                answer = client.request(told["method"], told["url"], content=body, headers=headers, **options)
                check(answer, told)
                statuses[answer.status_code] += 1

            with suppress(hypothesis.errors.Unsatisfiable):  # a path that takes nothing cannot be sent anything wrong
                ask()
    assert statuses.total() >= NUM_DESCRIBED
    assert {200, 404, 422} <= statuses.keys()
