"""Other processes, restarts and replays find the policies that decide or did, as long as their bundles are there."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from agents.bundle import BundleAgent
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
        assert other.post(f"/v1/policies/{sha256}/rollback").status_code == 409  # it cannot see what it would change
    assert name_of(client, apart) == "contrary"  # has it in memory
    assert act(client, sha256, "rollback")["active"]["name"] == "hand-made"
    second.database.close()
