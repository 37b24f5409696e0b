"""A database that goes away and comes back: nothing is acknowledged without it, and nobody has to help."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from serve import tables
from serve.app import create_app
from serve.audit import complaints
from serve.database import Database
from serve.desk import DeskSettings
from serve.main import load_desk
from serve.service import DecisionService
from tests.cluster import cluster
from tests.serve.test_app import check_error, wait_until_ready
from tests.serve.test_paths import asked


@pytest.mark.slow
def test_a_stopped_postgresql(postgres: str, service: DecisionService, make_request: Callable[..., Any]) -> None:
    with cluster() as own:
        settings = DeskSettings(is_request_clock=True)
        app = create_app(lambda: service, open_desk=lambda service: load_desk(service, Database(own.url), settings))
        with TestClient(app, raise_server_exceptions=False) as client:
            wait_until_ready(client)
            num_acknowledged = client.post("/v1/decisions", json=asked(make_request, "before")).status_code == 200
            own.stop()
            began = time.monotonic()
            assert client.get("/health/ready").status_code == 503
            assert time.monotonic() - began < 5
            for i in range(3):
                answer = client.post("/v1/decisions", json=asked(make_request, f"while {i}"))
                assert (answer.status_code, check_error(answer)["key"]) == (503, "database")
            own.start()
            began = time.monotonic()
            while client.get("/health/ready").status_code != 200 and time.monotonic() - began < 15:
                time.sleep(0.1)
            num_acknowledged += client.post("/v1/decisions", json=asked(make_request, "after")).status_code == 200
        database = Database(own.url)
        with database.reading() as tx:
            assert num_acknowledged == 2
            assert tx.execute(select(func.count()).select_from(tables.decisions)).scalar() == 2
            assert list(complaints(tx)) == []
        database.close()
