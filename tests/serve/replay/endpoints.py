"""Running endpoints to replay against, and how a replay is compared with the simulator."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from agents.bundle import BundleAgent
from envs.log import Kind
from envs.simulation import Simulation
from envs.world import World
from scenarios.trace import Trace
from serve.app import create_app
from serve.client import Client
from serve.decisions.desk import DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.replay.shop import Manner, Shop
from serve.storage.database import Database
from tests.serve.conftest import AMPLE_SECONDS


def calendar_end(trace: Trace) -> int:
    """UTC second."""
    settings = trace.network.settings[0]
    return int(settings["epoch_seconds"] + settings["end_seconds"])


def hurried(seconds: float) -> None:
    """Nobody waits long in tests."""
    time.sleep(min(seconds, 0.02))


@contextmanager
def application(agent: BundleAgent, url: str, **settings: Any) -> Iterator[FastAPI]:
    """An endpoint with the agent's bundle on a database."""
    service, database = DecisionService(agent, AMPLE_SECONDS), Database(url)
    desk_settings = DeskSettings(**settings)
    yield create_app(lambda: service, open_desk=lambda service: load_desk(service, database, desk_settings))
    database.close()


@contextmanager
def endpoint(agent: BundleAgent, trace: Trace, url: str) -> Iterator[Client]:
    """One whose time is that of the requests, and whose calendar ends with the trace's."""
    end = calendar_end(trace)
    with application(agent, url, is_request_clock=True, calendar_end=end) as app, TestClient(app) as http:
        client = Client(http=http, sleep=hurried)
        client.wait_until_ready()
        yield client


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The URL of an endpoint behind a socket, ready."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with Client(address, sleep=hurried) as client:
            client.wait_until_ready()
        yield address
    finally:
        server.should_exit = True
        thread.join()


def replayed(agent: BundleAgent, trace: Trace, url: str) -> Shop:
    """A shop that has played a trace to its end."""
    with endpoint(agent, trace, url) as client:
        shop = Shop(trace, client, Manner("replay"))
        shop.play()
    return shop


def log_of(world: World) -> np.ndarray:
    """The event log without what only a world with a pricer tells."""
    rows = world.hidden.events[: int(world.hidden.counters["num_events"][0])]
    return rows[rows[:, 1] != Kind.PRICES_IN]


def check_same(shop: Shop, simulated: Simulation) -> None:
    """Nothing strayed, and both event logs are equal, row for row."""
    assert shop.report.strayed == []
    found, wanted = shop.world.hidden, simulated.world.hidden
    ours, theirs = log_of(shop.world), log_of(simulated.world)
    rows = zip(ours, theirs, strict=False)
    first = next((i for i, (one, other) in enumerate(rows) if not np.array_equal(one, other)), None)
    assert first is None, (first, ours[first - 3 : first + 3], theirs[first - 3 : first + 3])
    assert len(ours) == len(theirs)
    assert np.array_equal(found.totals, wanted.totals)
