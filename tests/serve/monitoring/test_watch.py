"""The watch of a running endpoint: windows in the database, alarms in metrics, log, answers and reviews."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY
from sqlalchemy import func, select

from agents.recording import Decision
from scenarios.local_time import format_utc, parse_utc
from serve.app import create_app
from serve.decisions.answer import Stage
from serve.decisions.asked import Asked
from serve.decisions.chain import Choice
from serve.decisions.desk import Desk
from serve.decisions.request import RedecisionRequest
from serve.decisions.service import DecisionService, Weighed
from serve.monitoring import tables
from serve.monitoring.metrics import ARMS
from serve.monitoring.reference import Reference
from serve.monitoring.settings import WatchSettings
from serve.monitoring.tally import KEPT_WINDOWS, NUM_BLOCKS, Tally, block_of, read_window, write_tally
from serve.monitoring.watch import Watch
from serve.policies.slots import Pick
from serve.reviews.queue import list_reviews
from serve.storage.tables import decisions as made
from tests.serve.decisions.test_desk import ask, order_of
from tests.serve.monitoring.weeks import later_weeks, reference_document
from tests.serve.reviewed import put_instead, reviews_of, take_back
from tests.serve.test_app import wait_until_ready

Request = Callable[..., dict[str, Any]]
WEEK = 7 * 86_400


@pytest.fixture(scope="module")
def weeks() -> list[list[Decision]]:
    return list(later_weeks(2))


@pytest.fixture
def service(service: DecisionService, monkeypatch: pytest.MonkeyPatch) -> DecisionService:
    """With a reference that tells what is usual."""
    monkeypatch.setattr(service, "reference", reference_document())
    return service


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: desk.service, open_desk=lambda service: desk)) as client:
        wait_until_ready(client)
        yield client


def asked_at(now: int, ms: float = 0.0, deadline_ms: float | None = None) -> Asked:
    """A request of ``now`` that came ``ms`` before this moment."""
    request = RedecisionRequest(deadline_ms=deadline_ms)
    return Asked(request, "anyone", None, time.perf_counter() - ms / 1000, now)


def play(watch: Watch, pick: Pick, decisions: Iterable[Decision], start: int, stage: Stage = "policy") -> None:
    """What was decided in a simulated week is decided from ``start`` on."""
    for row in decisions:
        plans = SimpleNamespace(features=row.features, context=row.context)
        snapshot = SimpleNamespace(plans=plans, num_plans=row.num_plans)
        weighed = Weighed(cast(Any, None), cast(Any, snapshot), Choice(stage, row.slot))
        watch.see(pick, weighed, asked_at(start + min(row.at, WEEK - 1)))


def shift(decisions: Sequence[Decision]) -> list[Decision]:
    """The same orders where shipping costs twice as much."""
    return [replace(row, features=row.features * (1 + (row.features == row.features[:, 7:8]))) for row in decisions]


def gauge(kind: str, desk: Desk) -> float | None:
    labels = {"kind": kind, "bundle": "any" if kind == "fallback" else desk.service.policy.bundle_sha256[:12]}
    return REGISTRY.get_sample_value("routelab_alarm", labels)


def test_a_shift_alarms_everywhere(
    desk: Desk,
    client: TestClient,
    weeks: list[list[Decision]],
    make_request: Request,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "serve.monitoring")
    pick, seconds, order = Pick(desk.service), WEEK // NUM_BLOCKS, order_of(make_request, "first")
    start = (parse_utc("t", order["placed_at"]) // seconds + 1) * seconds
    play(desk.monitor, pick, weeks[0], start)
    assert client.get("/v1/monitoring").json()["drift"][0]["state"] == "collecting"
    play(desk.monitor, pick, weeks[1], start + WEEK)
    desk.monitor.judge(start + 2 * WEEK - 1)
    calm = client.get("/v1/monitoring").json()
    assert (calm["is_alarm"], calm["drift"][0]["state"], calm["fallback"]["is_alarm"]) == (False, "steady", False)
    assert (gauge("drift", desk), caplog.records) == (0, [])
    play(desk.monitor, pick, shift(weeks[1]), start + 2 * WEEK)
    end = start + 3 * WEEK - 1
    desk.monitor.judge(end)
    told = client.get("/v1/monitoring").json()
    assert (told["is_alarm"], told["drift"][0]["state"]) == (True, "alarm")
    worst = told["drift"][0]["measures"][0]
    assert worst["psi"] > worst["psi_limit"] or worst["gap"] > worst["gap_limit"]
    assert "features.shipping_cost" in {f"{row['group']}.{row['name']}" for row in told["drift"][0]["measures"][:20]}
    assert gauge("drift", desk) == 1
    assert [record.getMessage().startswith("drift alarm of policy") for record in caplog.records] == [True]
    ask(desk, {**order, "placed_at": format_utc(end), "promise_at": format_utc(end + 86_400), "id": "quiet"})
    desk.monitor.settings = WatchSettings(opens_reviews=True)
    ask(desk, {**order, "placed_at": format_utc(end), "promise_at": format_utc(end + 86_400), "id": "looked at"})
    with desk.database.reading() as tx:
        assert [(row.order_id, row.reasons) for row in list_reviews(tx, "open", 0, 9)] == [("looked at", ["drift"])]
    slots = desk.policies.slots  # another policy decides now: of this one there is nothing to be alarmed at any more
    desk.policies.slots = replace(slots, standing=replace(slots.standing, active="0" * 64))
    desk.monitor.judge(end)
    assert gauge("drift", desk) == 0
    desk.policies.slots = slots


def test_decisions_of_arms_are_all_on_record_but_for_overrides(desk: Desk, make_request: Request) -> None:
    def count() -> float:
        (metric,) = ARMS.collect()
        return sum(sample.value for sample in metric.samples if sample.name == "routelab_arm_decisions_total")

    order, before = order_of(make_request, "one"), count()
    now, plan = parse_utc("t", order["placed_at"]), ask(desk, order)["plan"]
    ask(desk, order_of(make_request, "advice"), at=now, snapshot=make_request()["snapshot"])
    assert count() == before + 2
    take_back(desk, "one", now + 60)
    put_instead(desk, reviews_of(desk)[0].review_id, plan, now + 70)
    assert count() == before + 2
    with desk.database.reading() as tx:
        stages = tx.execute(select(made.c.stage)).scalars().all()
    assert sorted(stages) == ["policy", "policy", "review"]


@pytest.mark.slow
def test_processes_share_a_window_and_a_restart_goes_on(desk: Desk, weeks: list[list[Decision]]) -> None:
    pick, seconds, sha256 = Pick(desk.service), WEEK // NUM_BLOCKS, desk.service.policy.bundle_sha256
    both = [
        Watch(desk.database, desk.policies, writer, WatchSettings(), is_request_clock=True) for writer in ("a", "b")
    ]
    for start in (0, WEEK):
        for i, watch in enumerate(both):
            play(watch, pick, weeks[0][i::2], start)
    for watch in (*both, both[0]):  # the first one could not see yet what the second one had counted
        watch.judge(2 * WEEK - 1)
    later = Watch(desk.database, desk.policies, "c", WatchSettings(), is_request_clock=True)
    play(later, pick, weeks[0][-2:], WEEK)
    later.judge(2 * WEEK - 1)
    found = both[1].drift.of(sha256)
    assert (found.state, later.drift.of(sha256).state) == ("steady", "steady")
    assert found.num_decisions == len(weeks[0])
    assert later.drift.of(sha256).num_decisions > 0.95 * len(weeks[0])
    later.judge((KEPT_WINDOWS + 3) * WEEK)
    found = later.drift.of(sha256)
    assert (found.state, found.num_decisions) == ("collecting", 0)  # nobody ordered
    with desk.database.reading() as tx:
        kept = tx.execute(select(func.count()).select_from(tables.tallies)).scalar_one()
    assert kept <= 2
    assert seconds * NUM_BLOCKS == WEEK


def watched(desk: Desk, sha256: str, now: int) -> bool:
    """Whether the window that ends at ``now`` is full."""
    with desk.database.reading() as tx:
        return read_window(tx, sha256, weekly(), now).is_full


def weekly() -> Reference:
    """Of weeks of which nothing is compared."""
    reference = Reference({})
    reference.window_seconds = WEEK
    return reference


def note(desk: Desk, sha256: str, *times: int) -> None:
    """A decision at each of some times."""
    with desk.database.writing() as tx:
        for at in times:
            tally = Tally(weekly(), block_of(weekly(), at))
            tally.num_decisions = 1
            write_tally(tx, sha256, "a process", tally)


def test_a_policy_that_comes_back_is_not_judged_by_a_few_hours(desk: Desk) -> None:
    seconds, start = WEEK // NUM_BLOCKS, 100 * WEEK
    note(desk, "active", *range(start - 4 * WEEK, start + WEEK, seconds))
    note(desk, "candidate", start - 3 * WEEK, start)  # a day long, three weeks ago
    assert (watched(desk, "active", start + 60), watched(desk, "candidate", start + 60)) == (True, False)
    note(desk, "candidate", *range(start, start + 20 * seconds, seconds))
    assert not watched(desk, "candidate", start + 20 * seconds - 1)
    note(desk, "candidate", start + 20 * seconds)
    assert watched(desk, "candidate", start + 21 * seconds - 1)


def test_a_shop_that_closes_is_watched_and_a_pause_of_all_is_none(desk: Desk) -> None:
    seconds, start = WEEK // NUM_BLOCKS, 100 * WEEK
    days = (start + (7 * week + day) * 86_400 for week in (-2, -1, 0) for day in range(5))
    note(desk, "active", *(day + hour * 3600 for day in days for hour in (9, 15)))
    assert all(watched(desk, "active", start + at) for at in range(0, WEEK, seconds))
    note(desk, "active", start + 3 * WEEK)
    assert not watched(desk, "active", start + 3 * WEEK + 60)


def test_tallies_of_policies_that_decide_no_more_are_forgotten(desk: Desk) -> None:
    tally, row, now = Tally(Reference({}), 0), tables.tallies.c, 100 * WEEK
    for age in (0, KEPT_WINDOWS, KEPT_WINDOWS + 1):
        tally.begins_at = now - age * WEEK
        with desk.database.writing() as tx:
            write_tally(tx, "f" * 64, "a process that is gone", tally)
    desk.monitor.judge(now)
    with desk.database.reading() as tx:
        kept = tx.execute(select(row.begins_at).order_by(row.begins_at)).scalars().all()
    assert kept == [now - KEPT_WINDOWS * WEEK, now]


def test_a_window_with_few_decisions_is_not_judged(desk: Desk, weeks: list[list[Decision]]) -> None:
    pick = Pick(desk.service)
    for start in (0, WEEK):
        play(desk.monitor, pick, weeks[0][::20], start)
    desk.monitor.judge(2 * WEEK - 1)
    assert desk.monitor.drift.of(desk.service.policy.bundle_sha256).state == "too_few"


def test_fallbacks_alarm_and_recover(desk: Desk, client: TestClient, weeks: list[list[Decision]]) -> None:
    pick, some = Pick(desk.service), [replace(row, at=0) for row in weeks[0][:100]]
    play(desk.monitor, pick, some[:99], 6000)
    play(desk.monitor, pick, some[99:], 6000, "heuristic")
    desk.monitor.judge(6000)
    assert client.get("/v1/monitoring").json()["fallback"] == {
        "minutes": 15,
        "stages": {"policy": 99, "heuristic": 1},
        "share": pytest.approx(0.01),
        "most_share": 0.05,
        "is_alarm": False,
    }
    play(desk.monitor, pick, some[:20], 6060, "heuristic")
    desk.monitor.judge(6060)
    assert client.get("/v1/monitoring").json()["is_alarm"]
    assert gauge("fallback", desk) == 1
    play(desk.monitor, pick, some, 6000 + 20 * 60)
    desk.monitor.judge(6000 + 20 * 60)
    assert gauge("fallback", desk) == 0


def test_whatever_fails_orders_are_answered(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(desk.monitor, "judge", fail)
    assert ask(desk, order_of(make_request, "one"))["stage"] == "policy"
    assert "decisions were not counted: RuntimeError" in caplog.text
