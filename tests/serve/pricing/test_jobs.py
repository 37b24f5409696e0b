"""Bid prices are solved in the background, once for all processes; decisions look at those that are in force."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from agents.bundle import BundleAgent
from agents.bundle_files import FILES, MORE_FILES, manifest_of
from agents.bundle_writer import write_bundle
from agents.registry import MANIFEST
from envs.pricer import solved_prices
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from serve.app import create_app
from serve.audit.log import complaints, payload
from serve.client import Client
from serve.decisions.answer import DecisionAnswer
from serve.decisions.desk import Desk
from serve.decisions.record import find_decision, read_record
from serve.decisions.request import DecisionRequest
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.policies import tables as policy_tables
from serve.pricing.apart import NotSolved
from serve.pricing.jobs import NOTICE_SECONDS, RETRY_SECONDS, SOLVE_SECONDS
from serve.pricing.kept import claim
from serve.pricing.tables import bid_prices
from serve.storage import tables
from serve.storage.database import Database
from serve.web.actor import Actor
from tests.policy_bundles import plan_settings
from tests.serve.pricing.conftest import Clock

OpenDesk = Callable[..., Desk]
Decide = Callable[..., DecisionAnswer]
DELAY, INTERVAL = 600, 6 * HOUR_SECONDS


@pytest.fixture
def solved_here(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Jobs are done in this process, which is as good and faster; their seconds are listed."""
    found: list[int] = []

    def solve(pricer: Any, network: Any, seen: Any, seconds: float) -> np.ndarray:
        found.append(int(seen.clock["now_seconds"][0]))
        return solved_prices(pricer, network, seen)

    monkeypatch.setattr("serve.pricing.jobs.solve_apart", solve)
    return found


def in_force(desk: Desk, clock: Clock) -> tuple[int, np.ndarray] | None:
    scheduled = desk.service.scheduled
    assert scheduled is not None
    solved = desk.prices.in_force(scheduled, clock.now)
    return None if solved is None else (solved.solved_at, solved.table)


def count(outcome: str) -> float:
    return REGISTRY.get_sample_value("routelab_price_jobs_total", {"outcome": outcome}) or 0.0


def recorded_prices(desk: Desk, answer: DecisionAnswer) -> list[int | None]:
    with desk.database.reading() as tx:
        case = read_record(tx, find_decision(tx, answer.decision_id)).case
    return [row.get("bid_price_millicents") for row in case["snapshot"]["stock"]]


def test_first_prices_are_in_force_at_once_and_in_the_record(
    open_desk: OpenDesk, decide: Decide, clock: Clock, solved_here: list[int]
) -> None:
    desk = open_desk()
    before = decide(desk)
    assert (before.stage, before.fallback_reason) == ("heuristic", "no bid prices have been solved yet")
    assert before.confidence is None
    assert set(recorded_prices(desk, before)) == {None}
    desk.pricing.look()
    found = in_force(desk, clock)
    assert found is not None
    assert found[0] == clock.now
    after = decide(desk)
    assert after.stage == "policy"
    names, (_, table) = desk.known.names, found
    with desk.database.reading() as tx:
        record = read_record(tx, find_decision(tx, after.decision_id))
    for row in record.case["snapshot"]["stock"]:
        cell = names.warehouses.index(row["warehouse"]), names.skus.index(row["sku"])
        assert row["bid_price_millicents"] == table[cell]
    clock.now += 20 * INTERVAL  # other prices, or none: a record holds its own
    desk.pricing.look()
    assert record.replay(desk.service).is_same
    assert len(solved_here) == 2


def test_prices_that_come_into_force_are_in_the_audit_log(
    open_desk: OpenDesk, clock: Clock, solved_here: list[int]
) -> None:
    """One row for each set, which says from when on they are in force, and what their own row must hold."""
    desk = open_desk()
    for _ in range(2):
        desk.pricing.look()
        clock.now = clock.due + INTERVAL
    desk.pricing.look()
    desk.pricing.look()
    row = tables.audit.c
    query = select(row.writer, row.seq, row.actor, row.subject).where(row.kind == "prices_solved").order_by(row.seq)
    with desk.database.reading() as tx:
        told = {found.subject: json.loads(payload(tx, *found[:2]) or b"") for found in tx.execute(query)}
        kept = tx.execute(select(bid_prices)).all()
        assert list(complaints(tx)) == []
    assert len(kept) == len(solved_here) == 2
    assert told == {
        f"{found.pricer_sha256} {found.due_at}": {
            "solved_at": found.solved_at,
            "valid_from": found.valid_from,
            "sha256": hashlib.sha256(found.content).hexdigest(),
        }
        for found in kept
    }


def test_next_prices_come_after_their_delay(open_desk: OpenDesk, clock: Clock, solved_here: list[int]) -> None:
    desk = open_desk()
    desk.pricing.look()
    first = in_force(desk, clock)
    assert first is not None
    desk.pricing.look()
    assert len(solved_here) == 1
    done = count("in_time")
    clock.now = clock.due + INTERVAL + 1
    desk.pricing.look()
    assert len(solved_here) == 2
    assert count("in_time") == done + 1
    assert in_force(desk, clock) == first
    clock.now = clock.due + INTERVAL + DELAY - 1
    assert in_force(desk, clock) == first
    clock.now += 1
    second = in_force(desk, clock)
    assert second is not None
    assert second[0] == clock.due + INTERVAL + 1


def test_processes_and_restarts_share_prices(open_desk: OpenDesk, clock: Clock, solved_here: list[int]) -> None:
    desks = [open_desk(), open_desk()]
    threads = [threading.Thread(target=desk.pricing.look) for desk in desks for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(solved_here) == 1
    later = open_desk()
    for desk in (*desks, later):
        desk.pricing.look()
        found = in_force(desk, clock)
        assert found is not None
        assert found[0] == clock.now
    tables = {found[1].tobytes() for desk in (*desks, later) if (found := in_force(desk, clock)) is not None}
    assert len(tables) == 1
    assert len(solved_here) == 1


def test_a_failed_job_keeps_the_prices_until_they_are_stale(
    open_desk: OpenDesk, decide: Decide, clock: Clock, solved_here: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.pricing.look()
    first = in_force(desk, clock)
    assert first is not None

    def fail(*arguments: Any) -> np.ndarray:
        raise NotSolved("whatever")

    with monkeypatch.context() as broken:
        broken.setattr("serve.pricing.jobs.solve_apart", fail)
        failures = count("failed")
        clock.now = clock.due + INTERVAL
        for _ in range(3):
            desk.pricing.look()
        assert count("failed") == failures + 1  # not again and again
        clock.now += RETRY_SECONDS
        desk.pricing.look()
        assert count("failed") == failures + 2
        clock.now += DELAY
        assert in_force(desk, clock) == first
        assert decide(desk).stage == "policy"
        clock.now = first[0] + 3 * INTERVAL + 1
        desk.pricing.look()
        stale = decide(desk)
    assert (stale.stage, stale.fallback_reason) == ("heuristic", "the bid prices are 18.0 h old, more than 18 h")
    assert set(recorded_prices(desk, stale)) == {None}
    assert REGISTRY.get_sample_value("routelab_price_age_seconds") == 3 * INTERVAL + 1
    clock.now += RETRY_SECONDS
    desk.pricing.look()  # nothing that could be used is in force: the new ones are, at once
    found = in_force(desk, clock)
    assert found is not None
    assert found[0] == clock.now
    assert decide(desk).stage == "policy"


def test_a_job_whose_process_died_is_done_by_another(open_desk: OpenDesk, clock: Clock, solved_here: list[int]) -> None:
    desk = open_desk()
    scheduled = desk.service.scheduled
    assert scheduled is not None
    until = clock.now + SOLVE_SECONDS + RETRY_SECONDS
    with desk.database.writing() as tx:
        assert claim(tx, scheduled.sha256, clock.due, clock.now, until)
    desk.pricing.look()
    clock.now = until - 1
    desk.pricing.look()
    assert in_force(desk, clock) is None
    clock.now += 1
    desk.pricing.look()
    assert in_force(desk, clock) is not None
    assert len(solved_here) == 1


@pytest.mark.parametrize("is_away", [False, True])
def test_prices_come_into_force_after_they_are_written(
    is_away: bool, open_desk: OpenDesk, clock: Clock, solved_here: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it took until they could be; if the database is away, they are not solved again."""
    desk = open_desk()
    scheduled, writing, num_begun = desk.service.scheduled, desk.database.writing, 0
    assert scheduled is not None
    desk.pricing.look()
    clock.now = clock.due + INTERVAL + DELAY - 10

    def slowly() -> Any:
        nonlocal num_begun
        num_begun += 1
        if num_begun == 2:  # the first one claims
            clock.now += 9
            if is_away:
                raise OperationalError("", None, OSError())
        return writing()

    monkeypatch.setattr(desk.database, "writing", slowly)
    if is_away:
        with pytest.raises(OperationalError):
            desk.pricing.look()
    desk.pricing.look()
    assert len(solved_here) == 2
    last = desk.prices.solved(scheduled)[-1]
    assert (last.solved_at, last.valid_from) == (clock.now - 9, clock.now + NOTICE_SECONDS)


def test_old_prices_are_forgotten(open_desk: OpenDesk, clock: Clock, solved_here: list[int]) -> None:
    desk = open_desk()
    scheduled = desk.service.scheduled
    assert scheduled is not None
    with desk.database.writing() as tx:
        assert claim(tx, "of a policy that stands nowhere any more", clock.due, clock.now, clock.now)
    for _ in range(5):
        desk.pricing.look()
        clock.now += 2 * DAY_SECONDS
    with desk.database.reading() as tx:
        dues = tx.execute(select(bid_prices.c.due_at)).scalars().all()
    assert sorted(dues) == [clock.due + day * DAY_SECONDS for day in (2, 4, 6, 8)]
    assert [row.due_at for row in desk.prices.solved(scheduled)] == sorted(dues)


def test_late_prices_come_into_force_when_all_can_know_them(
    open_desk: OpenDesk, clock: Clock, solved_here: list[int]
) -> None:
    desk = open_desk()
    desk.pricing.look()
    first, late = in_force(desk, clock), count("late")
    clock.now = clock.due + INTERVAL + DELAY + 5
    desk.pricing.look()
    assert count("late") == late + 1
    assert in_force(desk, clock) == first
    clock.now += NOTICE_SECONDS
    found = in_force(desk, clock)
    assert found is not None
    assert found[0] == clock.now - NOTICE_SECONDS


def test_a_snapshot_of_somebody_else_must_state_its_prices(service: DecisionService, scarce_agent: BundleAgent) -> None:
    document = json.loads(json.dumps(scarce_agent.bundle.golden[0].document))
    assert service.decide(DecisionRequest.model_validate(document)).stage == "policy"
    for row in document["snapshot"]["stock"]:
        del row["bid_price_millicents"]
    answer = service.decide(DecisionRequest.model_validate(document))
    assert answer.stage == "heuristic"
    assert answer.fallback_reason == "the snapshot does not state the bid prices of its stock"


def test_stock_decides_prices(open_desk: OpenDesk, clock: Clock, solved_here: list[int]) -> None:
    """They are solved from what the database knows: where there is plenty, nothing has a price."""
    desk, places = open_desk(), tables.stock.c
    names = desk.known.names
    with desk.database.writing() as tx:
        tx.execute(update(tables.stock).values(on_hand_units=100_000))
        rows = tx.execute(select(places.warehouse, places.sku)).all()
    desk.pricing.look()
    found = in_force(desk, clock)
    assert found is not None
    cells = [(names.warehouses.index(warehouse), names.skus.index(sku)) for warehouse, sku in rows]
    assert not found[1][tuple(np.array(cells).T)].any()
    assert found[1].any()  # on shelves that have never had any


def test_each_policy_sees_its_own_prices(
    open_desk: OpenDesk, decide: Decide, scarce_agent: BundleAgent, tmp_path: Path, solved_here: list[int]
) -> None:
    """A shadow on other prices than those of the policy that decides."""
    bundle = scarce_agent.bundle
    write_bundle(
        tmp_path / "closed",
        model=bundle.model,
        public=bundle.public,
        plan=plan_settings(),
        golden=bundle.golden,
        reference=bundle.reference,
        provenance={"run": "a test"},
    )
    desk, anyone = open_desk(tmp_path), Actor("anyone", "admin", is_told_apart=False)
    closed = str(desk.policies.load("closed", anyone).candidate)
    desk.policies.shadow(closed, anyone)
    desk.pricing.look()
    ours = decide(desk)
    desk.policies.activate(closed, anyone)
    desk.policies.roll_back(closed, anyone)
    desk.policies.activate(closed, anyone)
    theirs = decide(desk)
    desk.shadows.wait()
    assert (ours.stage, theirs.stage) == ("policy", "policy")
    assert None not in recorded_prices(desk, ours)
    assert set(recorded_prices(desk, theirs)) == {None}
    with desk.database.reading() as tx:
        (shadow,) = tx.execute(select(policy_tables.shadows)).all()
    assert (shadow.decision_id, shadow.bundle_sha256, shadow.stage) == (ours.decision_id, closed, "policy")


def test_it_is_told_how_prices_stand(
    service: DecisionService, sqlite_template: Path, tmp_path: Path, solved_here: list[int]
) -> None:
    """The background job of a running endpoint."""
    database = Database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'shop.db')}")
    app = create_app(lambda: service, open_desk=lambda service: load_desk(service, database))
    with TestClient(app) as http:
        Client(http=http).wait_until_ready()
        for _ in range(200):
            told = http.get("/health/ready").json()["bid_prices"]
            if told["state"] == "fresh":
                break
            threading.Event().wait(0.05)
    database.close()
    assert told["state"] == "fresh"
    assert told["stale_seconds"] == 3 * INTERVAL
    assert 0 <= told["age_seconds"] < 60


@pytest.mark.parametrize("name", MORE_FILES)
def test_a_damaged_pricer_is_refused(name: str, scarce_bundle: Path, tmp_path: Path) -> None:
    """Like every other file of a bundle; and so is one that is missing, or that no policy needs."""
    folder = Path(shutil.copytree(scarce_bundle, tmp_path / "policy"))
    raw = (folder / name).read_bytes()
    for damaged in (raw[:-1], bytes([raw[0] ^ 1]) + raw[1:], b""):
        (folder / name).write_bytes(damaged)
        with pytest.raises(InputError, match=name):
            BundleAgent(folder)
    (folder / name).unlink()
    with pytest.raises(InputError, match=name):
        BundleAgent(folder)
    names = [file for file in (*FILES, *MORE_FILES) if file != name]
    (folder / MANIFEST).write_bytes(manifest_of({file: (folder / file).read_bytes() for file in names}))
    with pytest.raises(InputError, match="with pricing SCHEDULED"):
        BundleAgent(folder)
