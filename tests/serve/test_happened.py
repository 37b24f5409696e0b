"""Events and counts: what they change, once each, and which orders they send back to be decided again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from agents.bundle import BundleAgent
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, format_utc, parse_utc
from serve import tables
from serve.audit import complaints
from serve.counted import count_stations, count_stock
from serve.desk import Desk
from serve.event import EventBatch, Inventory, Stations
from serve.happened import Happened, is_new
from serve.health import make_report
from serve.order import Cause, describe_order
from serve.tasks import acknowledge, lease_tasks
from tests.serve.test_desk import allocated, ask, ask_again, order_of, total

Request = Callable[..., dict[str, Any]]


def tell(desk: Desk, at: int, *events: dict[str, Any]) -> None:
    """Applies events that happen at one second."""
    told = [{"id": f"e{at}-{i}", "at": format_utc(at), **event} for i, event in enumerate(events)]
    with desk.database.writing() as tx:
        for event in EventBatch.model_validate({"events": told}).events:
            assert is_new(tx, event, event.id, "events[0]", at)
            Happened(tx, desk.known, "events[0]").apply(event)


def cell(desk: Desk, warehouse: str, sku: str) -> tuple[int, int]:
    """On hand and allocated."""
    row = tables.stock.c
    query = select(row.on_hand_units, row.allocated_units).where(row.warehouse == warehouse, row.sku == sku)
    with desk.database.reading() as tx:
        return tuple(tx.execute(query).one())  # type: ignore[return-value]


def tasks_at(desk: Desk, at: int) -> list[tuple[str, str]]:
    with desk.database.writing() as tx:
        return [(task.kind, task.order_id) for task in lease_tasks(tx, at, 10, 1)]


def breaks_at(desk: Desk, at: int) -> dict[Cause, int] | None:
    """What the report of that second counts."""
    with desk.database.reading() as tx:
        return make_report(tx, at, at + 1).breaks


def test_a_parcel_is_picked_handed_over_and_delivered(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(desk, order), parse_utc("t", order["placed_at"])
    parcel = answer["plan"]["parcels"][0]
    line, place = parcel["lines"][0], (parcel["warehouse"], parcel["lines"][0]["sku"])
    on_hand, taken = cell(desk, *place)
    assert taken == line["units"]
    tell(desk, now + 60, {"kind": "pick_started", "parcel": parcel["id"]})
    with desk.database.reading() as tx:
        assert describe_order(tx, "one").state == "confirmed"
        pick = tx.execute(select(tables.picks)).one()
        assert (pick.warehouse, pick.expected_finish_at > now + 60) == (parcel["warehouse"], True)
    assert total(desk, tables.stations.c.num_queued) == len(answer["plan"]["parcels"]) - 1
    tell(desk, now + 120, {"kind": "pick_finished", "parcel": parcel["id"]})
    assert cell(desk, *place) == (on_hand, taken)
    tell(desk, now + 3600, {"kind": "handed_over", "parcel": parcel["id"]})
    assert cell(desk, *place) == (on_hand - line["units"], 0)
    tell(desk, now + 10**6, {"kind": "delivered", "parcel": parcel["id"]})
    row = tables.punctuality.c
    with desk.database.reading() as tx:
        seen = tx.execute(select(tables.punctuality).where(row.service == parcel["service"])).one()
        assert tx.execute(select(tables.picks)).all() == []
        assert line["sku"] not in describe_order(tx, "one").planned_lines
    assert (seen.num_delivered, seen.num_late, seen.transit_permille > 1000) == (1, 1, True)
    with pytest.raises(InputError, match="parcel"):
        tell(desk, now + 10**6 + 1, {"kind": "delivered", "parcel": parcel["id"]})


def test_what_is_not_told_between_happens_all_the_same(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(desk, order), parse_utc("t", order["placed_at"])
    tell(desk, now + 10**5, *({"kind": "delivered", "parcel": row["id"]} for row in answer["plan"]["parcels"]))
    assert allocated(desk) == {}
    assert total(desk, tables.stations.c.num_queued) == total(desk, tables.stations.c.queued_seconds) == 0


def test_a_short_line_is_decided_again(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    order["lines"] = [{**order["lines"][0], "units": 2}]
    answer, now = ask(desk, order), parse_utc("t", order["placed_at"])
    parcel = answer["plan"]["parcels"][0]
    sku = parcel["lines"][0]["sku"]
    on_hand, _ = cell(desk, parcel["warehouse"], sku)
    short = {"kind": "pick_finished", "parcel": parcel["id"], "short": [{"sku": sku, "found_units": 1}]}
    tell(desk, now + 60, short)
    assert cell(desk, parcel["warehouse"], sku) == (on_hand - 1, 0)
    assert total(desk, tables.bookings.c.booked_parcels) == 0
    assert tasks_at(desk, now + 60) == [("plan_broke", "one")]
    assert breaks_at(desk, now + 60) == {"short_pick": 1}
    again = ask_again(desk, "one", now + 60)
    assert [line["sku"] for row in again["plan"]["parcels"] for line in row["lines"]] == [sku]
    assert tasks_at(desk, now + 3600) == []


def test_a_receipt_serves_claims_in_order_and_the_rest_is_for_sale(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "x")
    order["lines"] = [{**order["lines"][0], "units": 2}]
    sku, now = order["lines"][0]["sku"], parse_utc("t", order["placed_at"])
    house = ask(desk, {**order, "id": "probe"})["plan"]["parcels"][0]["warehouse"]
    with desk.database.writing() as tx:
        row = tables.stock.c
        tx.execute(update(tables.stock).where(row.sku == sku).values(on_hand_units=row.allocated_units))
    announced = {"kind": "receipt_announced", "receipt": "truck", "warehouse": house, "sku": sku, "units": 6}
    tell(desk, now, {**announced, "expected_at": format_utc(now + 7200)})
    answers = [ask(desk, {**order, "id": f"x{i}"}) for i in range(3)]
    assert [answer["plan"]["kind"] for answer in answers] == ["backorder"] * 3
    assert {answer["plan"]["parcels"][0]["receipt"]["id"] for answer in answers} == {"truck"}
    assert ask(desk, {**order, "id": "late"})["stage"] == "review"  # all six are claimed
    before = cell(desk, house, sku)
    tell(desk, now + 7200, {"kind": "receipt_arrived", "receipt": "truck", "units": 5})
    assert cell(desk, house, sku) == (before[0] + 5, before[1] + 4)
    assert tasks_at(desk, now + 7200) == [("plan_broke", "x2")]
    assert breaks_at(desk, now + 7200) == {"short_receipt": 1}
    parcel = tables.parcels.c
    with desk.database.reading() as tx:
        stages = (
            tx.execute(select(parcel.stage).where(parcel.receipt_id == "truck").order_by(parcel.number)).scalars().all()
        )
        assert tx.execute(select(tables.receipts.c.claimed_units)).scalar() == 0
    assert stages == ["queued", "queued", "void"]
    assert total(desk, tables.bookings.c.booked_parcels) == 3  # with the probe's
    with pytest.raises(InputError, match="not arrived"):
        tell(desk, now + 7300, {"kind": "receipt_arrived", "receipt": "truck", "units": 5})


def test_an_outage_breaks_what_needs_its_collections(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(desk, order), parse_utc("t", order["placed_at"])
    parcels = answer["plan"]["parcels"]
    parcel = parcels[0]
    until = parse_utc("t", parcel["collection_at"]) + 1
    tell(desk, now + 1, {"kind": "outage", "service": parcel["service"], "until": format_utc(until)})
    assert tasks_at(desk, now + 1) == [("plan_broke", "one")]
    assert breaks_at(desk, now + 1) == {"outage": sum(row["service"] == parcel["service"] for row in parcels)}
    again = ask_again(desk, "one", now + 1)
    for row in again["plan"]["parcels"]:
        assert row["service"] != parcel["service"] or parse_utc("t", row["collection_at"]) >= until


def test_a_warehouse_is_closed_by_one_event(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "x")
    order["lines"], now = order["lines"][:1], parse_utc("t", order["placed_at"])
    parcels = {name: ask(desk, {**order, "id": name})["plan"]["parcels"] for name in ("x0", "x1", "x2")}
    closed = parcels["x0"][0]["warehouse"]
    there = sorted(name for name, rows in parcels.items() if closed in {row["warehouse"] for row in rows})
    tell(desk, now + 1, {"kind": "outage", "warehouse": closed, "until": format_utc(now + 20 * DAY_SECONDS)})
    assert sorted(tasks_at(desk, now + 1)) == [("plan_broke", name) for name in there]
    row = tables.interruptions.c
    with desk.database.reading() as tx:
        stopped = tx.execute(select(row.warehouse, row.service)).all()
    assert sorted(stopped) == sorted((closed, service) for service in desk.known.names.services)
    later = [ask_again(desk, name, now + 1) for name in there]
    others = [make_request(i)["order"]["lines"] for i in range(6)]
    later += [ask(desk, {**order, "id": f"y{i}", "lines": lines}, at=now + i) for i, lines in enumerate(others, 2)]
    for answer in later:
        assert answer["plan"]["parcels"]
        assert closed not in {parcel["warehouse"] for parcel in answer["plan"]["parcels"]}


def test_a_count_breaks_the_plans_made_last(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "x")
    order["lines"] = [{**order["lines"][0], "units": 1}]
    now = parse_utc("t", order["placed_at"])
    first = ask(desk, {**order, "id": "x0"})["plan"]["parcels"][0]
    place = (first["warehouse"], first["lines"][0]["sku"])
    second = ask(desk, {**order, "id": "x1"})["plan"]["parcels"][0]
    assert (second["warehouse"], cell(desk, *place)[1]) == (first["warehouse"], 2)
    rows = [{"warehouse": place[0], "sku": place[1], "on_hand_units": 1}]
    counted = Inventory.model_validate({"id": "count", "at": format_utc(now), "rows": rows})
    with desk.database.writing() as tx:
        count_stock(tx, desk.known, counted)
    assert cell(desk, *place) == (1, 1)
    assert tasks_at(desk, now) == [("plan_broke", "x1")]
    assert breaks_at(desk, now) == {"count": 1}


def test_a_queue_is_what_was_counted(desk: Desk, make_request: Request, sound_agent: BundleAgent) -> None:
    house = sound_agent.bundle.public.warehouses[0].name
    rows = [{"warehouse": house, "num_open": 1, "num_queued": 7, "queued_seconds": 900}]
    counted = Stations.model_validate({"id": "queues", "at": format_utc(0), "rows": rows})
    with desk.database.writing() as tx:
        count_stations(tx, desk.known, counted)
    assert total(desk, tables.stations.c.num_queued) == 7
    too_many = json.loads(counted.model_dump_json())
    too_many["rows"][0]["num_open"] = 10**6
    with pytest.raises(InputError, match=r"rows\[0\]\.num_open"), desk.database.writing() as tx:
        count_stations(tx, desk.known, Stations.model_validate(too_many))


@pytest.mark.parametrize(
    ("event", "key"),
    [
        ({"kind": "pick_started", "parcel": "none"}, "parcel"),
        ({"kind": "receipt_arrived", "receipt": "none", "units": 1}, "receipt"),
        ({"kind": "outage", "service": "none", "until": "2025-03-03T00:00:00Z"}, "service"),
        ({"kind": "outage", "service": "any", "until": "2199-03-03T00:00:00Z"}, "until"),
    ],
    ids=["parcel", "receipt", "service", "until"],
)
def test_events_that_do_not_fit_are_refused_by_their_field(desk: Desk, event: dict[str, Any], key: str) -> None:
    event = {name: desk.known.names.services[0] if value == "any" else value for name, value in event.items()}
    with pytest.raises(InputError, match=rf"events\[0\]\.{key}"):
        tell(desk, parse_utc("t", "2025-03-02T00:00:00Z"), event)


def test_tasks_are_leased_and_come_again(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order["placed_at"])
    ask(desk, order)
    desk.keep_until(now + 900)
    with desk.database.writing() as tx:
        first = lease_tasks(tx, now + 900, 10, 60)
        assert lease_tasks(tx, now + 959, 10, 60) == []
        second = lease_tasks(tx, now + 960, 10, 60)
        assert [task.task_id for task in first] == [task.task_id for task in second]
        assert not acknowledge(tx, first[0].task_id, first[0].lease, now)  # it is another one's by now
        assert acknowledge(tx, second[0].task_id, second[0].lease, now)
        assert acknowledge(tx, second[0].task_id, second[0].lease, now)
        assert lease_tasks(tx, now + 10**6, 10, 60) == []
        assert not acknowledge(tx, "nonsense", "x", now)
    with desk.database.reading() as tx:
        assert list(complaints(tx)) == []
