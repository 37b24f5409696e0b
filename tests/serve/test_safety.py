"""What is refused outside development mode."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from scenarios.errors import InputError
from serve.main import main
from serve.tokens import VARIABLE
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
    options: list[str],
    has_tokens: bool,
) -> None:
    import uvicorn

    started = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: started.append(server.config.host))
    monkeypatch.setattr("serve.main.bound_socket", lambda *address: socket.socket())
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
    sound_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import uvicorn

    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: None)
    monkeypatch.setattr("serve.main.bound_socket", lambda *address: socket.socket())
    monkeypatch.setenv(VARIABLE, ENTRIES[0])
    database = ["--database", f"sqlite:///{tmp_path / 'shop.db'}"]
    assert main(["--bundle", str(sound_bundle), "--host", "0.0.0.0", *database]) == 0
    assert "Development" not in capsys.readouterr().out
    with pytest.raises(InputError, match="--policies"):
        main(["--bundle", str(sound_bundle), *database, "--policies", str(tmp_path / "none")])
