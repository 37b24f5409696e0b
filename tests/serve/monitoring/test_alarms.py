"""Slow decisions and missing outcomes: a shift alarms in one window, a calm stream does not, and both are told."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY
from sqlalchemy import event

from scenarios.local_time import format_utc
from serve.app import create_app
from serve.decisions.answer import Stage
from serve.decisions.chain import Choice
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import Weighed
from serve.monitoring.alarm import CHANCE, is_above
from serve.monitoring.lately import EDGES_MS, Lately
from serve.monitoring.outcomes import WINDOW_SECONDS, Due, read_due
from serve.monitoring.settings import WatchSettings
from serve.policies.slots import Pick
from serve.storage import tables
from serve.storage.database import Database
from tests.serve.decisions.test_desk import ask, order_of
from tests.serve.monitoring.test_watch import asked_at
from tests.serve.test_app import wait_until_ready

NOW, HOUR = 1_800_000_000, 3600
USUAL = WatchSettings()
DUE = NOW - HOUR * USUAL.outcome_hours
"""The last second at which what was due is missing, if nobody told."""


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: desk.service, open_desk=lambda service: desk)) as client:
        wait_until_ready(client)
        yield client


def alarm(kind: str) -> float | None:
    return REGISTRY.get_sample_value("routelab_alarm", {"kind": kind, "bundle": "any"})


def decide(desk: Desk, ms: float, now: int = NOW, stage: Stage = "policy", deadline_ms: float | None = None) -> None:
    """A decision that took ``ms`` is kept."""
    plans = SimpleNamespace(features=np.zeros((1, 1), np.float32), context=None)
    weighed = Weighed(cast(Any, None), cast(Any, SimpleNamespace(plans=plans, num_plans=1)), Choice(stage, 0))
    desk.monitor.see(Pick(desk.service), weighed, asked_at(now, ms, deadline_ms))


def test_slow_decisions_alarm_in_one_window_and_it_ends(
    desk: Desk, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "serve.monitoring")
    for i in range(300):
        decide(desk, 4, NOW + i % 60)
    desk.monitor.judge(NOW + 60)
    calm = client.get("/v1/monitoring").json()["latency"]
    assert (calm["share"], calm["is_alarm"], caplog.messages) == (0, False, [])
    later = NOW + 60 * USUAL.minutes  # the first window is over
    for i in range(300):
        decide(desk, 2 * USUAL.slow_ms if i % 10 == 0 else 4, later, "heuristic" if i % 10 == 0 else "policy")
    desk.monitor.judge(later)
    body = client.get("/v1/monitoring").json()
    told = body["latency"]
    assert (body["is_alarm"], told["is_alarm"], told["share"]) == (True, True, 0.1)
    assert told["p99_ms"]["heuristic"] in EDGES_MS
    assert told["p99_ms"]["heuristic"] >= 2 * USUAL.slow_ms > told["p99_ms"]["policy"]
    assert alarm("latency") == 1
    assert REGISTRY.get_sample_value("routelab_slow_share") == 0.1
    p99 = REGISTRY.get_sample_value("routelab_decision_p99_seconds", {"stage": "heuristic"})
    assert p99 == told["p99_ms"]["heuristic"] / 1000
    desk.monitor.judge(later + 60 * USUAL.minutes)
    assert (alarm("latency"), REGISTRY.get_sample_value("routelab_slow_share")) == (0, 0)
    begun = [words for words in caplog.messages if words.startswith("latency alarm: share 0.100, p99 of heuristic ")]
    assert (len(begun), caplog.messages.count("latency alarm is over")) == (1, 1)


def test_a_deadline_of_its_own_says_what_is_slow(desk: Desk) -> None:
    for i in range(40):
        decide(desk, 100, deadline_ms=50 if i % 2 else 10_000)
        decide(desk, 2 * USUAL.slow_ms, deadline_ms=10_000)
    recent = desk.monitor.lately.recent(NOW)
    assert (recent.num, recent.num_slow) == (80, 20)
    assert desk.monitor.is_slow(recent)


@pytest.mark.parametrize("most", [USUAL.most_slow, USUAL.most_fallbacks, USUAL.most_missing, 0.5])
@pytest.mark.parametrize("num", [20, 60, 300, 1000])
def test_a_share_at_its_limit_alarms_in_one_of_a_hundred_looks_at_most(num: int, most: float) -> None:
    """Every count with its chance; one fewer would alarm more often than that."""
    chances = [math.comb(num, count) * most**count * (1 - most) ** (num - count) for count in range(num + 1)]
    least = next(count for count in range(num + 1) if is_above(count, num, most))
    assert all(is_above(count, num, most) for count in range(least, num + 1))
    assert sum(chances[least:]) <= CHANCE < sum(chances[least - 1 :])


def test_few_are_not_judged_and_many_are() -> None:
    assert not is_above(19, 19, 0.5)
    assert (is_above(0, 20, 0.0), is_above(1, 20, 0.0), is_above(20, 20, 1.0)) == (False, True, False)
    num = 1_000_000  # as the normal distribution has it: 2.326 standard deviations, each of 300
    assert not is_above(100_690, num, 0.1)
    assert is_above(100_710, num, 0.1)


def test_the_last_percent_is_beyond_the_band_that_is_told() -> None:
    lately, dice = Lately(15), random.Random(7)
    times = sorted(dice.lognormvariate(2, 1) for _ in range(2000))
    for ms in times:
        lately.add("policy", ms, 250.0, NOW)
    found = lately.recent(NOW).p99_ms("policy")
    assert found == next(edge for edge in EDGES_MS if edge >= times[1979])
    lately.add("static", 1e9, 250.0, NOW)
    assert lately.recent(NOW).p99_ms("static") == EDGES_MS[-1]


def send(desk: Desk, num: int, **values: Any) -> None:
    """Parcels that were due just in time to be looked for."""
    usual = {"warehouse": "w", "service": "s", "stage": "queued", "collection_at": DUE - HOUR, "is_booked": True}
    usual |= {"transit_seconds": HOUR, "quoted_at": DUE, "order_id": "o"}
    with desk.database.writing() as tx:
        if not tx.execute(tables.orders.select()).first():
            order = {"id": "o", "document": "{}", "state": "confirmed", "decision_id": "d", "is_again": False}
            tx.execute(tables.orders.insert().values(**order))
        known = len(tx.execute(tables.parcels.select()).all())
        rows = [{"id": f"p{known + i}", **usual, **values} for i in range(num)]
        tx.execute(tables.parcels.insert(), rows)


def due(desk: Desk, now: int = NOW) -> dict[str, Due]:
    with desk.database.reading() as tx:
        return {row.step: row for row in read_due(tx, now, USUAL.outcome_hours)}


def test_missing_outcomes_alarm_in_one_window_and_it_ends(
    desk: Desk, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "serve.monitoring")
    assert client.get("/v1/monitoring").json()["outcomes"]["steps"] == []
    done = {"departed_at": DUE - HOUR + 60, "delivered_at": DUE + 600, "stage": "delivered"}
    send(desk, 97, **done)
    send(desk, 3)
    desk.monitor.judge(NOW)
    calm = client.get("/v1/monitoring").json()["outcomes"]
    assert [(row["num_due"], row["num_missing"], row["mean_seconds"]) for row in calm["steps"]] == [
        (100, 3, 60),
        (100, 3, 600),
    ]
    assert (calm["is_alarm"], alarm("outcomes"), caplog.messages) == (False, 0, [])
    send(desk, 30, departed_at=DUE - HOUR, stage="departed")  # handed over, and then nothing
    desk.monitor.judge(NOW)
    body = client.get("/v1/monitoring").json()
    steps = {row["step"]: (row["num_missing"], row["is_alarm"]) for row in body["outcomes"]["steps"]}
    assert (body["is_alarm"], steps) == (True, {"handover": (3, False), "delivery": (33, True)})
    assert alarm("outcomes") == 1
    assert REGISTRY.get_sample_value("routelab_missing_share", {"step": "delivery"}) == pytest.approx(33 / 130)
    desk.monitor.judge(NOW + WINDOW_SECONDS)  # nothing was due since
    assert alarm("outcomes") == 0
    assert caplog.messages == ["outcomes alarm: 33 of 130 delivery outcomes are missing", "outcomes alarm is over"]


def test_what_is_not_due_yet_long_past_or_given_up_is_not_missed(desk: Desk) -> None:
    send(desk, 1, quoted_at=DUE + 1, collection_at=DUE + 1, transit_seconds=0)
    send(desk, 1, quoted_at=DUE - WINDOW_SECONDS, collection_at=DUE - WINDOW_SECONDS)
    send(desk, 1, stage="void")
    assert due(desk) == {step: Due(step, 0, 0, None) for step in ("handover", "delivery")}
    assert due(desk, NOW + 1)["delivery"].num_missing == 1


def test_a_late_supplier_is_not_a_silent_shop(desk: Desk) -> None:
    """What waits for goods or a date has no collection yet."""
    send(desk, 80, departed_at=DUE - HOUR, delivered_at=DUE, stage="delivered")
    send(desk, 20, stage="claimed", receipt_id="r", is_booked=False)
    send(desk, 20, stage="later", release_at=NOW, is_booked=False)
    assert {step: (row.num, row.num_missing) for step, row in due(desk).items()} == {
        "handover": (80, 0),
        "delivery": (80, 0),
    }
    desk.monitor.judge(NOW)
    assert alarm("outcomes") == 0
    with desk.database.writing() as tx:
        released = tables.parcels.update().where(tables.parcels.c.stage == "claimed")
        tx.execute(released.values(stage="queued", collection_at=NOW))  # what was quoted stays
    steps = ("handover", "delivery")
    assert [(due(desk)[step].num, due(desk)[step].num_missing) for step in steps] == [(80, 0), (80, 0)]
    desk.monitor.judge(NOW)
    assert alarm("outcomes") == 0
    collected = NOW + HOUR * USUAL.outcome_hours  # when nobody has told of the collection, and then of the arrival
    assert [due(desk, collected)[step].num_missing for step in steps] == [20, 0]
    assert [due(desk, collected + HOUR)[step].num_missing for step in steps] == [20, 20]


def test_a_week_is_read_and_not_all_that_was_sent(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    database.migrate()
    asked: list[tuple[str, Any]] = []
    with database.reading() as tx:
        event.listen(tx, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        read_due(tx, NOW, USUAL.outcome_hours)
        plans = [tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all() for query, values in list(asked)]
    database.close()
    handover, delivery = (
        f"INDEX ix_parcels_{due_at}_{happened_at}_stage ({due_at}>? AND {due_at}<?)"
        for due_at, happened_at in (("collection_at", "departed_at"), ("quoted_at", "delivered_at"))
    )
    assert [[row[3] for row in plan] for plan in plans] == [
        [f"SEARCH parcels USING COVERING {handover}"],
        [f"SEARCH parcels USING COVERING {delivery}"],
        [f"SEARCH parcels USING {delivery}"],  # of those that are missing
    ]


def test_how_late_events_are_told_is_counted_once(
    desk: Desk, make_request: Callable[..., dict[str, Any]], client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = ask(desk, order_of(make_request, "one"), confirm=True)["plan"]["parcels"][0]["id"]
    monkeypatch.setattr(desk, "settings", DeskSettings(is_request_clock=False))
    happened_at = int(time.time()) - 2 * HOUR
    told = {"id": "e", "at": format_utc(happened_at), "kind": "handed_over", "parcel": parcel}
    name, labels = "routelab_told_after_seconds", {"kind": "handed_over"}
    before = {part: REGISTRY.get_sample_value(f"{name}_{part}", labels) or 0.0 for part in ("count", "sum")}
    for _ in range(2):  # the second time it is known
        assert client.post("/v1/events", json={"events": [told]}).status_code == 200
    count, seconds = (REGISTRY.get_sample_value(f"{name}_{part}", labels) for part in ("count", "sum"))
    assert count == before["count"] + 1
    assert seconds is not None
    assert 2 * HOUR <= seconds - before["sum"] < 3 * HOUR
