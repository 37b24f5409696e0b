"""Events and counts: what they change, once each, and which orders they send back to be decided again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, and_, select, update

from agents.bundle import BundleAgent
from scenarios.checks import MAX_UNITS
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, format_utc, parse_utc
from serve.audit.log import complaints
from serve.decisions.desk import Desk
from serve.decisions.record import find_decision, read_record
from serve.main import load_desk
from serve.monitoring.health import make_report
from serve.orders.changes import Changes, Taken
from serve.orders.counted import count_stations, count_stock
from serve.orders.event import EventBatch, Inventory, Stations
from serve.orders.happened import Happened, is_new
from serve.orders.order import Cause, describe_order
from serve.orders.parcel import find_parcels, give_room_back, write_parcels
from serve.orders.release import release
from serve.orders.tasks import acknowledge, lease_tasks
from serve.storage import tables
from serve.storage.retry import retried
from tests.serve.decisions.test_desk import allocated, ask, ask_again, order_of, total

Request = Callable[..., dict[str, Any]]


def tell(desk: Desk, at: int, *events: dict[str, Any]) -> None:
    """Applies events that happen at one second."""
    told = [{"id": f"e{at}-{i}", "at": format_utc(at), **event} for i, event in enumerate(events)]
    with desk.database.writing() as tx:
        for event in EventBatch.model_validate({"events": told}).events:
            assert is_new(tx, event, event.id, "events[0]", at)
            Happened(tx, desk.known, "events[0]").apply(event, parse_utc("at", event.at), at)


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


@pytest.mark.parametrize(
    "kinds",
    [("pick_started",), ("pick_finished",), ("pick_finished", "handed_over"), ("handed_over",), ("delivered",)],
    ids=" ".join,
)
def test_an_order_of_which_something_is_picked_does_not_expire(
    desk: Desk, make_request: Request, kinds: tuple[str, ...]
) -> None:
    """Whichever step is told first."""
    order = order_of(make_request, "one")
    answer, now = ask(desk, order), parse_utc("t", order["placed_at"])
    first, *others = answer["plan"]["parcels"]
    assert others
    for i, kind in enumerate(kinds, 1):
        tell(desk, now + i, {"kind": kind, "parcel": first["id"]})
    desk.keep_until(parse_utc("t", answer["reservation"]["expires_at"]))
    with desk.database.reading() as tx:
        stands = describe_order(tx, "one")
    assert (stands.state, stands.expires_at, stands.open_lines) == ("confirmed", None, [])
    assert {line["sku"] for row in others for line in row["lines"]} <= set(stands.planned_lines)
    assert tasks_at(desk, now + DAY_SECONDS) == []


def test_a_short_pick_of_all_that_is_told_first_confirms_its_order(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(desk, order), parse_utc("t", order["placed_at"])
    parcel = answer["plan"]["parcels"][0]
    short = [{"sku": line["sku"], "found_units": 0} for line in parcel["lines"]]
    tell(desk, now + 60, {"kind": "pick_finished", "parcel": parcel["id"], "short": short})
    with desk.database.reading() as tx:
        assert describe_order(tx, "one").state == "confirmed"


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


def sold_out(desk: Desk, make_request: Request) -> tuple[dict[str, Any], str, str, int]:
    """An order of two units of a SKU that has just run out, the SKU, the warehouse that it was sent from, and when."""
    order = order_of(make_request, "x")
    order["lines"] = [{**order["lines"][0], "units": 2}]
    sku, now = order["lines"][0]["sku"], parse_utc("t", order["placed_at"])
    house = ask(desk, {**order, "id": "probe"})["plan"]["parcels"][0]["warehouse"]
    with desk.database.writing() as tx:
        row = tables.stock.c
        tx.execute(update(tables.stock).where(row.sku == sku).values(on_hand_units=row.allocated_units))
    return order, sku, house, now


def test_a_receipt_serves_claims_in_order_and_the_rest_is_for_sale(desk: Desk, make_request: Request) -> None:
    order, sku, house, now = sold_out(desk, make_request)
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


def test_no_shelf_holds_more_than_a_record_can_say(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now, sku, house = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"], desk.known.names.warehouses[0]
    before, of_goods = cell(desk, house, sku)[0], {"warehouse": house, "sku": sku, "expected_at": format_utc(now)}
    announced = {"kind": "receipt_announced", "units": MAX_UNITS, **of_goods}
    tell(desk, now, *({**announced, "receipt": receipt} for receipt in ("first", "second")))
    arrived = {"kind": "receipt_arrived", "receipt": "first", "units": MAX_UNITS - before}
    tell(desk, now + 1, arrived)
    assert cell(desk, house, sku)[0] == MAX_UNITS
    expected = rf"\.units = 1: expected at most {MAX_UNITS} units of {sku} at {house}, where {MAX_UNITS} are\. Correct"
    with pytest.raises(InputError, match=expected):
        tell(desk, now + 2, {**arrived, "receipt": "second", "units": 1})
    assert cell(desk, house, sku)[0] == MAX_UNITS
    answer = ask(desk, order)
    with desk.database.reading() as tx:
        record = read_record(tx, find_decision(tx, answer["decision_id"]))
    assert record.replay(desk.service).is_same
    tell(desk, now + 3, {**arrived, "receipt": "second", "units": 0})  # it was still to come


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


def interrupted(desk: Desk, now: int) -> dict[tuple[str, str], int]:
    """Seconds after ``now`` at which services collect again at warehouses."""
    with desk.database.reading() as tx:
        return {(row.warehouse, row.service): row.until - now for row in tx.execute(select(tables.interruptions))}


def test_an_outage_of_many_does_not_shorten_what_was_told_of_some_of_them(desk: Desk) -> None:
    (house, other, *_), (service, *_) = desk.known.names.warehouses, desk.known.names.services
    day, now = DAY_SECONDS, desk.known.epoch

    def outage(at: int, until: int, **names: str) -> None:
        tell(desk, now + at, {"kind": "outage", "until": format_utc(now + until), **names})

    outage(0, 5 * day, service=service)
    outage(1, day, warehouse=house)
    found = interrupted(desk, now)
    everywhere, there = desk.known.names.warehouses, desk.known.names.services
    wanted = {(house, name): day for name in there} | {(name, service): 5 * day for name in everywhere}
    assert found == wanted
    outage(2, 2 * day)
    assert interrupted(desk, now) == {(w, s): 5 * day if s == service else 2 * day for w in everywhere for s in there}
    outage(3, day, service=service, warehouse=house)  # one that is named may end before
    assert (interrupted(desk, now)[house, service], interrupted(desk, now)[other, service]) == (day, 5 * day)
    outage(4, 6 * day, warehouse=house)
    assert {interrupted(desk, now)[house, name] for name in there} == {6 * day}
    outage(5, 5, service=service)  # it is over, everywhere
    assert {seconds for (_, name), seconds in interrupted(desk, now).items() if name == service} == {5}
    outage(6, 6, warehouse=other)
    assert {seconds for (name, _), seconds in interrupted(desk, now).items() if name == other} == {6}
    outage(7, 7)
    assert set(interrupted(desk, now).values()) == {7}


def test_the_end_of_an_outage_breaks_no_plan(desk: Desk, make_request: Request) -> None:
    """Not even of a parcel that has missed its collection."""
    order = order_of(make_request, "one")
    parcel = ask(desk, order)["plan"]["parcels"][0]
    passed = parse_utc("t", parcel["collection_at"]) + 1
    tell(desk, passed, {"kind": "outage", "until": format_utc(passed)})
    assert tasks_at(desk, passed) == []


def closed(desk: Desk, now: int) -> None:
    """Tells that nothing is collected anywhere for five days."""
    retried(lambda: tell(desk, now, {"kind": "outage", "until": format_utc(now + 5 * DAY_SECONDS)}))


def all_come(desk: Desk) -> bool:
    """Whether every parcel in a pick queue waits for a collection that comes."""
    parcel, row = tables.parcels.c, tables.interruptions.c
    pair = (row.warehouse == parcel.warehouse, row.service == parcel.service)
    query = select(parcel.id).join(tables.interruptions, and_(*pair)).where(parcel.stage == "queued")
    with desk.database.reading() as tx:
        return tx.execute(query.where(parcel.collection_at < row.until)).first() is None


def test_an_outage_between_a_decision_and_its_keeping_is_minded(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_of(make_request, "one")
    now, write = parse_utc("t", order["placed_at"]), desk.database.write

    def late(act: Callable[[Connection], None]) -> None:
        monkeypatch.undo()
        closed(desk, now)
        write(act)

    monkeypatch.setattr(desk.database, "write", late)
    plan = ask(desk, order)["plan"]
    assert all(parse_utc("t", row["collection_at"]) >= now + 5 * DAY_SECONDS for row in plan["parcels"])
    assert all_come(desk)


def test_an_outage_that_lasts_longer_than_the_calendar_is_no_contention(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order["placed_at"])
    tell(desk, now, {"kind": "outage", "until": format_utc(now + 300 * DAY_SECONDS)})
    assert ask(desk, order)["plan"]["parcels"]


def test_an_outage_waits_for_a_decision_that_is_being_kept(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order["placed_at"])
    with ThreadPoolExecutor(1) as pool:
        telling: list[Future[None]] = []

        def slowly(*args: Any) -> None:
            telling.append(pool.submit(closed, desk, now))
            time.sleep(0.3)
            write_parcels(*args)

        monkeypatch.setattr("serve.decisions.keeping.write_parcels", slowly)
        ask(desk, order)
        telling[0].result()
    assert tasks_at(desk, now) == [("plan_broke", "one")]
    assert all_come(desk)


def test_a_decision_waits_for_an_outage_that_is_being_told(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order["placed_at"])
    until = {"id": "o", "kind": "outage", "at": format_utc(now), "until": format_utc(now + 5 * DAY_SECONDS)}
    event = EventBatch.model_validate({"events": [until]}).events[0]
    with ThreadPoolExecutor(1) as pool:
        with desk.database.writing() as tx:
            Happened(tx, desk.known, "events[0]").apply(event, now, now)
            deciding = pool.submit(ask, desk, order)
            time.sleep(0.3)
        assert deciding.result()["plan"]["parcels"]
    assert all_come(desk)


def test_an_outage_while_a_parcel_is_released_is_minded(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order["placed_at"])
    ask(desk, order, confirm=True)
    parcel = tables.parcels.c
    with desk.database.writing() as tx:  # as if it had a presale date
        changes = Changes()
        for found in find_parcels(tx, parcel.stage == "queued"):
            changes.queue(found.warehouse, -1, -found.pick_seconds)
            give_room_back(changes, found)
        changes.make(tx)
        tx.execute(update(tables.parcels).values(stage="later", release_at=now + 60, is_booked=False))
    with ThreadPoolExecutor(1) as pool:
        telling: list[Future[None]] = []

        def slowly(*args: Any) -> None:
            release(*args)
            if not telling:
                telling.append(pool.submit(closed, desk, now + 60))
                time.sleep(0.3)

        monkeypatch.setattr("serve.orders.keeper.release", slowly)
        desk.keep_until(now + 60)
        telling[0].result()
    assert all_come(desk)
    desk.keep_until(now + 61)
    assert total(desk, tables.stations.c.num_queued) == total(desk, tables.bookings.c.booked_parcels)


def collection_of(parcel: dict[str, Any]) -> dict[str, Any]:
    return {name: parcel[name] for name in ("warehouse", "service", "collection_at")}


def limited(parcel: dict[str, Any], capacity: int) -> dict[str, Any]:
    """The carrier says how much the collection of a parcel takes."""
    return {"kind": "capacity", **collection_of(parcel), "capacity_parcels": capacity}


def test_a_capacity_breaks_what_was_booked_last_and_lets_nobody_else_on(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "x")
    order["lines"], now = [{**order["lines"][0], "units": 1}], parse_utc("t", order["placed_at"])
    answers = [ask(desk, {**order, "id": f"x{i}"}, at=now + i) for i in range(3)]
    first = answers[0]["plan"]["parcels"][0]
    truck = collection_of(first)
    assert {str(collection_of(answer["plan"]["parcels"][0])) for answer in answers} == {str(truck)}
    tell(desk, now + 10, limited(first, 3))
    assert tasks_at(desk, now + 10) == []
    tell(desk, now + 20, {"kind": "pick_started", "parcel": first["id"]}, limited(first, 2))
    assert tasks_at(desk, now + 20) == [("plan_broke", "x2")]
    tell(desk, now + 30, limited(first, 0))
    assert sorted(tasks_at(desk, now + 30)) == [("plan_broke", "x1"), ("plan_broke", "x2")]  # what is picked stays
    assert (breaks_at(desk, now + 20), breaks_at(desk, now + 30)) == ({"capacity": 1}, {"capacity": 1})
    assert total(desk, tables.bookings.c.booked_parcels) == 1
    answers += [ask_again(desk, name, now + 40) for name in ("x1", "x2")]
    answers.append(ask(desk, {**order, "id": "y"}, at=now + 41))
    assert truck not in [collection_of(answer["plan"]["parcels"][0]) for answer in answers[3:]]
    restarted = load_desk(desk.service, desk.database, desk.settings)
    answers.append(ask(restarted, {**order, "id": "restarted"}, at=now + 42))
    assert truck != collection_of(answers[-1]["plan"]["parcels"][0])
    tell(desk, now + 50, limited(first, 2))
    answers += [ask(desk, {**order, "id": f"z{i}"}, at=now + 51 + i) for i in range(2)]
    assert [truck == collection_of(answer["plan"]["parcels"][0]) for answer in answers[-2:]] == [True, False]
    with desk.database.reading() as tx:
        records = [read_record(tx, find_decision(tx, answer["decision_id"])) for answer in answers]
        assert all(record.replay(desk.service).is_same for record in records)
        assert list(complaints(tx)) == []
    # the record holds what was used
    told = [row for row in records[-1].case["snapshot"]["bookings"] if row["capacity_parcels"] is not None]
    assert told == [{**truck, "booked_parcels": 2, "capacity_parcels": 2}]
    passed = ask(desk, {**order, "id": "next"}, at=parse_utc("t", truck["collection_at"]) + 1)
    with desk.database.reading() as tx:
        rows = read_record(tx, find_decision(tx, passed["decision_id"])).case["snapshot"]["bookings"]
    assert [row for row in rows if row["capacity_parcels"] is not None] == []


def test_more_room_than_the_scenario_has(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "x")
    order["lines"], now = [{**order["lines"][0], "units": 1}], parse_utc("t", order["placed_at"])
    parcel = ask(desk, order)["plan"]["parcels"][0]
    usual = 10**6
    with desk.database.writing() as tx:
        tx.execute(update(tables.bookings).values(booked_parcels=usual))
    assert collection_of(ask(desk, {**order, "id": "y"})["plan"]["parcels"][0]) != collection_of(parcel)
    tell(desk, now, limited(parcel, usual + 1))
    aboard = [collection_of(ask(desk, {**order, "id": f"z{i}"})["plan"]["parcels"][0]) for i in range(2)]
    assert [row == collection_of(parcel) for row in aboard] == [True, False]


def test_what_is_released_finds_room_as_the_carrier_says(desk: Desk, make_request: Request) -> None:
    order, sku, house, now = sold_out(desk, make_request)
    for i in range(2):
        truck = {"kind": "receipt_announced", "receipt": f"truck-{i}", "warehouse": house, "sku": sku, "units": 2}
        tell(desk, now + i, {**truck, "expected_at": format_utc(now + 7200)})
    parcels = [ask(desk, {**order, "id": f"x{i}"}, at=now + 10)["plan"]["parcels"][0] for i in range(2)]
    assert {parcel["service"] for parcel in parcels} == {parcels[0]["service"]}
    tell(desk, now + 7200, {"kind": "receipt_arrived", "receipt": parcels[0]["receipt"]["id"], "units": 2})
    row = tables.parcels.c

    def booked(parcel: dict[str, Any]) -> tuple[int, bool]:
        with desk.database.reading() as tx:
            return tuple(tx.execute(select(row.collection_at, row.is_booked).where(row.id == parcel["id"])).one())  # type: ignore[return-value]

    at, is_booked = booked(parcels[0])
    room, truck = tables.bookings.c, {**parcels[0], "collection_at": format_utc(at)}
    with desk.database.reading() as tx:
        there = (room.collection_at == at, room.warehouse == house, room.service == truck["service"])
        num_booked = tx.execute(select(room.booked_parcels).where(*there)).scalar_one()
    assert is_booked
    tell(desk, now + 7201, limited(truck, num_booked))
    tell(desk, now + 7202, {"kind": "receipt_arrived", "receipt": parcels[1]["receipt"]["id"], "units": 2})
    assert booked(parcels[0]) == (at, True)
    assert booked(parcels[1])[0] > at


def test_a_capacity_that_falls_while_others_decide(desk: Desk, make_request: Request) -> None:
    """Whoever comes first: in the end nobody waits for a collection that will not take him."""
    order = order_of(make_request, "x")
    order["lines"], now = [{**order["lines"][0], "units": 1}], parse_utc("t", order["placed_at"])
    first = ask(desk, order)["plan"]["parcels"][0]

    def fall() -> None:
        for capacity in (6, 4, 2, 1):
            retried(lambda room=capacity: tell(desk, now + 10 - room, limited(first, room)))  # type: ignore[misc]

    with ThreadPoolExecutor(5) as pool:
        falling = pool.submit(fall)
        answers = list(pool.map(lambda i: ask(desk, {**order, "id": f"x{i}"}), range(12)))
        falling.result()
    assert len(answers) == 12
    row, at = tables.bookings.c, parse_utc("t", first["collection_at"])
    place = (row.warehouse == first["warehouse"], row.service == first["service"], row.collection_at == at)
    with desk.database.reading() as tx:
        assert tx.execute(select(row.booked_parcels, row.capacity_parcels).where(*place)).one() == (1, 1)


def test_a_booking_just_before_the_carriers_word_is_seen(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_of(make_request, "x")
    order["lines"], now = [{**order["lines"][0], "units": 1}], parse_utc("t", order["placed_at"])
    parcel = ask(desk, order)["plan"]["parcels"][0]
    make = Changes.make

    def late(changes: Changes, tx: Connection) -> None:
        monkeypatch.undo()
        make(changes, tx)
        tx.execute(update(tables.bookings).values(booked_parcels=tables.bookings.c.booked_parcels + 1))

    monkeypatch.setattr(Changes, "make", late)
    with pytest.raises(Taken, match=parcel["service"]):
        tell(desk, now, limited(parcel, 1))
    tell(desk, now, limited(parcel, 1))


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
        count_stock(tx, desk.known, counted, parse_utc("at", counted.at))
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


CAPACITY = {"kind": "capacity", "warehouse": "some", "service": "any", "collection_at": "2025-03-03T12:00:00Z",
            "capacity_parcels": 3}  # fmt: skip


@pytest.mark.parametrize(
    ("event", "key"),
    [
        ({"kind": "pick_started", "parcel": "none"}, "parcel"),
        ({"kind": "receipt_arrived", "receipt": "none", "units": 1}, "receipt"),
        ({"kind": "outage", "service": "none", "until": "2025-03-03T00:00:00Z"}, "service"),
        ({"kind": "outage", "service": "any", "until": "2199-03-03T00:00:00Z"}, "until"),
        ({**CAPACITY, "warehouse": "none"}, "warehouse"),
        ({**CAPACITY, "service": "none"}, "service"),
        ({**CAPACITY, "collection_at": "2025-03-03T03:33:33Z"}, "collection_at.*The nearest is 2025-03-03"),
        ({**CAPACITY, "collection_at": "2025-03-01T12:00:00Z"}, "collection_at.*The nearest is 2025-03-03"),
        ({**CAPACITY, "collection_at": "2025-09-03T12:00:00Z"}, "collection_at.*The nearest is 2025-0[34]"),
        ({**CAPACITY, "at": "2400-03-03T12:00:00Z"}, "at"),
    ],
)
def test_events_that_do_not_fit_are_refused_by_their_field(desk: Desk, event: dict[str, Any], key: str) -> None:
    names = {"any": desk.known.names.services[0], "some": desk.known.names.warehouses[0]}
    event = {name: names.get(value, value) for name, value in event.items()}
    with pytest.raises(InputError, match=rf"events\[0\]\.{key}"):
        tell(desk, parse_utc("t", "2025-03-02T00:00:00Z"), event)


def test_a_sku_that_the_order_does_not_have_is_not_cancelled(desk: Desk, make_request: Request) -> None:
    """Nothing of such a batch is kept, and its ids can be sent again."""
    order = order_of(make_request, "one")
    ask(desk, order)
    now, known = parse_utc("t", order["placed_at"]), [line["sku"] for line in order["lines"]]
    other = next(sku for sku in desk.known.names.skus if sku not in known)
    right = {"kind": "cancelled", "order": "one", "skus": known[:1]}
    for wrong in (other, "item-0O2"):
        with pytest.raises(InputError, match=rf"events\[0\]\.skus\[1\].*{wrong}.*a SKU of order one"):
            tell(desk, now + 60, right, {**right, "skus": [known[0], wrong]})
    with pytest.raises(ValidationError, match="at least 1 item"):
        tell(desk, now + 60, {**right, "skus": []})
    with pytest.raises(InputError, match=r"events\[0\]\.order"):
        tell(desk, now + 60, {**right, "order": "none"})
    with desk.database.reading() as tx:
        assert describe_order(tx, "one").cancelled_lines == []
    for i in range(2):  # twice is fine
        tell(desk, now + 60 + i, right)
    with desk.database.reading() as tx:
        assert describe_order(tx, "one").cancelled_lines == known[:1]


@pytest.mark.parametrize("early", [0, DAY_SECONDS])
def test_nothing_happens_to_a_parcel_before_what_happened_last(desk: Desk, make_request: Request, early: int) -> None:
    """Told of an earlier second, by a clock that is behind say, it counts as of that one."""
    order = order_of(make_request, "one")
    answer, now = ask(desk, order), parse_utc("t", order["placed_at"])
    first, second = (parcel["id"] for parcel in answer["plan"]["parcels"])
    seconds = {"pick_started": now, "pick_finished": now + 300, "handed_over": now + 900, "delivered": now + 9000}
    for parcel, kinds in ((first, list(seconds)), (second, ["pick_started", "delivered"])):
        for kind in kinds:
            tell(desk, seconds[kind] - early, {"kind": kind, "parcel": parcel})
            row = tables.picks.c
            if kind == "pick_started":
                with desk.database.reading() as tx:
                    pick = tx.execute(select(row.expected_finish_at).where(row.parcel_id == parcel)).scalar_one()
                assert pick > now
        seconds = {kind: at + 1 for kind, at in seconds.items()}  # with other ids
    with desk.database.reading() as tx:
        report = make_report(tx, now - DAY_SECONDS, now + DAY_SECONDS)
        row = tables.parcels.c
        times = tx.execute(select(row.queued_at, row.picked_at, row.packed_at, row.departed_at, row.delivered_at)).all()
    assert all(delay.mean_seconds is None or delay.mean_seconds >= 0 for delay in report.delays)
    for told in times:
        known = [at for at in told if at is not None]
        assert known == sorted(known)
    if early:
        assert {tuple(told) for told in times} == {(now, now, now, now, now), (now, now, None, now, now)}


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
