"""Endpoints with policies in their slots, and what is done to these."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from serve.app import create_app
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.storage.database import Database
from tests.serve.test_app import wait_until_ready


def open_desk(service: DecisionService, url: str, shelf: Path | None) -> Desk:
    return load_desk(service, Database(url), DeskSettings(is_request_clock=True, policies=shelf))


@contextmanager
def client_of(desk: Desk) -> Iterator[TestClient]:
    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(client)
        yield client


def load(client: TestClient, folder: str = "other") -> str:
    answer = client.post("/v1/policies", json={"folder": folder})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["candidate"]["bundle_sha256"])


def act(client: TestClient, sha256: str, what: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/policies/{sha256}/{what}", json=body or None)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def name_of(client: TestClient, request: dict[str, Any]) -> str:
    return str(client.post("/v1/decisions", json=request).json()["policy"]["name"])


@contextmanager
def under_load(client: TestClient, request: dict[str, Any], num_threads: int = 3) -> Iterator[list[Any]]:
    """Orders that come while something is done; their answers."""
    answers: list[Any] = []
    is_over = threading.Event()

    def send() -> None:
        while not is_over.is_set():
            answers.append(client.post("/v1/decisions", json=request))

    threads = [threading.Thread(target=send) for _ in range(num_threads)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        for thread in threads:
            thread.join(60)
