"""Other processes, restarts and replays find the policies that decide or did, as long as their bundles are there."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from agents.bundle import BundleAgent
from agents.bundle_writer import write_bundle
from serve.app import create_app
from serve.background import stop
from serve.decisions.desk import Desk
from serve.decisions.service import DecisionService
from serve.policies.slots import Standing
from serve.policies.standings import last_standing
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.policies.slots import act, client_of, load, name_of, open_desk
from tests.serve.shelves import contrary
from tests.serve.test_app import check_error


def test_decisions_of_another_policy_can_be_made_again_as_long_as_its_bundle_is_there(
    client: TestClient, desk: Desk, database_url: str, sound_agent: BundleAgent, shelf: Path, apart: dict[str, Any]
) -> None:
    contrary(sound_agent, shelf / "passing")
    sha256 = load(client, "passing")
    act(client, sha256, "activate")
    decision = client.post("/v1/decisions", json=apart).json()
    assert decision["policy"]["bundle_sha256"] == sha256
    act(client, sha256, "rollback")
    act(client, sha256, "withdraw")
    path = f"/v1/decisions/{decision['decision_id']}/replay"
    made_again = client.post(path).json()
    assert (made_again["is_same"], made_again["answer"]) == (True, decision)
    explain = f"/v1/decisions/{decision['decision_id']}/explain"
    told = client.get(explain).json()
    (chosen,) = [plan for plan in told["plans"] if plan["is_chosen"]]
    assert chosen["total_millicents"] == decision["plan"]["total_millicents"]
    again = open_desk(desk.service, database_url, shelf)
    try:
        with client_of(again) as other:  # which has never seen that bundle
            (shelf / "passing").rename(shelf / "hidden")
            for gone in (other.post(path), other.get(explain)):
                assert (gone.status_code, check_error(gone)["key"]) == (409, "bundle")
            (shelf / "hidden").rename(shelf / "passing")
            assert other.post(path).json()["is_same"]
            assert other.get(explain).json() == told
    finally:
        again.database.close()
        shutil.rmtree(shelf / "passing", ignore_errors=True)
        shutil.rmtree(shelf / "hidden", ignore_errors=True)


def test_processes_follow_each_other_and_restarts(
    client: TestClient, desk: Desk, database_url: str, shelf: Path, apart: dict[str, Any]
) -> None:
    second = open_desk(desk.service, database_url, shelf)
    sha256 = load(client)
    with client_of(second) as other:
        act(other, sha256, "activate")  # loaded by the first process
        assert name_of(client, apart) == "hand-made"
        desk.policies.follow()
        assert name_of(client, apart) == "contrary"
    second.database.close()
    third = open_desk(desk.service, database_url, shelf)  # started with the same bundle: what was activated stays
    assert third.policies.slots.standing == desk.policies.slots.standing
    third.database.close()
    service = DecisionService(BundleAgent(shelf / "other"), AMPLE_SECONDS)
    fourth = open_desk(service, database_url, None)  # started with another one: it begins anew
    standing = fourth.policies.slots.standing
    assert (standing.active, standing.previous, standing.number) == (sha256, None, 4)
    fourth.database.close()


def test_a_process_follows_by_itself(client: TestClient, desk: Desk, database_url: str, shelf: Path) -> None:
    second = open_desk(desk.service, database_url, shelf)
    sha256 = load(client)
    second.policies.loop.start()
    until = time.monotonic() + 60
    while second.policies.slots.standing.candidate != sha256 and time.monotonic() < until:
        time.sleep(0.01)
    stop([second.policies.loop])
    assert second.policies.slots.standing.candidate == sha256
    second.database.close()


def test_trouble_with_following_is_told_once_and_when_it_is_over(
    client: TestClient, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "serve")
    policies, is_away = desk.policies, True

    def away_or_last(tx: Connection) -> Standing | None:
        if is_away:
            raise OperationalError("SELECT 1", {}, Exception("away"))
        return last_standing(tx)

    monkeypatch.setattr("serve.policies.lifecycle.last_standing", away_or_last)
    for _ in range(3):
        policies.loop._once()
    is_away = False
    policies.loop._once()
    assert caplog.messages == ["policies: OperationalError", "policies: works again"]


def test_a_bundle_that_is_gone_leaves_the_slots_as_they_are(
    client: TestClient, desk: Desk, database_url: str, shelf: Path, sound_agent: BundleAgent, apart: dict[str, Any]
) -> None:
    second = open_desk(desk.service, database_url, shelf)
    contrary(sound_agent, shelf / "passing")
    sha256 = load(client, "passing")
    act(client, sha256, "activate")
    shutil.rmtree(shelf / "passing")
    with client_of(second) as other:
        second.policies.try_to_follow()
        assert name_of(other, apart) == "hand-made"
        told = other.get("/health/ready")
        assert (told.status_code, check_error(told)["key"], check_error(told)["value"]) == (503, "bundle", sha256)
        assert name_of(client, apart) == "contrary"  # has it in memory
        assert act(other, sha256, "rollback")["active"]["name"] == "hand-made"  # which it can read
        assert other.get("/health/ready").json()["policy"]["name"] == "hand-made"
    desk.policies.follow()
    assert name_of(client, apart) == "hand-made"
    second.database.close()


@pytest.fixture
def more(sound_agent: BundleAgent, shelf: Path) -> Iterator[Path]:
    """A shelf with bundles in the folders ``third`` and ``fourth``, too."""
    bundle, names = sound_agent.bundle, ("third", "fourth")
    for name in names:
        write_bundle(
            shelf / name,
            model=bundle.model,
            public=bundle.public,
            plan=replace(bundle.plan, name=name),
            golden=bundle.golden,
            reference=bundle.reference,
            provenance={"run": "a test"},
        )
    yield shelf
    for name in names:
        shutil.rmtree(shelf / name, ignore_errors=True)


@pytest.mark.parametrize("slot", ["previous", "candidate", "shadow"])
def test_what_was_activated_decides_after_a_restart_though_one_at_rest_is_gone(
    slot: str, database_url: str, service: DecisionService, more: Path, apart: dict[str, Any]
) -> None:
    before = open_desk(service, database_url, more)
    with client_of(before) as client:
        folders = ("third", "other") if slot == "previous" else ("other", "third")
        first = load(client, folders[0])
        act(client, first, "activate")
        second = load(client, folders[1])
        if slot != "candidate":
            act(client, second, "activate" if slot == "previous" else "shadow")
    before.database.close()
    shutil.rmtree(more / "third")
    gone, active = (first, second) if slot == "previous" else (second, first)
    after = open_desk(service, database_url, more)
    with client_of(after) as client:
        assert name_of(client, apart) == "contrary"
        assert client.get("/health/ready").json()["policy"]["bundle_sha256"] == active
        stands = client.get("/v1/policies").json()
        place = "previous" if slot == "previous" else "candidate"
        assert (stands["active"]["bundle_sha256"], stands[place]["bundle_sha256"]) == (active, gone)
        assert [row["bundle_sha256"] for row in client.get("/v1/monitoring").json()["drift"]] == [active]
        path = f"{active}/rollback" if slot == "previous" else f"{gone}/shadow"
        refused = client.post(f"/v1/policies/{path}")
        assert (refused.status_code, check_error(refused)["key"]) == (409, "bundle")
        assert check_error(refused)["value"] == gone
        assert client.get("/v1/policies").json() == stands
        if slot != "previous":
            assert act(client, gone, "withdraw")["candidate"] is None
        assert load(client, "fourth") != gone
        assert name_of(client, apart) == "contrary"
    after.database.close()


def test_without_a_canary_that_stands_it_is_not_ready_until_that_is_withdrawn(
    database_url: str, service: DecisionService, more: Path, apart: dict[str, Any]
) -> None:
    before = open_desk(service, database_url, more)
    with client_of(before) as client:
        act(client, load(client), "activate")
        gone = load(client, "third")
        act(client, gone, "canary", share=0.5)
    before.database.close()
    shutil.rmtree(more / "third")
    after = open_desk(service, database_url, more)
    app = create_app(lambda: service, open_desk=lambda _: after)
    with TestClient(app, raise_server_exceptions=False) as client:
        until = time.monotonic() + 60
        while check_error(client.get("/health/ready"))["key"] == "service" and time.monotonic() < until:
            time.sleep(0.01)
        told = client.get("/health/ready")
        assert (told.status_code, told.headers["retry-after"]) == (503, "5")
        assert (check_error(told)["key"], check_error(told)["value"]) == ("bundle", gone)
        assert act(client, gone, "withdraw")["candidate"] is None
        assert client.get("/health/ready").json()["policy"]["name"] == name_of(client, apart) == "contrary"
    after.database.close()
