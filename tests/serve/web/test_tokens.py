"""Who may do what: tokens, roles and four eyes."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from starlette.types import Message, Receive, Scope, Send

from scenarios.errors import InputError
from serve.app import create_app
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.storage import tables
from serve.storage.database import Database
from serve.web.actor import ROLES
from serve.web.depth import MAX_DEPTH
from serve.web.guard import OPEN, Guard
from serve.web.token_command import main as token_main
from serve.web.tokens import VARIABLE, Tokens, digest_of, tokens_from_environment
from tests.serve.decisions.test_desk import order_of
from tests.serve.test_app import check_error, wait_until_ready

Request = Callable[..., dict[str, Any]]

SECRETS = {role: f"the-secret-of-a-{role}" for role in ROLES}
OTHER_APPROVER = "the-secret-of-another-approver"
ENTRIES = [f"{role.replace('_', '-')}:{role}:{digest_of(secret).hex()}" for role, secret in SECRETS.items()]
ENTRIES.append(f"second:approver:{digest_of(OTHER_APPROVER).hex()}")


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path, service: DecisionService, shelf: Path) -> Iterator[Desk]:
    (tmp_path / "shop.db").write_bytes(sqlite_template.read_bytes())
    settings = DeskSettings(is_request_clock=True, policies=shelf)
    desk = load_desk(service, Database(f"sqlite:///{tmp_path / 'shop.db'}"), settings)
    yield desk
    desk.database.close()


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    app = create_app(lambda: desk.service, open_desk=lambda service: desk, tokens=Tokens(" ".join(ENTRIES)))
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(client)  # without a token
        yield client


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


SHA = "0" * 64
PERIOD = "since=2025-03-03T00:00:00Z&until=2025-03-04T00:00:00Z"
NEEDS: list[tuple[str, str, Any, str]] = [
    ("GET", "/v1/policies", None, "viewer"),
    ("GET", "/v1/decisions/none", None, "viewer"),
    ("GET", "/metrics", None, "viewer"),
    ("GET", "/v1/decisions/none/explain", None, "viewer"),
    ("GET", "/v1/reviews", None, "viewer"),
    ("GET", "/v1/monitoring", None, "viewer"),
    ("GET", f"/v1/monitoring/calibration?{PERIOD}", None, "viewer"),
    ("GET", f"/v1/health-report?{PERIOD}", None, "viewer"),
    ("PUT", f"/v1/health-report/baselines/normal?{PERIOD}", None, "planner"),
    ("POST", "/v1/reviews/none/approve?now=2025-03-03T00:00:00Z", None, "planner"),
    ("POST", "/v1/reviews/none/reject?now=2025-03-03T00:00:00Z", None, "planner"),
    ("POST", "/v1/reviews/none/override", {"parcels": []}, "planner"),
    ("POST", "/v1/orders/none/take-back?now=2025-03-03T00:00:00Z", None, "planner"),
    ("POST", "/v1/decisions", {}, "planner"),
    ("POST", "/v1/decisions/none/replay", None, "planner"),
    ("GET", "/v1/tasks?now=2025-03-03T00:00:00Z", None, "planner"),
    ("POST", "/v1/events", {"events": []}, "planner"),
    ("PUT", "/v1/inventory", {}, "planner"),
    ("POST", "/v1/orders/none/confirm", None, "planner"),
    ("DELETE", "/v1/orders/none", None, "planner"),
    ("POST", "/v1/policies", {"folder": "none"}, "rule_editor"),
    ("POST", f"/v1/policies/{SHA}/shadow", None, "rule_editor"),
    ("POST", f"/v1/policies/{SHA}/withdraw", None, "rule_editor"),
    ("POST", f"/v1/policies/{SHA}/canary", {"share": 0.5}, "approver"),
    ("POST", f"/v1/policies/{SHA}/activate", None, "approver"),
    ("POST", f"/v1/policies/{SHA}/rollback", None, "approver"),
]


@pytest.mark.parametrize(("method", "path", "body", "needed"), NEEDS, ids=range(len(NEEDS)))
def test_each_role_may_do_what_those_below_it_may(
    client: TestClient, method: str, path: str, body: Any, needed: str
) -> None:
    for role in ROLES:
        answer = client.request(method, path, json=body, headers=bearing(SECRETS[role]))
        is_enough = ROLES.index(role) >= ROLES.index(needed)  # type: ignore[arg-type]
        assert (answer.status_code == 403) is not is_enough, role
        assert answer.status_code not in (401, 500)
        if not is_enough:
            asked_for = "planner" if role == "viewer" else needed  # of whoever may only look, before anything is read
            assert check_error(answer) == {
                "key": "role",
                "value": role,
                "expected": f"{asked_for} or above",
                "remedy": "ask somebody who has this role",
            }


WRONG: list[dict[str, str] | list[tuple[str, str]]] = [
    {},
    bearing("wrong"),
    bearing(""),
    bearing(SECRETS["admin"] + "x"),
    bearing(digest_of(SECRETS["admin"]).hex()),  # what is in the environment opens nothing
    {"Authorization": SECRETS["admin"]},
    {"Authorization": f"Basic {SECRETS['admin']}"},
    {"X-Token": SECRETS["admin"]},
    [("Authorization", f"Bearer {SECRETS['admin']}"), ("Authorization", f"Bearer {SECRETS['admin']}")],
]


@pytest.mark.parametrize("headers", WRONG, ids=range(len(WRONG)))
def test_without_a_token_nobody_gets_in(client: TestClient, headers: Any) -> None:
    for method, path in (("GET", "/v1/policies"), ("POST", "/v1/decisions"), ("GET", "/nowhere"), ("GET", "/metrics")):
        answer = client.request(method, path, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert check_error(answer)["key"] == "header Authorization"


def test_health_and_the_description_are_open(client: TestClient) -> None:
    described = {"/health/live", "/health/ready", "/docs", "/openapi.json"}  # in docs/serving.md
    assert described == OPEN
    for path in described:
        assert client.get(path).status_code == 200
    for path in ("/redoc", "/docs/oauth2-redirect"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=bearing(SECRETS["viewer"])).status_code == 404


def test_whoever_loaded_a_policy_cannot_activate_it(client: TestClient, desk: Desk) -> None:
    own, other = bearing(SECRETS["approver"]), bearing(OTHER_APPROVER)
    loaded = client.post("/v1/policies", json={"folder": "other"}, headers=own)
    assert loaded.json()["candidate"]["loaded_by"] == ["approver"]
    path = f"/v1/policies/{loaded.json()['candidate']['bundle_sha256']}"
    assert client.post(f"{path}/shadow", headers=own).status_code == 200  # harms nobody
    for what, body in (("activate", None), ("canary", {"share": 0.5})):
        refused = client.post(f"{path}/{what}", json=body, headers=own)
        assert (refused.status_code, check_error(refused)["key"]) == (403, "actor")
    assert client.post(f"{path}/canary", json={"share": 0.5}, headers=other).status_code == 200
    assert client.post("/v1/policies", json={"folder": "other"}, headers=other).status_code == 200
    assert client.post(f"{path}/activate", headers=other).status_code == 403  # by now he has loaded it, too
    assert client.post(f"{path}/activate", headers=bearing(SECRETS["admin"])).status_code == 200
    assert client.post(f"{path}/rollback", headers=own).status_code == 200  # back to what had been approved
    assert client.post(f"{path}/activate", headers=own).status_code == 403
    with desk.database.reading() as tx:
        row = tables.audit.c
        done = tx.execute(select(row.kind, row.actor).where(row.kind.like("policy_%")).order_by(row.seq)).all()
    assert [tuple(one) for one in done] == [
        ("policy_started", "command line"),
        ("policy_loaded", "approver"),
        ("policy_shadowed", "approver"),
        ("policy_canaried", "second"),
        ("policy_loaded", "second"),
        ("policy_activated", "admin"),
        ("policy_rolled_back", "approver"),
    ]


def test_the_audit_log_says_who_and_nothing_says_the_secret(
    client: TestClient, desk: Desk, make_request: Request, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    order = order_of(make_request, "one")
    planner = bearing(SECRETS["planner"])
    asked = {"order": order, "now": order["placed_at"]}
    assert client.post("/v1/decisions", json=asked, headers={**planner, "Idempotency-Key": "a"}).status_code == 200
    assert client.post("/v1/orders/one/confirm", headers=bearing(SECRETS["admin"])).status_code == 200
    now = {"now": order["placed_at"]}
    assert client.post("/v1/orders/one/take-back", params=now, headers=planner).status_code == 200
    (review,) = client.get("/v1/reviews", headers=planner).json()["reviews"]
    path = f"/v1/reviews/{review['review_id']}/reject"
    assert client.post(path, params=now, headers=bearing(SECRETS["admin"])).json()["closed_by"] == "admin"
    assert client.post("/v1/orders/one/take-back", params=now, headers=planner).status_code == 200
    assert client.put(f"/v1/health-report/baselines/normal?{PERIOD}", headers=planner).status_code == 200
    assert client.post("/v1/orders/one/cancel", params=now, headers=planner).status_code == 200
    house, sku = desk.known.names.warehouses[0], desk.known.names.skus[0]
    rows = [{"warehouse": house, "sku": sku, "on_hand_units": 12}]
    count = {"id": "count", "at": order["placed_at"], "rows": rows}
    assert client.put("/v1/inventory", json=count, headers=planner).status_code == 200
    answers = [client.get("/v1/policies", headers=bearing(wrong)) for wrong in ("wrong-secret", SECRETS["viewer"])]
    with desk.database.reading() as tx:
        row = tables.audit.c
        done = {tuple(one) for one in tx.execute(select(row.kind, row.actor))}
    assert done >= {("decided", "planner"), ("confirmed", "admin"), ("cancelled", "planner"), ("inventory", "planner")}
    assert done >= {("taken_back", "planner"), ("review_rejected", "admin"), ("baseline", "planner")}
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("shop.db*"))
    told = caplog.text + "".join(answer.text for answer in answers)
    for secret in ("wrong-secret", *SECRETS.values()):
        for text in (secret, hashlib.sha256(secret.encode()).hexdigest()):
            assert text.encode() not in stored
            assert text not in told


def test_the_description_tells_which_paths_need_a_token(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert operation["security"] == ([] if path in OPEN else [{"token": []}]), path
    assert client.get("/openapi.json").json() == schema


def test_keys_of_different_actors_are_different(client: TestClient, make_request: Request) -> None:
    for number, role in enumerate(("planner", "admin")):
        order = order_of(make_request, f"order {number}")
        headers = {**bearing(SECRETS[role]), "Idempotency-Key": "the same"}
        answer = client.post("/v1/decisions", json={"order": order, "now": order["placed_at"]}, headers=headers)
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (200, None)


def test_nothing_of_a_stranger_is_read() -> None:
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pytest.fail("it got in")

    async def receive() -> Message:
        pytest.fail("its body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/decisions", "headers": []}
    asyncio.run(Guard(app, Tokens(ENTRIES[0]))(scope, receive, send))
    assert sent[0]["status"] == 401


def test_deep_bodies_are_refused(client: TestClient) -> None:
    for depth in (MAX_DEPTH + 1, 100_000):
        body = b'{"order": ' + b"[" * depth + b"]" * depth + b"}"
        headers = {**bearing(SECRETS["planner"]), "content-type": "application/json"}
        answer = client.post("/v1/decisions", content=body, headers=headers)
        assert (answer.status_code, str(MAX_DEPTH) in check_error(answer)["expected"]) == (422, True)


GOOD = digest_of("a").hex()


@pytest.mark.parametrize(
    "text",
    ["", " , ", "anna", "anna:admin", f"anna:queen:{GOOD}", f"Anna K:admin:{GOOD}", f"anna:admin:{GOOD[:-1]}",
     "anna:admin:not-a-hash", f"anna:admin:{GOOD.upper()}", f"anna:admin:{GOOD}:x", f"a:admin:{GOOD} b:viewer:{GOOD}",
     *(f"{name}:viewer:{GOOD}" for name in ("anyone", "guardrail", "keeper", "retention", "watch"))],
    ids=range(16),
)  # fmt: skip
def test_tokens_of_another_form_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InputError, match=VARIABLE) as refused:
        Tokens(text)
    assert "hash" not in str(refused.value.value)
    assert GOOD[:-1] not in str(refused.value).lower()


def test_the_command_makes_a_token(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = []
    for _ in range(2):
        assert token_main(["anna", "rule_editor"]) == 0
        told, entry = (line.split()[-1] for line in capsys.readouterr().out.splitlines())
        monkeypatch.setenv(VARIABLE, entry)
        found = tokens_from_environment()
        assert found is not None
        actor = found.find(told)
        assert actor is not None
        assert (actor.name, actor.role, actor.is_told_apart) == ("anna", "rule_editor", True)
        tokens.append(told)
    assert tokens[0] != tokens[1]
    with pytest.raises(InputError):
        token_main(["Anna K.", "viewer"])
