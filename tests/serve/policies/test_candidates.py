"""The candidate as a canary, which decides some orders, and as a shadow, which decides none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from agents.bundle import BundleAgent
from serve.decisions.desk import Desk
from serve.decisions.record import find_decision, read_record
from serve.decisions.service import DecisionService
from serve.policies import tables as policy_tables
from serve.storage import tables
from serve.trials.assignment import Subject
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.decisions.test_desk import allocated, order_of, sent
from tests.serve.policies.slots import act, load

Request = Callable[..., dict[str, Any]]


def test_a_canary_decides_its_share_and_says_so(client: TestClient, desk: Desk, make_request: Request) -> None:
    sha256 = load(client)
    arms: dict[float, set[str]] = {}
    orders = [f"order {i}" for i in range(4000)]
    for share in (0.1, 0.3):
        act(client, sha256, "canary", share=share)
        picks = {order: desk.policies.slots.pick(Subject(order, "anywhere", None, 0)) for order in orders}
        arms[share] = {order for order, pick in picks.items() if pick.arm == "canary"}
        assert abs(len(arms[share]) / len(orders) - share) < 4 * (share * (1 - share) / len(orders)) ** 0.5
        for order, pick in picks.items():
            is_canary = order in arms[share]
            assert pick.propensity == (share if is_canary else 1 - share)
            assert (pick.service.policy.bundle_sha256 == sha256) is is_canary
    assert arms[0.1] < arms[0.3]  # who is in stays in
    found = set()
    for number in range(30):
        request = order_of(make_request, f"shop {number}")
        body = client.post("/v1/decisions", json={"order": request, "now": request["placed_at"]}).json()
        is_canary = body["policy"]["bundle_sha256"] == sha256
        assert (body["arm"], body["propensity"]) == (("canary", 0.3) if is_canary else ("active", 0.7))
        found.add(body["arm"])
        with desk.database.reading() as tx:
            row = tables.decisions.c
            kept = tx.execute(select(row.arm, row.propensity).where(row.order_id == request["id"])).one()
        assert tuple(kept) == (body["arm"], body["propensity"])
        again = client.post(f"/v1/decisions/{body['decision_id']}/replay").json()
        assert again["is_same"]
        assert not {"arm", "propensity"} & set(again["taken_as_recorded"])
        with desk.database.reading() as tx:
            record = read_record(tx, find_decision(tx, body["decision_id"]))
        other = replace(record, answer=record.answer.replace(b'"propensity":0.', b'"propensity":0.1', 1))
        assert other.answer != record.answer
        assert not other.replay(desk.policies.find(body["policy"]["bundle_sha256"])).is_same
    assert found == {"canary", "active"}


def test_a_shadow_is_written_down_and_not_carried_out(
    client: TestClient, desk: Desk, make_request: Request, apart: dict[str, Any]
) -> None:
    sha256 = load(client)
    act(client, sha256, "shadow")
    order = order_of(make_request, "one")
    kept = client.post("/v1/decisions", json={"order": order, "now": order["placed_at"]}).json()
    other = client.post("/v1/decisions", json=apart).json()
    desk.shadows.wait()
    assert allocated(desk) == sent(kept)
    assert {kept["policy"]["name"], other["policy"]["name"]} == {"hand-made"}
    with desk.database.reading() as tx:
        rows = {row.decision_id: row for row in tx.execute(select(policy_tables.shadows))}
    assert rows.keys() == {kept["decision_id"], other["decision_id"]}
    shadow = rows[other["decision_id"]]
    assert (shadow.bundle_sha256, shadow.stage, shadow.is_same) == (sha256, "policy", False)
    assert 0 < shadow.latency_ms < 1000 * AMPLE_SECONDS
    expected = DecisionService(BundleAgent(desk.settings.policies / "other"), AMPLE_SECONDS)  # type: ignore[operator]
    act(client, sha256, "activate")
    same = client.post("/v1/decisions", json=apart).json()
    assert same["policy"] == expected.policy.model_dump()
    told = {**same["plan"], "probability": None}
    assert json.loads(shadow.plan) == told
    assert client.get("/v1/policies").json()["shadow"] is None


def test_shadows_are_compared(client: TestClient, desk: Desk, apart: dict[str, Any]) -> None:
    sha256 = load(client)
    assert client.get("/v1/policies").json()["shadow"] == {
        "count": 0,
        "same_share": None,
        "mean_latency_ms": None,
        "max_latency_ms": None,
    }
    act(client, sha256, "shadow")
    for _ in range(3):
        client.post("/v1/decisions", json=apart)
    desk.shadows.wait()
    shadow = client.get("/v1/policies").json()["shadow"]
    assert (shadow["count"], shadow["same_share"]) == (3, 0.0)
    assert 0 < shadow["mean_latency_ms"] <= shadow["max_latency_ms"]


def test_a_broken_shadow_harms_nobody(client: TestClient, desk: Desk, apart: dict[str, Any]) -> None:
    sha256 = load(client)
    act(client, sha256, "shadow")
    desk.policies.slots.services[sha256].reader = None  # type: ignore[assignment]
    assert client.post("/v1/decisions", json=apart).status_code == 200
    desk.shadows.wait()
    assert desk.shadows.compare(sha256).count == 0
