"""What the README says to a running endpoint, sent to one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from fastapi.testclient import TestClient

from serve.app import create_app
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.storage.database import DEFAULT_URL, Database
from tests.serve.test_app import wait_until_ready

CURL = 'curl() { printf "%s\\n" "$@"; cat; printf "\\f"; }\n'
"""Shows what would be sent: a word a line, then the body."""

ADDRESS = "http://127.0.0.1:8000"


def test_the_order_of_the_readme_is_kept(repository: Path, service: DecisionService, database_url: str) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    (block,) = (found for found in re.findall(r"```bash\n(.*?)```", text, re.DOTALL) if "<<END" in found)
    script = ["bash", "-euc", CURL + block]
    told = subprocess.run(script, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    sent, asked = (
        re.search(rf"^{ADDRESS}(\S+)\n(.*)", call, re.MULTILINE | re.DOTALL) for call in told.split("\f")[:2]
    )
    assert sent is not None
    assert asked is not None
    database = Database(database_url)
    with TestClient(create_app(lambda: service, open_desk=lambda service: load_desk(service, database))) as client:
        wait_until_ready(client)
        answer = client.post(sent[1], content=sent[2], headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["stage"] == "policy"
        assert client.get(asked[1]).json()["state"] == "confirmed"
    database.close()


def test_the_readme_starts_an_endpoint_that_keeps(repository: Path) -> None:
    """A database is the default; and it listens where orders are sent to."""
    text = (repository / "README.md").read_text(encoding="utf-8")
    starts = re.findall(r"^routelab serve (.*?) *#", text, re.MULTILINE)
    assert starts == ['--bundle "$bundle"']
    assert f"`{DEFAULT_URL.removeprefix('sqlite:///')}` in this folder" in text
    assert text.count(f"{ADDRESS}/v1/") == 3
