"""The endpoint over HTTP: answers, health, one error schema, OpenAPI."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from agents.bundle import BundleAgent
from scenarios.errors import InputError
from serve.app import create_app
from serve.decisions.service import DecisionService
from serve.web.arrival import MAX_BODY_BYTES
from tests.serve.conftest import AMPLE_SECONDS

Request = Callable[..., dict[str, Any]]


def wait_until_ready(client: TestClient) -> None:
    for _ in range(500):
        if client.get("/health/ready").status_code == 200:
            return
        time.sleep(0.02)
    pytest.fail("not ready")


@pytest.fixture
def client(service: DecisionService) -> Iterator[TestClient]:
    # Exceptions must become answers, not test failures.
    with TestClient(create_app(lambda: service), raise_server_exceptions=False) as client:
        wait_until_ready(client)
        yield client


def test_an_order_is_answered(client: TestClient, make_request: Request) -> None:
    answer = client.post("/v1/decisions", json=make_request())
    assert answer.status_code == 200
    body = answer.json()
    assert body["stage"] == "policy"
    assert body["plan"]["parcels"][0]["lines"]
    assert body["reasons"]


def test_a_broken_model_still_answers_and_names_the_stage(agent: BundleAgent, make_request: Request) -> None:
    agent.scores = lambda features, context: np.full(32, np.nan, np.float32)  # type: ignore[method-assign]
    with TestClient(create_app(lambda: DecisionService(agent, AMPLE_SECONDS))) as client:
        wait_until_ready(client)
        body = client.post("/v1/decisions", json=make_request()).json()
    assert body["stage"] == "heuristic"
    assert "finite" in body["fallback_reason"]
    assert body["confidence"] is None
    assert body["plan"]["parcels"]


def test_a_stalled_model_does_not_stall_other_requests(agent: BundleAgent, make_request: Request) -> None:
    gate = threading.Event()
    agent.scores = lambda features, context: gate.wait(60)  # type: ignore[method-assign,assignment,return-value]
    with TestClient(create_app(lambda: DecisionService(agent, 0.05))) as client:
        wait_until_ready(client)
        began = time.perf_counter()
        stages = [client.post("/v1/decisions", json=make_request()).json()["stage"] for _ in range(5)]
        assert time.perf_counter() - began < 10
        gate.set()
    assert stages == ["heuristic"] * 5


def test_a_deadline_is_honoured(client: TestClient, make_request: Request) -> None:
    body = client.post("/v1/decisions", json={**make_request(), "deadline_ms": 0.001}).json()
    assert body["stage"] in ("heuristic", "static")  # which has no time limit, if the machine is busy
    assert "deadline" in body["fallback_reason"]
    assert body["plan"] is not None


def test_live_at_once_and_ready_only_after_the_bundle_was_checked(
    service: DecisionService, make_request: Request
) -> None:
    gate = threading.Event()

    def load() -> DecisionService:
        gate.wait(60)
        return service

    with TestClient(create_app(load)) as client:
        assert client.get("/health/live").json() == {"status": "live"}
        for answer in (client.get("/health/ready"), client.post("/v1/decisions", json=make_request())):
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert "golden" in check_error(answer)["remedy"]
        gate.set()
        wait_until_ready(client)
        assert client.get("/health/ready").json()["policy"]["scenario_id"] == "metro-small@1"


def test_an_unsound_bundle_is_never_ready(make_request: Request) -> None:
    failures: list[Exception] = []

    def load() -> DecisionService:
        raise InputError("bundle golden.json", "slot 3", "slot 4", "export again")

    with TestClient(create_app(load, failures.append)) as client:
        for _ in range(500):
            if failures:
                break
            time.sleep(0.01)
        assert isinstance(failures[0], InputError)
        assert "golden.json" in check_error(client.get("/health/ready"))["remedy"]
        assert client.post("/v1/decisions", json=make_request()).status_code == 503


def check_error(answer: Any) -> dict[str, Any]:
    """The error of an answer, after a check that it follows the schema."""
    assert 400 <= answer.status_code < 600
    assert answer.headers["content-type"] == "application/json"
    body = json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert list(body) == ["error"]
    assert list(body["error"]) == ["key", "value", "expected", "remedy"]
    return body["error"]


NAN, INFINITY = float("nan"), float("inf")
BAD: list[tuple[str, Any]] = [
    ("order", None),
    ("order", []),
    ("order.id", ""),
    ("order.id", 7),
    ("order.region", "Atlantis"),
    ("order.lines", []),
    ("order.lines", {}),
    ("order.lines[0].sku", "unknown"),
    ("order.lines[0].units", -1),
    ("order.lines[0].units", 0),
    ("order.lines[0].units", NAN),
    ("order.lines[0].units", INFINITY),
    ("order.lines[0].units", 1e300),
    ("order.lines[0].units", 10**30),
    ("order.lines[0].units", True),
    ("order.lines[0].ship_from", "tomorrow"),
    ("order.promise_at", "2000-01-01T00:00:00Z"),
    ("order.promise_at", "0000-00-00T00:00:00Z"),
    ("order.promise_at", NAN),
    ("order.requirements", ["unheard-of"]),
    ("order.surprise", 1),
    ("snapshot", 3),
    ("snapshot.schema", "routelab.snapshot/0"),
    ("snapshot.now", "1960-01-01T00:00:00Z"),
    ("snapshot.now", "9999-12-31T23:59:59Z"),
    ("snapshot.stock[0].warehouse", "unknown"),
    ("snapshot.stock[0].on_hand_units", -4),
    ("snapshot.stock[0].on_hand_units", NAN),
    ("snapshot.stock[0].bid_price_millicents", -1),
    ("snapshot.stations[0].busy_until", ["9999-01-01T00:00:00Z"]),
    ("snapshot.stations[0].num_open", 10**9),
    ("snapshot.bookings[0].collection_at", "2025-03-06T01:02:03Z"),
    ("snapshot.bookings[0].service", "unknown"),
    ("snapshot.bookings[0].capacity_parcels", -1),
    ("snapshot.demand.orders_this_hour", -1),
    ("snapshot.weights.carbon", INFINITY),
    ("snapshot.weights.carbon", 1001),
    ("deadline_ms", 0),
    ("deadline_ms", NAN),
    ("max_alternatives", 32),
    ("max_alternatives", 1.5),
]


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Sets one field of a nested document by its path."""
    *parts, last = path.replace("[", ".[").split(".")
    for part in parts:
        document = document[int(part[1:-1])] if part.startswith("[") else document[part]
    document[last] = value


@pytest.mark.parametrize(("path", "value"), BAD, ids=range(len(BAD)))
def test_bad_input_is_refused_with_its_field(client: TestClient, make_request: Request, path: str, value: Any) -> None:
    document = make_request(3)
    put(document, path, value)
    answer = client.post("/v1/decisions", content=json.dumps(document), headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert check_error(answer)["key"].startswith(path)


@pytest.mark.parametrize("path", ["order", "order.lines[0].units", "snapshot", "snapshot.demand", "snapshot.stock"])
def test_missing_fields_are_named(client: TestClient, make_request: Request, path: str) -> None:
    document: Any = make_request()
    put(document, path, None)
    *parents, last = path.replace("[0]", "").split(".")
    holder = document
    for part in parents:
        holder = holder[part][0] if part == "lines" else holder[part]
    del holder[last]
    error = check_error(client.post("/v1/decisions", json=document))
    assert error["key"] == path
    assert error["remedy"].startswith("add this field")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"NaN", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"order": "\\ud800"}'],
    ids=["empty", "brace", "list", "null", "nan", "text", "bytes", "deep", "surrogate"],
)
def test_bodies_that_are_no_request_are_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/decisions", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    check_error(answer)


def test_bodies_above_the_limit_are_refused_however_they_are_sent(client: TestClient) -> None:
    def stream() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 65_536 + 2):
            yield b" " * 65_536

    for content in (b" " * (MAX_BODY_BYTES + 1), stream()):
        answer = client.post("/v1/decisions", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413
        assert str(MAX_BODY_BYTES) in check_error(answer)["expected"]


def test_unknown_paths_and_methods_follow_the_same_schema(client: TestClient) -> None:
    assert client.get("/v2/decisions").status_code == 404
    assert client.get("/v1/decisions").status_code == 405
    check_error(client.get("/v2/decisions"))
    check_error(client.get("/v1/decisions"))


def test_a_fault_of_our_own_follows_the_same_schema(
    client: TestClient, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(DecisionService, "decide", fail)
    answer = client.post("/v1/decisions", json=make_request())
    assert answer.status_code == 500
    assert check_error(answer)["value"] == "ZeroDivisionError"


@pytest.mark.parametrize(("field", "value"), [("now", "2025-03-03T10:00:00Z"), ("confirm", True)])
def test_what_does_nothing_beside_a_snapshot_is_refused(
    client: TestClient, make_request: Callable[..., dict[str, Any]], field: str, value: object
) -> None:
    request = {**make_request(), field: value}
    for content_type in ("application/json", "application/json; charset=utf-8"):  # by the short way, and by the long
        refused = client.post("/v1/decisions", content=json.dumps(request), headers={"Content-Type": content_type})
        assert (refused.status_code, check_error(refused)["key"]) == (422, field)
    assert client.post("/v1/decisions", json={**make_request(), "now": None, "confirm": False}).status_code == 200


def test_the_openapi_description_is_complete(client: TestClient) -> None:
    spec = client.get("/openapi.json").json()
    assert spec["openapi"].startswith("3.1")
    assert set(spec["paths"]) == {"/v1/decisions", "/health/live", "/health/ready", "/metrics"}
    post = spec["paths"]["/v1/decisions"]["post"]
    schemas = spec["components"]["schemas"]
    for status in ("408", "413", "422", "503"):
        reference = post["responses"][status]["content"]["application/json"]["schema"]["$ref"]
        assert reference == "#/components/schemas/ErrorAnswer"
    assert set(schemas["ErrorDetail"]["properties"]) == {"key", "value", "expected", "remedy"}
    assert schemas["SnapshotDocument"]["properties"]["schema"]["const"] == "routelab.snapshot/2"
    references = [part.split('"')[0] for part in json.dumps(spec).split('"$ref": "#/components/schemas/')[1:]]
    assert references
    assert set(references) <= set(schemas)  # no dangling reference
    assert "HTTPValidationError" not in schemas  # one error schema


def test_requests_at_once_get_their_own_answers(client: TestClient, make_request: Request) -> None:
    documents = [make_request(position) for position in range(8)]
    answers: list[tuple[str, str]] = []

    def ask(document: dict[str, Any]) -> None:
        for _ in range(5):
            body = client.post("/v1/decisions", json=document).json()
            answers.append((body["order_id"], json.dumps(body["plan"])))

    threads = [threading.Thread(target=ask, args=(document,)) for document in documents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(answers) == 40
    assert len(set(answers)) == 8  # the same order, the same plan, whatever ran beside it


def test_a_body_without_its_content_type_is_answered_with_the_header_to_send(client, make_request):
    answer = client.post("/v1/decisions", content=json.dumps(make_request()))
    assert answer.status_code == 422
    assert answer.json()["error"]["key"] == "header Content-Type"
    assert "application/json" in answer.json()["error"]["expected"]


def test_numbers_for_prometheus(client: TestClient, make_request: Request) -> None:
    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    asked = {"method": "POST", "path": "/v1/decisions", "status": "200"}
    before = value("routelab_request_seconds_count", **asked), value("routelab_decisions_total", stage="policy")
    client.post("/v1/decisions", json=make_request())
    client.get("/v1/nowhere/secret")
    after = value("routelab_request_seconds_count", **asked), value("routelab_decisions_total", stage="policy")
    assert after == (before[0] + 1, before[1] + 1)
    text = client.get("/metrics").text
    assert 'routelab_decisions_total{stage="policy"}' in text
    assert 'path="unknown"' in text
    assert "secret" not in text  # paths are patterns, so that there are few of them and no ids
