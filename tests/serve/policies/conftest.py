"""An endpoint below whose directory a policy lies that disagrees with its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from agents.bundle import BundleAgent
from serve.decisions.desk import Desk
from serve.decisions.service import DecisionService
from tests.serve.policies.slots import client_of, open_desk

Request = Callable[..., dict[str, Any]]


@pytest.fixture
def desk(database_url: str, service: DecisionService, shelf: Path) -> Iterator[Desk]:
    desk = open_desk(service, database_url, shelf)
    yield desk
    desk.database.close()


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with client_of(desk) as client:
        yield client


@pytest.fixture
def apart(make_request: Request, sound_agent: BundleAgent) -> dict[str, Any]:
    """A request with its snapshot about which the two policies disagree."""
    for position, case in enumerate(sound_agent.bundle.golden):
        if case.scores.index(min(case.scores)) != case.slot:
            return make_request(position)
    pytest.fail("they never disagree")
