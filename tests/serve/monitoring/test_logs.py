"""The log: one JSON line a request, and nothing in any line of what was sent."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from serve.app import create_app
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.monitoring.logs import writing_logs
from serve.policies.lifecycle import Change
from serve.storage.database import Database
from serve.storage.seed import seed
from serve.web.actor import Actor
from serve.web.tokens import Tokens, digest_of
from tests.serve.decisions.test_desk import order_of
from tests.serve.lost_sku import without_sku
from tests.serve.storage.test_turns import wait_until
from tests.serve.test_app import wait_until_ready

Request = Callable[..., dict[str, Any]]
TOKEN, STRANGER = "the-token-of-a-shop", "a-token-of-nobody"
CUSTOMER, PSEUDONYM, NOTE = "customer-4711-anna-k", "pseudonym-0815", "leave it with the neighbour"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is written while a test runs."""
    stream = io.StringIO()
    with writing_logs(stream):
        yield stream


@pytest.fixture
def desk(stream: io.StringIO, tmp_path: Path, service: DecisionService) -> Iterator[Desk]:
    desk = load_desk(service, Database(f"sqlite:///{tmp_path / 'shop.db'}"), DeskSettings(is_request_clock=True))
    yield desk
    desk.database.close()


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    entry = f"shop-of-anna:admin:{digest_of(TOKEN).hex()}"
    app = create_app(lambda: desk.service, open_desk=lambda service: desk, tokens=Tokens(entry))
    with TestClient(app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        wait_until_ready(client)
        yield client


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def answered(stream: io.StringIO, path: str) -> list[dict[str, Any]]:
    return [line for line in lines_of(stream) if line["logger"] == "serve.request" and line["path"] == path]


def test_a_request_is_one_line(client: TestClient, stream: io.StringIO, make_request: Request) -> None:
    order = order_of(make_request, CUSTOMER)
    assert client.post("/v1/decisions", json={"order": order, "now": order["placed_at"]}).status_code == 200
    assert client.get(f"/v1/orders/{CUSTOMER}").status_code == 200
    (decided,), (looked,) = answered(stream, "/v1/decisions"), answered(stream, "/v1/orders/{order_id}")
    assert (decided["method"], decided["status"], decided["stage"]) == ("POST", 200, "policy")
    assert decided["ms"] > 0
    assert len(decided["policy"]) == len(decided["actor"]) == 12
    assert (looked["method"], looked["actor"], "stage" in looked) == ("GET", decided["actor"], False)
    assert decided["id"] != looked["id"]


def test_a_fault_of_our_own_is_a_line_and_counted(
    desk: Desk, client: TestClient, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError

    def counted() -> float:
        labels = {"method": "GET", "path": "/v1/orders/{order_id}", "status": "500"}
        return REGISTRY.get_sample_value("routelab_request_seconds_count", labels) or 0.0

    monkeypatch.setattr("serve.web.routes.describe_order", fail)
    before = counted()
    assert client.get(f"/v1/orders/{CUSTOMER}").status_code == 500
    (line,) = answered(stream, "/v1/orders/{order_id}")
    assert (line["status"], counted() - before) == (500, 1)


def test_requests_at_once_have_their_own_notes(client: TestClient, stream: io.StringIO, make_request: Request) -> None:
    def send(i: int) -> None:
        order = order_of(make_request, f"{CUSTOMER} {i}")
        client.post("/v1/decisions", json={"order": order, "now": order["placed_at"]})
        client.get("/v1/policies")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(12)))
    assert [line.get("stage") for line in answered(stream, "/v1/decisions")] == ["policy"] * 12
    assert [line.get("stage") for line in answered(stream, "/v1/policies")] == [None] * 12


def test_no_line_holds_what_was_sent(
    desk: Desk, client: TestClient, stream: io.StringIO, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of requests, good, bad and failing in every way."""
    order = order_of(make_request, CUSTOMER) | {"customer": PSEUDONYM}
    now, sku = order["placed_at"], order["lines"][0]["sku"]
    good = {"order": order, "now": now}
    keyed = {"Idempotency-Key": f"key of {CUSTOMER}"}
    answer = client.post("/v1/decisions", json=good, headers=keyed).json()
    secrets = [TOKEN, STRANGER, CUSTOMER, PSEUDONYM, NOTE, f'"{sku}"', answer["decision_id"], "shop-of-anna"]
    own = desk.service.policy.bundle_sha256
    unknown = [{"sku": NOTE, "units": 1}]
    for i, (method, path, body) in enumerate(
        [
            ("POST", "/v1/decisions", good),
            ("POST", "/v1/decisions", {**good, "note": NOTE}),
            ("POST", "/v1/decisions", {"order": {**order, "region": NOTE}, "now": now}),
            ("POST", "/v1/decisions", {"order": {**order, "id": NOTE, "lines": unknown}, "now": now}),
            ("POST", "/v1/decisions", {"order": {**order, "id": "\x00" + CUSTOMER}, "now": now}),
            ("GET", f"/v1/orders/{NOTE}", None),
            ("GET", f"/{CUSTOMER}", None),
            ("GET", f"/v1/decisions/{answer['decision_id']}/explain?warehouse={NOTE}", None),
            ("POST", f"/v1/orders/{CUSTOMER}/confirm?now={NOTE}", None),
            ("POST", f"/v1/orders/{CUSTOMER}/take-back?now={now}", None),
            ("POST", f"/v1/orders/{CUSTOMER}/redecide", {"now": now}),
            ("POST", "/v1/events", {"events": [{"id": CUSTOMER, "kind": "cancelled", "at": now, "order": NOTE}]}),
            ("PUT", "/v1/inventory", {"id": NOTE, "at": now, "rows": [{**unknown[0], "warehouse": NOTE}]}),
            ("POST", "/v1/policies", {"folder": NOTE}),
            ("POST", "/v1/experiments", {"name": NOTE, "treatment": own}),
            ("POST", "/v1/experiments", {"name": NOTE, "treatment": NOTE}),
            ("POST", f"/v1/experiments/{NOTE}/start", None),
            ("GET", f"/v1/experiments/{NOTE}", None),
            ("GET", f"/v1/experiments/{NOTE}/estimate?policy={NOTE}", None),
        ]
    ):  # fmt: skip
        assert client.request(method, path, json=body, headers=keyed).status_code < 500, i
    anna = Actor("anna", "approver")
    desk.policies.change(Change("policy_loaded", own, anna, lambda row: replace(row, candidate=own, mode="loaded")))
    desk.experiments.start(NOTE, anna)
    experiment = desk.policies.slots.experiment
    assert experiment is not None
    desk.guardrails._alarm(experiment, 0.0001, 0)
    assert client.post(f"/v1/experiments/{NOTE}/stop", json={"reason": NOTE}).status_code == 200
    assert client.get("/v1/policies", headers={"Authorization": f"Bearer {STRANGER}"}).status_code == 401

    def fail(*_: object) -> None:
        raise RuntimeError(f"{CUSTOMER}: {NOTE}")

    chain = desk.service.chain
    with monkeypatch.context() as broken:
        broken.setattr(chain, "_model", None)
        broken.setattr(chain, "_heuristics", [SimpleNamespace(name="broken", choose=fail), *chain._heuristics])
        fell_back = client.post("/v1/decisions", json={"order": {**order, "id": f"{CUSTOMER} 2"}, "now": now})
        assert fell_back.json()["stage"] == "static"
    with monkeypatch.context() as broken:
        broken.setattr(Desk, "_question", fail)
        failed = client.post("/v1/decisions", json={"order": {**order, "id": f"{CUSTOMER} 3"}, "now": now})
        assert failed.status_code == 500
    with desk.database.writing() as tx:
        tx.exec_driver_sql("ALTER TABLE orders RENAME TO away")
    gone = client.post("/v1/decisions", json={"order": {**order, "id": f"{CUSTOMER} 4"}, "now": now})
    assert gone.status_code in (500, 503)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=RuntimeError(NOTE))
    text = stream.getvalue()
    for secret in secrets:
        assert secret not in text, secret
    assert {line["level"] for line in lines_of(stream)} >= {"info", "warning", "error"}
    assert any(line.get("error") == "RuntimeError" and line["places"] for line in lines_of(stream))


def test_a_start_that_is_refused_names_no_order(
    desk: Desk, client: TestClient, stream: io.StringIO, make_request: Request
) -> None:
    """Its error names them where the command was given."""
    order = order_of(make_request, CUSTOMER)
    sku = order["lines"][0]["sku"]
    assert client.post("/v1/decisions", json={"order": order, "now": order["placed_at"]}).status_code == 200
    network = without_sku(desk.known.public, sku)
    failures: list[Exception] = []

    def open_desk(service: DecisionService) -> Desk:
        with desk.database.writing() as tx:
            seed(tx, network)
        return desk

    with TestClient(create_app(lambda: desk.service, failures.append, open_desk)):
        wait_until(lambda: bool(failures))
    assert f"{sku} in order {CUSTOMER}" in str(failures[0])
    (line,) = [line for line in lines_of(stream) if line.get("message") == "the bundle was refused"]
    assert (line["error"], bool(line["places"])) == ("InputError", True)
    assert not [secret for secret in (CUSTOMER, sku) if secret in stream.getvalue()]
