"""What is refused outside development mode."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from scenarios.errors import InputError
from serve.main import main
from serve.web.safety import check_near
from serve.web.tokens import VARIABLE
from tests.serve.conftest import Instead
from tests.serve.test_app import check_error
from tests.serve.test_tokens import ENTRIES

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
DIRECT: list[dict[str, str]] = [
    LOCAL,
    {"host": "localhost"},
    {"host": "LocalHost:80"},
    {"host": "[::1]:8000"},
    {**LOCAL, "user-agent": "curl", "accept": "*/*"},
]


@pytest.mark.parametrize("mode", ["", "--development", "tokens"])
def test_without_tokens_nobody_gets_in_through_a_proxy(
    sound_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    instead_of_serving: Instead,
    mode: str,
) -> None:
    found: list[Response] = []

    def ask(server: uvicorn.Server) -> None:
        client = TestClient(cast("FastAPI", server.config.app))  # not started: this path needs nothing that is loaded
        found.extend(client.get("/metrics", headers=headers) for headers in (*DIRECT, *PASSED_ON))
        assert client.get("/docs", headers=PASSED_ON[0]).status_code == 200

    instead_of_serving(ask)
    monkeypatch.delenv(VARIABLE, raising=False)
    if mode == "tokens":
        monkeypatch.setenv(VARIABLE, ENTRIES[0])
    options = [mode] if mode.startswith("--") else []
    assert main(["--bundle", str(sound_bundle), "--database", f"sqlite:///{tmp_path / 'shop.db'}", *options]) == 0
    direct = {"": 200, "--development": 200, "tokens": 401}[mode]
    passed_on = {"": 403, "--development": 200, "tokens": 401}[mode]
    assert [answer.status_code for answer in found] == [direct] * len(DIRECT) + [passed_on] * len(PASSED_ON)
    if passed_on == 403:
        for answer, headers in zip(found[len(DIRECT) :], PASSED_ON, strict=True):
            refused = check_error(answer)
            assert refused["key"] == f"header {list(headers)[-1].lower()}"
            assert VARIABLE in refused["remedy"]


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"]], ids=["none", "two"])
def test_a_request_says_once_whom_it_is_meant_for(hosts: list[str]) -> None:
    with pytest.raises(InputError, match="header host"):
        check_near([(b"host", host.encode()) for host in hosts])
