"""What is refused outside development mode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from scenarios.errors import InputError
from serve.app import create_app
from serve.decisions.desk import Desk
from serve.main import main
from serve.web.guard import Near
from serve.web.safety import check_near
from serve.web.tokens import VARIABLE
from tests.serve.conftest import Instead
from tests.serve.decisions.test_desk import order_of
from tests.serve.test_app import check_error, wait_until_ready
from tests.serve.web.test_tokens import ENTRIES

UNSAFE: list[tuple[list[str], bool]] = [
    (["--host", "0.0.0.0"], False),
    (["--host", "shop.example", "--database", "none"], False),
    (["--database", "none"], True),
    (["--clock", "request"], True),
]


@pytest.mark.parametrize(("options", "has_tokens"), UNSAFE, ids=range(len(UNSAFE)))
def test_what_is_unsafe_is_refused_outside_development_mode(
    sound_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    instead_of_serving: Instead,
    options: list[str],
    has_tokens: bool,
) -> None:
    started = []
    instead_of_serving(lambda server: started.append(server.config.host))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    if has_tokens:
        monkeypatch.setenv(VARIABLE, ENTRIES[0])
    command = ["--bundle", str(sound_bundle), *options]
    with pytest.raises(InputError, match="--development"):
        main(command)
    assert not started
    assert main([*command, "--development"]) == 0
    assert "Development mode" in capsys.readouterr().out
    assert len(started) == 1


def test_with_tokens_nothing_is_said_of_development(
    sound_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    instead_of_serving: Instead,
) -> None:
    instead_of_serving(lambda server: None)
    monkeypatch.setenv(VARIABLE, ENTRIES[0])
    database = ["--database", f"sqlite:///{tmp_path / 'shop.db'}"]
    assert main(["--bundle", str(sound_bundle), "--host", "0.0.0.0", *database]) == 0
    assert "Development" not in capsys.readouterr().out
    with pytest.raises(InputError, match="--policies"):
        main(["--bundle", str(sound_bundle), *database, "--policies", str(tmp_path / "none")])


LOCAL = {"host": "127.0.0.1:8000"}
PASSED_ON: list[dict[str, str]] = [
    {"host": "shop.example"},
    {"host": "127.0.0.1.shop.example"},
    {"host": "[::2]:8000"},
    {"host": ""},
    {**LOCAL, "forwarded": "for=192.0.2.1"},
    {**LOCAL, "x-forwarded-for": "192.0.2.1"},
    {**LOCAL, "X-Forwarded-Proto": "https"},
    {**LOCAL, "x-real-ip": "192.0.2.1"},
    {**LOCAL, "via": "1.1 proxy"},
]
FOREIGN_PAGES: list[dict[str, str]] = [
    {**LOCAL, "origin": "https://evil.example"},
    {**LOCAL, "origin": "https://127.0.0.1.evil.example"},
    {**LOCAL, "origin": "https://evil.example//localhost"},
    {**LOCAL, "origin": "null"},
    {**LOCAL, "sec-fetch-site": "cross-site"},
    {**LOCAL, "origin": "http://localhost:3000", "sec-fetch-site": "same-site"},
]
DIRECT: list[dict[str, str]] = [
    LOCAL,
    {"host": "localhost"},
    {"host": "LocalHost:80"},
    {"host": "[::1]:8000"},
    {**LOCAL, "user-agent": "curl", "accept": "*/*"},
    {**LOCAL, "origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"},
    {**LOCAL, "origin": "http://[::1]:8000"},
    {**LOCAL, "sec-fetch-site": "none"},
]


@pytest.mark.parametrize("mode", ["", "--development", "tokens"])
def test_without_tokens_nobody_gets_in_through_a_proxy_or_a_foreign_page(
    sound_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    instead_of_serving: Instead,
    mode: str,
) -> None:
    found, refused = list[Response](), [*PASSED_ON, *FOREIGN_PAGES]

    def ask(server: uvicorn.Server) -> None:
        client = TestClient(cast("FastAPI", server.config.app))  # not started: this path needs nothing that is loaded
        found.extend(client.get("/metrics", headers=headers) for headers in (*DIRECT, *refused))
        assert client.get("/docs", headers=PASSED_ON[0]).status_code == 200

    instead_of_serving(ask)
    monkeypatch.delenv(VARIABLE, raising=False)
    if mode == "tokens":
        monkeypatch.setenv(VARIABLE, ENTRIES[0])
    options = [mode] if mode.startswith("--") else []
    assert main(["--bundle", str(sound_bundle), "--database", f"sqlite:///{tmp_path / 'shop.db'}", *options]) == 0
    direct = {"": 200, "--development": 200, "tokens": 401}[mode]
    passed_on = {"": 403, "--development": 200, "tokens": 401}[mode]
    assert [answer.status_code for answer in found] == [direct] * len(DIRECT) + [passed_on] * len(refused)
    if passed_on == 403:
        for answer, headers in zip(found[len(DIRECT) :], refused, strict=True):
            error = check_error(answer)
            assert error["key"] == f"header {list(headers)[-1].lower()}"
            assert VARIABLE in error["remedy"]


def test_a_foreign_page_changes_no_order(desk: Desk, make_request: Callable[..., dict[str, Any]]) -> None:
    """A path without a body takes what a browser sends without asking."""
    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    app.add_middleware(Near)
    order = order_of(make_request, "one")
    cancel = f"/v1/orders/one/cancel?now={order['placed_at']}"
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        wait_until_ready(client)
        client.post("/v1/decisions", json={"order": order, "now": order["placed_at"]})
        page = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert client.post(cancel, headers=page).status_code == 403
        assert client.get("/v1/orders/one").json()["state"] == "reserved"
        own = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}  # /docs
        assert client.post(cancel, headers=own).json()["state"] == "cancelled"


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"]], ids=["none", "two"])
def test_a_request_says_once_whom_it_is_meant_for(hosts: list[str]) -> None:
    with pytest.raises(InputError, match="header host"):
        check_near([(b"host", host.encode()) for host in hosts])
