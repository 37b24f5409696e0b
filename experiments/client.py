"""Asks the endpoint as a shop would: a process of its own, and HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from experiments.provenance import ROOT

READY_SECONDS = 300.0
"""On a new machine the endpoint compiles the rules first."""


class ServerError(RuntimeError):
    """The endpoint did not come up or did not answer; the message holds its last words."""


def ask_server(bundle: Path, ready_seconds: float = READY_SECONDS) -> tuple[dict[str, Any], dict[str, Any]]:
    """Starts ``routelab serve``, sends the bundle's example order, and stops it.

    Returns:
        The request and the decision.

    Raises:
        ServerError: no answer in time.
    """
    environment = {
        key: value for key, value in os.environ.items() if key != "ROUTELAB_TOKENS"
    }  # it is our own endpoint
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    command = [sys.executable, "-m", "routelab", "serve", "--bundle", str(bundle)]
    shown = subprocess.run(
        [*command, "--example-request"], env=environment, capture_output=True, text=True, check=False
    )
    if shown.returncode:
        raise ServerError(shown.stderr.strip())
    request = json.loads(shown.stdout)
    port = free_port()
    with tempfile.TemporaryFile("w+") as words:
        server = subprocess.Popen(
            [*command, "--port", str(port), "--database", "none"], env=environment, stdout=words, stderr=words
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health/ready", server, ready_seconds)
            return request, _post(f"http://127.0.0.1:{port}/v1/decisions", request)
        except (OSError, ValueError, TimeoutError) as error:
            words.seek(0)
            raise ServerError(f"{error}\n{words.read()[-2000:]}") from error
        finally:
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str, server: subprocess.Popen[bytes], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise TimeoutError(f"the endpoint ended with exit code {server.returncode}")
        try:
            with _open(address) as answer:
                if answer.status == 200:
                    return
        except OSError:  # not listening yet, or 503 while it checks the bundle
            time.sleep(0.2)
    raise TimeoutError(f"the endpoint was not ready after {seconds:g} s")


def _post(address: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with _open(request) as answer:
            content = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise ValueError(f"the endpoint answered {error.code}: {error.read().decode()[:1000]}") from error
    assert isinstance(content, dict)
    return content


def _open(target: str | urllib.request.Request) -> Any:
    """Opens an address of this machine, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(target, timeout=30)
