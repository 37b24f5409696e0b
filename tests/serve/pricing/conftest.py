"""A shop with scarce stock whose bid prices are solved on a schedule, with a clock that tests set."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.bundle import BundleAgent
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from serve.decisions.answer import DecisionAnswer
from serve.decisions.asked import Asked
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.request import DecisionRequest
from serve.decisions.service import DecisionService
from serve.orders.known import Known
from serve.storage.database import Database
from serve.storage.seed import seed
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.pricing.bundles import make_dual_bundle


@pytest.fixture(scope="session")
def scarce_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scarce") / "policy"
    return make_dual_bundle(folder, "misplaced-scarce", every=20, horizon_days=1)


@pytest.fixture(scope="session")
def scarce_agent(scarce_bundle: Path) -> BundleAgent:
    return BundleAgent(scarce_bundle)


@pytest.fixture(scope="session")
def service(scarce_agent: BundleAgent) -> DecisionService:
    """Instead of the one that the other tests share."""
    return DecisionService(scarce_agent, AMPLE_SECONDS)


class Clock:
    """Stands still until it is set: an hour and a half after a job was due."""

    def __init__(self, service: DecisionService) -> None:
        assert service.scheduled is not None
        self.due = service.scheduled.epoch + 9 * DAY_SECONDS
        self.now = self.due + 3 * HOUR_SECONDS // 2

    def __call__(self) -> float:
        return float(self.now)


@pytest.fixture
def clock(service: DecisionService) -> Clock:
    return Clock(service)


@pytest.fixture
def open_desk(database_url: str, service: DecisionService, clock: Clock) -> Iterator[Callable[..., Desk]]:
    """Makes desks of several processes on one database, of which nothing is done in the background."""
    desks: list[Desk] = []

    def build(policies: Path | None = None) -> Desk:
        database = Database(database_url)
        known = Known(service.reader.public)
        with database.writing() as tx:
            seed(tx, known)
        desk = Desk(service, database, known, DeskSettings(policies=policies))
        desk.policies.start()
        desk.pricing.clock = clock
        desks.append(desk)
        return desk

    yield build
    for desk in desks:
        desk.database.close()


@pytest.fixture
def decide(service: DecisionService, scarce_agent: BundleAgent, clock: Clock) -> Callable[..., DecisionAnswer]:
    """Has an order decided, as it comes, at the time of the clock."""
    orders = iter(case.document["order"] for case in scarce_agent.bundle.golden)

    def ask(desk: Desk, **fields: Any) -> DecisionAnswer:
        order = {key: value for key, value in next(orders).items() if key in ("id", "region", "lines")}
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock.now + 2 * DAY_SECONDS))
        request = DecisionRequest.model_validate({"order": {**order, "promise_at": at}, **fields})
        content, _ = desk.decide(Asked(request, "a test", None, time.perf_counter(), clock.now))
        return DecisionAnswer.model_validate_json(content)

    return ask
