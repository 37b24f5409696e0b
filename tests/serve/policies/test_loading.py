"""Which bundles may be loaded: sound ones below the directory, and no others."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from agents.bundle_files import FILES, manifest_of
from agents.registry import MANIFEST
from serve.decisions.desk import Desk
from serve.decisions.service import DecisionService
from serve.policies import tables as policy_tables
from tests.serve.policies.slots import client_of, open_desk, under_load
from tests.serve.test_app import check_error


def test_only_folders_below_the_directory_are_loaded(
    client: TestClient, shelf: Path, sound_bundle: Path, tmp_path: Path
) -> None:
    link = shelf / "link"
    link.symlink_to(sound_bundle)
    try:
        for folder in ("..", ".", "/", str(sound_bundle), "../shelf/../x", "link", "nothing", "a\0b", "x" * 200):
            answer = client.post("/v1/policies", json={"folder": folder})
            assert answer.status_code == 422, folder
            assert check_error(answer)["key"].startswith("folder")
    finally:
        link.unlink()


def test_without_a_directory_nothing_is_loaded(database_url: str, service: DecisionService) -> None:
    desk = open_desk(service, database_url, None)
    with client_of(desk) as client:
        answer = client.post("/v1/policies", json={"folder": "other"})
        assert "--policies" in check_error(answer)["remedy"]
    desk.database.close()


def damage(folder: Path, rng: random.Random) -> None:
    """Flips one bit or more of one byte of any file."""
    path = folder / rng.choice([*FILES, MANIFEST])
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= rng.randrange(1, 256)
    path.write_bytes(content)


def sealed(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes a JSON file and seals the bundle again, as somebody might who knows how."""
    data = json.loads((folder / name).read_text())
    change(data)
    (folder / name).write_text(json.dumps(data))
    (folder / MANIFEST).write_bytes(manifest_of({file: (folder / file).read_bytes() for file in FILES}))


SWAPS: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "feature schema": ("features.json", lambda data: data.update(schema_version=data["schema_version"] + 1)),
    "feature order": ("features.json", lambda data: data["plans"].reverse()),
    "snapshot schema": ("plan.json", lambda data: data.update(snapshot_schema="routelab.snapshot/1")),
    "golden scores": ("golden.json", lambda data: data["cases"][0]["scores"].reverse()),
    "no golden cases": ("golden.json", lambda data: data.update(cases=[])),
    "another scenario": ("public.json", lambda data: data.update(id="metro-small@2")),
    "public schema": ("public.json", lambda data: data.update(format="routelab.public/0")),
}


def test_no_damaged_bundle_is_accepted_and_no_order_notices(
    client: TestClient, desk: Desk, shelf: Path, apart: dict[str, Any]
) -> None:
    rng = random.Random(5)
    copy = shelf / "damaged"

    def refused(why: object) -> None:
        answer = client.post("/v1/policies", json={"folder": "damaged"})
        assert answer.status_code == 422, why
        assert check_error(answer)["key"].startswith("folder"), why
        shutil.rmtree(copy)

    with under_load(client, apart) as answers:
        for number in range(100):
            shutil.copytree(shelf / "other", copy)
            damage(copy, rng)
            refused(number)
        for name in (*FILES, MANIFEST):
            shutil.copytree(shelf / "other", copy)
            size = (copy / name).stat().st_size
            with (copy / name).open("r+b") as file:
                file.truncate(rng.randrange(size))
            refused(f"truncated {name}")
            shutil.copytree(shelf / "other", copy)
            (copy / name).unlink()
            refused(f"without {name}")
        for why, (name, change) in SWAPS.items():
            shutil.copytree(shelf / "other", copy)
            sealed(copy, name, change)
            refused(why)
        while len(answers) < 20:
            time.sleep(0.01)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["policy"]["name"] for answer in answers} == {"hand-made"}
    assert desk.policies.slots.standing.number == 1
    with desk.database.reading() as tx:
        assert tx.execute(select(policy_tables.policies.c.name)).scalars().all() == ["hand-made"]
