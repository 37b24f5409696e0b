"""An endpoint with two policies that disagree, whose time is that of the requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serve.app import create_app
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.storage.database import Database
from serve.trials import experiments
from tests.serve.test_app import wait_until_ready


@pytest.fixture(autouse=True)
def same_salt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What chance does in a test, it does each time."""
    monkeypatch.setattr(experiments, "new_salt", lambda: "salt of march")


@pytest.fixture
def desk(database_url: str, service: DecisionService, shelf: Path) -> Iterator[Desk]:
    desk = load_desk(service, Database(database_url), DeskSettings(is_request_clock=True, policies=shelf))
    yield desk
    desk.database.close()


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(client)
        yield client


@pytest.fixture
def treatment(client: TestClient) -> str:
    """The other policy, loaded."""
    answer: dict[str, Any] = client.post("/v1/policies", json={"folder": "other"}).json()
    return str(answer["candidate"]["bundle_sha256"])
