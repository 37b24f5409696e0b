"""Two slots: what may stand in them, who decides, and that no order notices a change."""

from __future__ import annotations

import json
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from agents.bundle import BundleAgent
from agents.bundle_files import FILES, manifest_of
from agents.registry import MANIFEST
from serve import tables
from serve.app import create_app
from serve.audit import complaints
from serve.background import stop
from serve.database import Database
from serve.desk import Desk, DeskSettings
from serve.main import load_desk
from serve.record import find_decision
from serve.service import DecisionService
from serve.trials.assignment import Subject, draw
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.shelves import contrary
from tests.serve.test_app import check_error, wait_until_ready
from tests.serve.test_desk import allocated, order_of, sent

Request = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def shelf(sound_agent: BundleAgent, sound_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the bundle that the endpoint is started with, and one that decides otherwise."""
    directory = tmp_path_factory.mktemp("shelf")
    shutil.copytree(sound_bundle, directory / "first")
    contrary(sound_agent, directory / "other")
    return directory


def open_desk(service: DecisionService, url: str, shelf: Path | None) -> Desk:
    return load_desk(service, Database(url), DeskSettings(is_request_clock=True, policies=shelf))


@pytest.fixture
def desk(database_url: str, service: DecisionService, shelf: Path) -> Iterator[Desk]:
    desk = open_desk(service, database_url, shelf)
    yield desk
    desk.database.close()


@contextmanager
def client_of(desk: Desk) -> Iterator[TestClient]:
    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(client)
        yield client


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with client_of(desk) as client:
        yield client


@pytest.fixture
def apart(make_request: Request, sound_agent: BundleAgent) -> dict[str, Any]:
    """A request with its snapshot about which the two policies disagree."""
    for position, case in enumerate(sound_agent.bundle.golden):
        if case.scores.index(min(case.scores)) != case.slot:
            return make_request(position)
    pytest.fail("they never disagree")


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


def test_a_policy_is_loaded_tried_activated_and_given_up(client: TestClient, desk: Desk, apart: dict[str, Any]) -> None:
    first = desk.service.policy.bundle_sha256
    sha256 = load(client)
    assert name_of(client, apart) == "hand-made"
    assert act(client, sha256, "shadow")["mode"] == "shadow"
    assert name_of(client, apart) == "hand-made"
    assert act(client, sha256, "canary", share=0.25)["share"] == 0.25
    standing = act(client, sha256, "activate")
    assert (standing["active"]["name"], standing["candidate"]) == ("contrary", None)
    assert standing["previous"]["bundle_sha256"] == first
    assert name_of(client, apart) == "contrary"
    assert client.get("/health/ready").json()["policy"]["name"] == "contrary"
    standing = act(client, sha256, "rollback")
    assert (standing["active"]["bundle_sha256"], standing["mode"]) == (first, "loaded")
    assert name_of(client, apart) == "hand-made"
    assert act(client, sha256, "withdraw")["candidate"] is None
    assert client.get("/v1/policies").json()["number"] == 7
    with desk.database.reading() as tx:
        row = tables.audit.c
        kinds = tx.execute(select(row.kind).where(row.kind.like("policy_%")).order_by(row.seq)).scalars().all()
        assert list(complaints(tx)) == []
    done = ["loaded", "shadowed", "canaried", "activated", "rolled_back", "withdrawn"]
    assert kinds == ["policy_started", *(f"policy_{kind}" for kind in done)]


def test_what_does_not_stand_in_the_slot_is_a_conflict(client: TestClient, desk: Desk) -> None:
    first, nobody = desk.service.policy.bundle_sha256, "0" * 64
    assert client.post(f"/v1/policies/{nobody}/shadow").status_code == 409
    assert client.post("/v1/policies", json={"folder": "first"}).status_code == 409  # it is the active one
    sha256 = load(client)
    for what, named in (("activate", nobody), ("activate", first), ("rollback", sha256), ("rollback", first)):
        answer = client.post(f"/v1/policies/{named}/{what}")
        assert (answer.status_code, check_error(answer)["key"]) == (409, "policy"), what
    for share in (0, 1, -0.5, "half", None):
        assert client.post(f"/v1/policies/{sha256}/canary", json={"share": share}).status_code == 422
    assert client.post("/v1/policies/short/shadow").status_code == 422
    assert client.get("/v1/policies").json()["number"] == 2


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
        assert tx.execute(select(tables.policies.c.name)).scalars().all() == ["hand-made"]


@pytest.mark.parametrize("times", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_swaps_and_roll_backs_under_load(client: TestClient, desk: Desk, apart: dict[str, Any], times: int) -> None:
    threads_before = threading.active_count()
    with under_load(client, apart) as answers:
        for _ in range(times):
            num_answers = len(answers)
            sha256 = load(client)
            act(client, sha256, "activate")
            while len(answers) < num_answers + 4:
                time.sleep(0.001)
            act(client, sha256, "rollback")
    assert {answer.status_code for answer in answers} == {200}
    decided = {(answer.json()["policy"]["name"], json.dumps(answer.json()["plan"])) for answer in answers}
    assert len(decided) == 2  # whoever is named has decided, all of it
    assert {name for name, _ in decided} == {"hand-made", "contrary"}
    assert threading.active_count() < threads_before + 20  # those that were replaced are forgotten
    with desk.database.reading() as tx:
        assert list(complaints(tx)) == []
        by_name = {answer.json()["decision_id"]: answer.json()["policy"]["bundle_sha256"] for answer in answers}
        row = tables.decisions.c
        kept = {found.id: found.bundle_sha256 for found in tx.execute(select(row.id, row.bundle_sha256))}
        assert by_name.items() <= kept.items()


def test_a_canary_decides_its_share_and_says_so(client: TestClient, desk: Desk, make_request: Request) -> None:
    sha256 = load(client)
    arms: dict[float, set[str]] = {}
    orders = [f"order {i}" for i in range(4000)]
    for share in (0.1, 0.3):
        act(client, sha256, "canary", share=share)
        picks = {order: desk.policies.slots.pick(Subject(order, "anywhere", None, 0)) for order in orders}
        arms[share] = {order for order, pick in picks.items() if pick.arm == "canary"}
        assert abs(len(arms[share]) / len(orders) - share) < 4 * (share * (1 - share) / len(orders)) ** 0.5
        for order, pick in picks.items():
            is_canary = order in arms[share]
            assert pick.propensity == (share if is_canary else 1 - share)
            assert (pick.service.policy.bundle_sha256 == sha256) is is_canary
    assert arms[0.1] < arms[0.3]  # who is in stays in
    found = set()
    for number in range(30):
        request = order_of(make_request, f"shop {number}")
        body = client.post("/v1/decisions", json={"order": request, "now": request["placed_at"]}).json()
        is_canary = body["policy"]["bundle_sha256"] == sha256
        assert (body["arm"], body["propensity"]) == (("canary", 0.3) if is_canary else ("active", 0.7))
        found.add(body["arm"])
        with desk.database.reading() as tx:
            row = tables.decisions.c
            kept = tx.execute(select(row.arm, row.propensity).where(row.order_id == request["id"])).one()
        assert tuple(kept) == (body["arm"], body["propensity"])
        assert client.post(f"/v1/decisions/{body['decision_id']}/replay").json()["is_same"]
    assert found == {"canary", "active"}


def test_a_shadow_is_written_down_and_not_carried_out(
    client: TestClient, desk: Desk, make_request: Request, apart: dict[str, Any]
) -> None:
    sha256 = load(client)
    act(client, sha256, "shadow")
    order = order_of(make_request, "one")
    kept = client.post("/v1/decisions", json={"order": order, "now": order["placed_at"]}).json()
    other = client.post("/v1/decisions", json=apart).json()
    desk.shadows.wait()
    assert allocated(desk) == sent(kept)
    assert {kept["policy"]["name"], other["policy"]["name"]} == {"hand-made"}
    with desk.database.reading() as tx:
        rows = {row.decision_id: row for row in tx.execute(select(tables.shadows))}
    assert rows.keys() == {kept["decision_id"], other["decision_id"]}
    shadow = rows[other["decision_id"]]
    assert (shadow.bundle_sha256, shadow.stage, shadow.is_same) == (sha256, "policy", False)
    assert 0 < shadow.latency_ms < 1000 * AMPLE_SECONDS
    expected = DecisionService(BundleAgent(desk.settings.policies / "other"), AMPLE_SECONDS)  # type: ignore[operator]
    act(client, sha256, "activate")
    same = client.post("/v1/decisions", json=apart).json()
    assert same["policy"] == expected.policy.model_dump()
    told = {**same["plan"], "probability": None}
    assert json.loads(shadow.plan) == told
    assert client.get("/v1/policies").json()["shadow"] is None


def test_shadows_are_compared(client: TestClient, desk: Desk, apart: dict[str, Any]) -> None:
    sha256 = load(client)
    assert client.get("/v1/policies").json()["shadow"] == {
        "count": 0,
        "same_share": None,
        "mean_latency_ms": None,
        "max_latency_ms": None,
    }
    act(client, sha256, "shadow")
    for _ in range(3):
        client.post("/v1/decisions", json=apart)
    desk.shadows.wait()
    shadow = client.get("/v1/policies").json()["shadow"]
    assert (shadow["count"], shadow["same_share"]) == (3, 0.0)
    assert 0 < shadow["mean_latency_ms"] <= shadow["max_latency_ms"]


def test_a_broken_shadow_harms_nobody(client: TestClient, desk: Desk, apart: dict[str, Any]) -> None:
    sha256 = load(client)
    act(client, sha256, "shadow")
    desk.policies.slots.services[sha256].reader = None  # type: ignore[assignment]
    assert client.post("/v1/decisions", json=apart).status_code == 200
    desk.shadows.wait()
    assert desk.shadows.compare(sha256).count == 0


def test_decisions_of_another_policy_can_be_made_again_as_long_as_its_bundle_is_there(
    client: TestClient, desk: Desk, database_url: str, sound_agent: BundleAgent, shelf: Path, apart: dict[str, Any]
) -> None:
    contrary(sound_agent, shelf / "passing")
    sha256 = load(client, "passing")
    act(client, sha256, "activate")
    decision = client.post("/v1/decisions", json=apart).json()
    assert decision["policy"]["bundle_sha256"] == sha256
    act(client, sha256, "rollback")
    act(client, sha256, "withdraw")
    path = f"/v1/decisions/{decision['decision_id']}/replay"
    assert client.post(path).json() == {"is_same": True, "answer": decision}
    explain = f"/v1/decisions/{decision['decision_id']}/explain"
    told = client.get(explain).json()
    (chosen,) = [plan for plan in told["plans"] if plan["is_chosen"]]
    assert chosen["total_millicents"] == decision["plan"]["total_millicents"]
    again = open_desk(desk.service, database_url, shelf)
    try:
        with client_of(again) as other:  # which has never seen that bundle
            (shelf / "passing").rename(shelf / "hidden")
            for gone in (other.post(path), other.get(explain)):
                assert (gone.status_code, check_error(gone)["key"]) == (409, "bundle")
            (shelf / "hidden").rename(shelf / "passing")
            assert other.post(path).json()["is_same"]
            assert other.get(explain).json() == told
    finally:
        again.database.close()
        shutil.rmtree(shelf / "passing", ignore_errors=True)
        shutil.rmtree(shelf / "hidden", ignore_errors=True)


@pytest.mark.parametrize("what", ["canary", "activate"])
def test_what_a_person_chooses_names_the_policy_whose_plans_it_is_from(
    client: TestClient, desk: Desk, make_request: Request, what: str
) -> None:
    """It is the policy to which the order falls by now, whoever decided before, and certain in either arm."""
    first, sha256, seen = desk.service.policy.bundle_sha256, load(client), []
    ids = [f"order {number}" for number in range(100)]
    chosen = [next(name for name in ids if (draw(sha256, name) < 0.5) is is_low) for is_low in (True, False)]
    for name in chosen:
        order = order_of(make_request, name)
        now, line = {"now": order["placed_at"]}, {**order["lines"][0], "units": 1}
        asked = {"order": {**order, "lines": [line]}, "max_alternatives": 31, **now}
        before = client.post("/v1/decisions", json=asked).json()
        assert client.post(f"/v1/orders/{name}/take-back", params=now).json()["state"] == "review"
        if name == chosen[0]:
            assert before["policy"]["bundle_sha256"] == first
            act(client, sha256, what, **({"share": 0.5} if what == "canary" else {}))
        (review,) = client.get("/v1/reviews").json()["reviews"]
        (parcel,) = next(plan for plan in before["alternatives"] if plan["kind"] == "ship")["parcels"]
        wanted = {"warehouse": parcel["warehouse"], "service": parcel["service"], "skus": [line["sku"]]}
        wanted["receipt"] = parcel["receipt"] and parcel["receipt"]["id"]
        told = client.post(f"/v1/reviews/{review['review_id']}/override", json={"parcels": [wanted], **now})
        assert told.status_code == 200, told.text
        answer = told.json()
        kept = (answer["policy"]["bundle_sha256"], answer["arm"], answer["propensity"])
        with desk.database.reading() as tx:
            found = find_decision(tx, answer["decision_id"])
        assert (found.bundle_sha256, found.arm, found.propensity) == kept
        path = f"/v1/decisions/{answer['decision_id']}"
        assert client.post(f"{path}/replay").json() == {"is_same": True, "answer": answer}
        assert client.get(f"{path}/explain").json()["stage"] == "review"
        seen.append(kept)
    arms = [(sha256, "canary", 1.0), (first, "active", 1.0)]
    assert seen == (arms if what == "canary" else 2 * [(sha256, "active", 1.0)])


def test_processes_follow_each_other_and_restarts(
    client: TestClient, desk: Desk, database_url: str, shelf: Path, apart: dict[str, Any]
) -> None:
    second = open_desk(desk.service, database_url, shelf)
    sha256 = load(client)
    with client_of(second) as other:
        act(other, sha256, "activate")  # loaded by the first process
        assert name_of(client, apart) == "hand-made"
        desk.policies.follow()
        assert name_of(client, apart) == "contrary"
    second.database.close()
    third = open_desk(desk.service, database_url, shelf)  # started with the same bundle: what was activated stays
    assert third.policies.slots.standing == desk.policies.slots.standing
    third.database.close()
    service = DecisionService(BundleAgent(shelf / "other"), AMPLE_SECONDS)
    fourth = open_desk(service, database_url, None)  # started with another one: it begins anew
    standing = fourth.policies.slots.standing
    assert (standing.active, standing.previous, standing.number) == (sha256, None, 4)
    fourth.database.close()


def test_a_process_follows_by_itself(client: TestClient, desk: Desk, database_url: str, shelf: Path) -> None:
    second = open_desk(desk.service, database_url, shelf)
    sha256 = load(client)
    second.policies.loop.start()
    until = time.monotonic() + 60
    while second.policies.slots.standing.candidate != sha256 and time.monotonic() < until:
        time.sleep(0.01)
    stop([second.policies.loop])
    assert second.policies.slots.standing.candidate == sha256
    second.database.close()


def test_a_bundle_that_is_gone_leaves_the_slots_as_they_are(
    client: TestClient, desk: Desk, database_url: str, shelf: Path, sound_agent: BundleAgent, apart: dict[str, Any]
) -> None:
    second = open_desk(desk.service, database_url, shelf)
    contrary(sound_agent, shelf / "passing")
    sha256 = load(client, "passing")
    act(client, sha256, "activate")
    shutil.rmtree(shelf / "passing")
    with client_of(second) as other:
        second.policies.try_to_follow()
        assert name_of(other, apart) == "hand-made"
        assert other.post(f"/v1/policies/{sha256}/rollback").status_code == 409  # it cannot see what it would change
    assert name_of(client, apart) == "contrary"  # has it in memory
    assert act(client, sha256, "rollback")["active"]["name"] == "hand-made"
    second.database.close()


def test_changes_at_once_are_made_one_after_the_other(client: TestClient, desk: Desk) -> None:
    sha256 = load(client)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.post(f"/v1/policies/{sha256}/activate").status_code))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200] + 5 * [409]
    assert desk.policies.slots.standing.number == 3
