"""Old news: the policy keeps away from what is stale, and nothing is promised from what is too old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete

from scenarios.local_time import format_utc, parse_utc
from serve.app import create_app
from serve.decisions.desk import Desk
from serve.decisions.record import find_decision, read_record
from serve.monitoring import tables
from serve.monitoring.staleness import Staleness, hear, last_heard
from serve.reviews.queue import list_reviews
from tests.serve.decisions.test_desk import ask, order_of
from tests.serve.test_app import wait_until_ready

Request = Callable[..., dict[str, Any]]
LIMITS = Staleness(stale_seconds=600, too_old_seconds=3600)


@pytest.fixture
def now(desk: Desk, make_request: Request) -> int:
    """Time of the order; all warehouses have just told how they stand."""
    desk.settings = replace(desk.settings, staleness=LIMITS)
    now = parse_utc("t", order_of(make_request, "one")["placed_at"])
    tell_of(desk, dict.fromkeys(desk.known.names.warehouses, now))
    return now


def tell_of(desk: Desk, told: dict[str, int]) -> None:
    with desk.database.writing() as tx:
        tx.execute(delete(tables.news))
        hear(tx, told)


def houses_of(answer: dict[str, Any]) -> set[str]:
    plans = [answer["plan"], *answer["alternatives"]]
    return {parcel["warehouse"] for plan in plans for parcel in plan["parcels"]}


def test_fresh_news_changes_nothing(desk: Desk, now: int, make_request: Request) -> None:
    assert ask(desk, order_of(make_request, "one"), at=now + 600)["stage"] == "policy"


def test_a_stale_warehouse_keeps_the_policy_away(desk: Desk, now: int, make_request: Request) -> None:
    answer = ask(desk, order_of(make_request, "one"), at=now + 601)
    assert (answer["stage"], answer["confidence"]) == ("heuristic", None)
    assert "too long ago" in answer["fallback_reason"]
    assert desk.known.names.warehouses[0] in answer["fallback_reason"]
    with desk.database.reading() as tx:
        assert read_record(tx, find_decision(tx, answer["decision_id"])).replay(desk.service).is_same


def test_a_stale_warehouse_without_goods_does_not_matter(desk: Desk, now: int, make_request: Request) -> None:
    """Nothing could leave it, whatever it has not told."""
    order = order_of(make_request, "one")
    sku, names = order["lines"][0]["sku"], desk.known.names.warehouses
    rows = {row.warehouse for row in desk.known.public.stock if row.sku == sku and row.on_hand_units}
    empty = next(name for name in names if name not in rows)
    tell_of(desk, {name: now if name == empty else now + 700 for name in names})
    assert ask(desk, {**order, "lines": order["lines"][:1]}, at=now + 700)["stage"] == "policy"


@pytest.mark.parametrize("is_known", [True, False])
def test_nothing_is_promised_from_a_warehouse_not_heard_of_for_long(
    desk: Desk, now: int, make_request: Request, is_known: bool
) -> None:
    usual = ask(desk, order_of(make_request, "usual"), max_alternatives=31)
    silent = usual["plan"]["parcels"][0]["warehouse"]
    others = dict.fromkeys(set(desk.known.names.warehouses) - {silent}, now + 3601)
    tell_of(desk, others | ({silent: now} if is_known else {}))
    answer = ask(desk, order_of(make_request, "one"), at=now + 3601, max_alternatives=31)
    assert answer["stage"] == "policy"
    assert silent in houses_of(usual)
    assert silent not in houses_of(answer)
    tell_of(desk, dict.fromkeys(desk.known.names.warehouses, now))
    late = ask(desk, order_of(make_request, "two"), at=now + 3601)
    assert (late["stage"], late["plan"]) == ("review", None)
    with desk.database.reading() as tx:
        assert [(row.order_id, row.reasons) for row in list_reviews(tx, "open", 0, 9)] == [("two", ["unroutable"])]


def test_a_snapshot_is_as_old_as_it_says(desk: Desk, now: int, make_request: Request) -> None:
    document = make_request()
    for seconds, stage in ((600, "policy"), (601, "heuristic"), (3601, "review")):
        at = parse_utc("t", document["snapshot"]["now"]) + seconds
        order = {**document["order"], "id": f"order {seconds}"}
        assert ask(desk, order, snapshot=document["snapshot"], at=at)["stage"] == stage


def test_events_and_counts_are_news(desk: Desk, now: int, make_request: Request) -> None:
    answer = ask(desk, order_of(make_request, "one"), confirm=True)
    parcel, names = answer["plan"]["parcels"][0], desk.known.names.warehouses
    counted, announced = [name for name in names if name != parcel["warehouse"]][:2]
    with TestClient(create_app(lambda: desk.service, open_desk=lambda service: desk)) as client:
        wait_until_ready(client)
        sku, later = parcel["lines"][0]["sku"], format_utc(now + 9000)
        receipt = {"receipt": "r", "warehouse": announced, "sku": sku, "expected_at": later, "units": 1}
        events = [
            {"id": "b", "kind": "receipt_announced", "at": format_utc(now + 60), **receipt},
            {"id": "a", "kind": "pick_started", "at": format_utc(now + 50), "parcel": parcel["id"]},
            {"id": "c", "kind": "pick_finished", "at": format_utc(now + 40), "parcel": parcel["id"]},
        ]
        assert client.post("/v1/events", json={"events": events}).status_code == 200
        row = {"warehouse": counted, "num_open": 1, "num_queued": 0, "queued_seconds": 0}
        for name, at in (("new", now + 70), ("told late", now + 30)):
            body = {"id": name, "at": format_utc(at), "rows": [row]}
            assert client.put("/v1/stations", json=body).status_code == 200
        news = client.get("/v1/monitoring").json()["news"]
    with desk.database.reading() as tx:
        heard = last_heard(tx)
    assert (heard[parcel["warehouse"]], heard[announced], heard[counted]) == (now + 50, now + 60, now + 70)
    assert {row["warehouse"]: row["heard_at"] for row in news} == {name: format_utc(at) for name, at in heard.items()}
    assert {row["freshness"] for row in news} == {"fresh"}


def test_limits() -> None:
    assert [LIMITS.of(age) for age in (None, -5, 600, 601, 3600, 3601)] == [
        "never",
        "fresh",
        "fresh",
        "stale",
        "stale",
        "too_old",
    ]
    assert (Staleness().is_on, Staleness().of(10**9)) == (False, "fresh")
