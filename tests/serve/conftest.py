"""One sound bundle, a service on it, requests that it can answer, and databases of both kinds."""

from __future__ import annotations

import copy
import json
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import uvicorn
from sqlalchemy import NullPool, create_engine, text

from agents.bundle import BundleAgent
from serve.decisions.breaker import Breaker
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.storage.database import Database
from tests.cluster import NoCluster, cluster
from tests.policy_bundles import make_bundle
from tests.serve.oracle import Oracle
from tests.serve.shelves import contrary

AMPLE_SECONDS = 30.0
"""A budget that a busy machine does not use up."""

Instead = Callable[[Callable[[uvicorn.Server], object]], None]
"""What ``instead_of_serving`` is: it takes what is done with the server."""


@pytest.fixture(scope="session")
def sound_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the hand-made policy for ``metro-small``."""
    return make_bundle(tmp_path_factory.mktemp("bundles") / "policy")


@pytest.fixture(scope="session")
def sound_agent(sound_bundle: Path) -> BundleAgent:
    return BundleAgent(sound_bundle)


@pytest.fixture
def agent(sound_bundle: Path) -> BundleAgent:
    """One whose ``scores`` a test may replace."""
    return BundleAgent(sound_bundle)


@pytest.fixture(scope="module")
def shelf(sound_agent: BundleAgent, sound_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the bundle that the endpoint is started with, and one that decides otherwise."""
    directory = tmp_path_factory.mktemp("shelf")
    shutil.copytree(sound_bundle, directory / "first")
    contrary(sound_agent, directory / "other")
    return directory


@pytest.fixture(scope="session")
def oracle(sound_agent: BundleAgent) -> Oracle:
    return Oracle(json.loads((sound_agent.bundle.path / "public.json").read_text()))


@pytest.fixture(scope="session")
def service(sound_agent: BundleAgent) -> DecisionService:
    return DecisionService(sound_agent, AMPLE_SECONDS)


@pytest.fixture(autouse=True)
def closed_breaker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share a service: a policy that one of them breaks must not be left out of the next."""
    if "service" in request.fixturenames:
        monkeypatch.setattr(request.getfixturevalue("service").chain, "_breaker", Breaker())


@pytest.fixture
def instead_of_serving(monkeypatch: pytest.MonkeyPatch) -> Instead:
    """Makes ``routelab serve`` do something else with its server, and take no port."""

    def replace(act: Callable[[uvicorn.Server], object]) -> None:
        monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: act(server))
        monkeypatch.setattr("serve.main.bound_socket", lambda *address: socket.socket())

    return replace


@pytest.fixture
def make_request(sound_agent: BundleAgent) -> Callable[..., dict[str, Any]]:
    """A request from a golden case: the one with the most lines, unless a position is given."""

    def build(position: int | None = None) -> dict[str, Any]:
        documents = [case.document for case in sound_agent.bundle.golden]
        if position is None:
            return copy.deepcopy(max(documents, key=lambda document: len(document["order"]["lines"])))
        return copy.deepcopy(documents[position])

    return build


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a throw-away cluster; without PostgreSQL its tests are skipped, but fail where CI=true."""
    try:
        with cluster() as running:
            yield running.url
    except NoCluster as error:
        without_postgres(error)


def without_postgres(error: NoCluster) -> NoReturn:
    """Nobody notices tests that are skipped in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI tests on PostgreSQL, too: {error}")
    pytest.skip(str(error))


class Server:
    """Makes databases on the throw-away cluster."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = create_engine(
            url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT", poolclass=NullPool
        )

    def create(self, template: str = "template1") -> str:
        """Name of a new database."""
        name = f"t{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        return self._url.replace("/postgres?", f"/{name}?")

    def execute(self, statement: str) -> None:
        with self._engine.connect() as tx:
            tx.execute(text(statement))


@pytest.fixture(scope="session")
def server(postgres: str) -> Server:
    return Server(postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of either kind, without a schema."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'shop.db'}"
        return
    server = request.getfixturevalue("server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


def migrated(url: str) -> None:
    """Makes the schema once, to be copied for each test."""
    database = Database(url)
    database.migrate()
    database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "shop.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(server: Server) -> str:
    name = server.create()
    migrated(server.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of either kind with its schema and no rows."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "shop.db")
        yield f"sqlite:///{tmp_path / 'shop.db'}"
        return
    server = request.getfixturevalue("server")
    name = server.create(request.getfixturevalue("postgres_template"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def desk(database_url: str, service: DecisionService) -> Iterator[Desk]:
    """An open desk whose time is that of the requests."""
    desk = load_desk(service, Database(database_url), DeskSettings(is_request_clock=True))
    yield desk
    desk.database.close()
