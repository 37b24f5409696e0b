"""Decisions from what the database knows: what they take, give back, repeat and leave on record."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, event, func, select, update

import serve.decisions.desk
from scenarios.errors import InputError
from scenarios.local_time import parse_utc
from serve.audit.log import complaints
from serve.decisions.asked import Asked
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.moment import read_moment
from serve.decisions.plan_writer import to_json
from serve.decisions.record import find_decision, read_record
from serve.decisions.request import DecisionRequest, RedecisionRequest
from serve.orders.changes import Changes, Taken
from serve.orders.ending import Ending, cancel_order
from serve.orders.order import Conflict, confirm_order, describe_order
from serve.orders.tasks import lease_tasks
from serve.shop_clock import FAST_CLOCK_SECONDS
from serve.storage import tables
from serve.storage.retry import Contended

Request = Callable[..., dict[str, Any]]


def order_of(make_request: Request, order_id: str, **changes: Any) -> dict[str, Any]:
    """The order of a golden case under another id."""
    return {**make_request()["order"], "id": order_id, **changes}


def ask(desk: Desk, order: dict[str, Any], key: str | None = None, **options: Any) -> dict[str, Any]:
    now = options.pop("at", parse_utc("t", order["placed_at"]))
    request = DecisionRequest.model_validate({"order": order, **options})
    return json.loads(desk.decide(Asked(request, "tester", key, time.perf_counter(), now))[0])


def ask_again(desk: Desk, order_id: str, now: int, **options: Any) -> dict[str, Any]:
    request = RedecisionRequest.model_validate(options)
    return json.loads(desk.decide(Asked(request, "tester", None, time.perf_counter(), now, order_id))[0])


def change(desk: Desk, act: Callable[..., None]) -> None:
    with desk.database.writing() as tx:
        changes = Changes()
        act(tx, changes)
        changes.make(tx)


def allocated(desk: Desk) -> dict[tuple[str, str], int]:
    """Units taken, where any are."""
    row = tables.stock.c
    query = select(row.warehouse, row.sku, row.allocated_units).where(row.allocated_units > 0)
    with desk.database.reading() as tx:
        return {(warehouse, sku): units for warehouse, sku, units in tx.execute(query)}


def total(desk: Desk, column: Any) -> int:
    with desk.database.reading() as tx:
        return int(tx.execute(select(func.coalesce(func.sum(column), 0))).scalar_one())


def sent(answer: dict[str, Any]) -> dict[tuple[str, str], int]:
    """Units that a plan takes."""
    return {
        (parcel["warehouse"], line["sku"]): line["units"]
        for parcel in answer["plan"]["parcels"]
        for line in parcel["lines"]
    }


def test_a_decision_takes_stock_room_and_a_place_in_the_queue(desk: Desk, make_request: Request) -> None:
    answer = ask(desk, order_of(make_request, "one"))
    assert (answer["stage"], answer["plan"]["kind"]) == ("policy", "ship")
    assert allocated(desk) == sent(answer)
    assert total(desk, tables.bookings.c.booked_parcels) == len(answer["plan"]["parcels"])
    assert total(desk, tables.stations.c.num_queued) == len(answer["plan"]["parcels"])
    assert total(desk, tables.stations.c.queued_seconds) > 0
    assert answer["reservation"]["state"] == "reserved"
    assert [parcel["id"] for parcel in answer["plan"]["parcels"]] == [
        f"{answer['decision_id']}-{i}" for i in range(1, len(answer["plan"]["parcels"]) + 1)
    ]


def test_the_same_as_from_a_snapshot(desk: Desk, make_request: Request) -> None:
    """What the database knows, sent along by the caller, is decided the same."""
    order = order_of(make_request, "one")
    stored = ask(desk, order)
    with desk.database.reading() as tx:
        record = read_record(tx, find_decision(tx, stored["decision_id"]))
    told = json.loads(to_json(desk.service.decide(DecisionRequest.model_validate(record.case))))
    for answer in (stored, told):
        for field in ("decision_id", "latency_ms", "reservation"):
            answer.pop(field)
        for parcel in answer["plan"]["parcels"]:
            parcel.pop("id")
    assert stored == told


def test_a_snapshot_of_ones_own_takes_nothing_but_is_on_record(desk: Desk, make_request: Request) -> None:
    document = make_request()
    answer = ask(desk, document["order"], snapshot=document["snapshot"])
    assert (answer["stage"], answer["reservation"], answer["plan"]["parcels"][0]["id"]) == ("policy", None, None)
    assert allocated(desk) == {}
    with desk.database.reading() as tx:
        assert read_record(tx, find_decision(tx, answer["decision_id"])).replay(desk.service).is_same


def test_an_order_is_decided_once(desk: Desk, make_request: Request) -> None:
    ask(desk, order_of(make_request, "one"))
    with pytest.raises(Conflict, match=r"order\.id"):
        ask(desk, order_of(make_request, "one"))


def test_cancelling_gives_everything_back(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    ask(desk, order)
    for _ in range(2):
        change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("one", 0)))
    assert allocated(desk) == {}
    assert total(desk, tables.bookings.c.booked_parcels) == 0
    assert total(desk, tables.stations.c.num_queued) == total(desk, tables.stations.c.queued_seconds) == 0
    with desk.database.reading() as tx:
        answer = describe_order(tx, "one")
    assert (answer.state, answer.cancelled_lines) == ("cancelled", [line["sku"] for line in order["lines"]])
    with pytest.raises(Conflict):
        ask_again(desk, "one", 0)


def test_a_reservation_expires_unless_confirmed(desk: Desk, make_request: Request) -> None:
    kept, lost = order_of(make_request, "kept"), order_of(make_request, "lost")
    answer = ask(desk, kept)
    ask(desk, lost)
    change(desk, lambda tx, changes: confirm_order(tx, "kept"))
    end = parse_utc("t", answer["reservation"]["expires_at"])
    desk.keep_until(end - 1)
    both = allocated(desk)
    desk.keep_until(end)
    assert allocated(desk) == sent(answer)
    assert sum(both.values()) == 2 * sum(allocated(desk).values())
    with desk.database.writing() as tx:
        states = [describe_order(tx, name).state for name in ("kept", "lost")]
        tasks = lease_tasks(tx, end, 10, 60)
    assert states == ["confirmed", "expired"]
    assert [(task.kind, task.order_id) for task in tasks] == [("reservation_expired", "lost")]
    with pytest.raises(Conflict):
        change(desk, lambda tx, changes: confirm_order(tx, "lost"))
    again = ask_again(desk, "lost", end, confirm=True)
    assert again["reservation"] == {"state": "confirmed", "expires_at": None}
    with desk.database.writing() as tx:
        assert describe_order(tx, "lost").open_lines == []
        assert lease_tasks(tx, end + 3600, 10, 60) == []  # deciding again has done it


def test_stock_never_goes_below_zero_and_the_rest_goes_to_a_person(desk: Desk, make_request: Request) -> None:
    line = make_request()["order"]["lines"][0]
    order = order_of(make_request, "x", lines=[{**line, "units": 1}])
    with desk.database.writing() as tx:
        row = tables.stock.c
        tx.execute(update(tables.stock).where(row.sku == line["sku"]).values(on_hand_units=1, reference_units=1))
    num_units = total(desk, tables.stations.c.num_open * 0 + 1)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda i: ask(desk, {**order, "id": f"x{i}"}), range(num_units + 4)))
    taken = [answer for answer in answers if answer["plan"] is not None]
    assert len(taken) == sum(allocated(desk).values()) <= num_units
    assert {answer["stage"] for answer in answers if answer["plan"] is None} == {"review"}
    assert all(units == 1 for units in allocated(desk).values())


def test_the_same_key_gets_the_same_bytes_once(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    request = DecisionRequest.model_validate({"order": order})
    asked = Asked(request, "tester", "key", 0.0, parse_utc("t", order["placed_at"]))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.decide(asked), range(100)))
    assert len({content for content, _ in answers}) == 1
    assert [is_repeated for _, is_repeated in answers].count(False) == 1
    assert allocated(desk) == sent(json.loads(answers[0][0]))
    with desk.database.reading() as tx:
        assert tx.execute(select(func.count()).select_from(tables.decisions)).scalar() == 1
    other = Asked(request.model_copy(update={"confirm": True}), "tester", "key", 0.0, asked.now)
    with pytest.raises(InputError, match="Idempotency-Key"):
        desk.decide(other)


def test_every_record_replays_bit_for_bit(desk: Desk, make_request: Request) -> None:
    answers = [ask(desk, order_of(make_request, f"o{i}"), max_alternatives=i) for i in range(4)]
    desk.service.chain._model.call = lambda *_: 1 / 0  # type: ignore[method-assign,assignment]
    try:
        answers.append(ask(desk, order_of(make_request, "broken")))
    finally:
        del desk.service.chain._model.call
    assert [answer["stage"] for answer in answers] == ["policy"] * 4 + ["heuristic"]
    with desk.database.reading() as tx:
        for answer in answers:
            again = read_record(tx, find_decision(tx, answer["decision_id"])).replay(desk.service)
            assert again.is_same
            assert json.loads(again.answer.model_dump_json()) == answer
        assert list(complaints(tx)) == []


def test_a_changed_model_does_not_replay_the_same(desk: Desk, make_request: Request, agent: Any) -> None:
    answer = ask(desk, order_of(make_request, "one"))
    agent.scores = lambda features, context: -desk.service.chain._agent.scores(features, context)
    other = type(desk.service)(agent, 30.0)
    with desk.database.reading() as tx:
        assert not read_record(tx, find_decision(tx, answer["decision_id"])).replay(other).is_same


def test_orders_count_as_demand_once(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer = ask(desk, order)
    end = parse_utc("t", answer["reservation"]["expires_at"])
    desk.keep_until(end)
    ask_again(desk, "one", end)
    ask(desk, {**order, "id": "two"})
    with desk.database.reading() as tx:
        counts = {(row.kind, row.name): row.total for row in tx.execute(select(tables.demand))}
    units = {("sku", line["sku"]): 2 * line["units"] for line in order["lines"]}
    assert counts == {("all", ""): 2, ("region", order["region"]): 2, **units}


def test_unknown_names_are_refused_by_their_field(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    order["lines"][-1]["sku"] = "nothing"
    with pytest.raises(InputError, match=rf"order\.lines\[{len(order['lines']) - 1}\]\.sku"):
        ask(desk, order)
    with pytest.raises(InputError, match=r"order\.region"):
        ask(desk, order_of(make_request, "one", region="Atlantis"))


def test_time_is_the_requests_only_where_that_is_allowed(desk: Desk) -> None:
    assert desk.now("2025-03-03T00:00:00Z") == parse_utc("t", "2025-03-03T00:00:00Z")
    with pytest.raises(InputError, match="State it"):
        desk.now()
    wall = Desk(desk.service, desk.database, desk.known)
    with pytest.raises(InputError, match="--clock request"):
        wall.now("2025-03-03T00:00:00Z")
    assert abs(wall.now() - time.time()) < 60


def test_a_connection_is_made_before_it_is_ones_turn(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is away fails all who ask at once."""
    seen: list[tuple[str, bool]] = []

    def look(*arguments: Any) -> Any:
        seen.append(("look", desk._deciding.locked()))
        return read_moment(*arguments)

    desk.database.close()  # a connection must be made
    engine = desk.database._kept._engine
    event.listen(engine, "checkout", lambda *_: seen.append(("connection", desk._deciding.locked())))
    monkeypatch.setattr(serve.decisions.desk, "read_moment", look)
    ask(desk, order_of(make_request, "one"))
    assert seen[:2] == [("connection", False), ("look", True)]
    assert not desk._deciding.locked()


def test_nobody_waits_for_ever_for_others_who_decide(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.decisions.desk.TURN_SECONDS", 0.05)
    with desk._deciding, pytest.raises(Contended, match="others decided within"):
        ask(desk, order_of(make_request, "one"))
    assert ask(desk, order_of(make_request, "one"))["plan"]


def num_refused() -> float:
    return REGISTRY.get_sample_value("routelab_refused_total", {"limit": "turn"}) or 0.0


@pytest.mark.parametrize("deadline_ms", [0.001, 100.0])
def test_who_cannot_be_answered_in_time_is_told_so_in_time(
    desk: Desk, make_request: Request, deadline_ms: float
) -> None:
    """Nothing is kept, so that it can be sent again, with the same key, too."""
    order, refused_before = order_of(make_request, "one"), num_refused()
    with desk._deciding:
        began = time.perf_counter()
        with pytest.raises(Contended) as refused:
            ask(desk, order, "key", deadline_ms=deadline_ms)
        assert time.perf_counter() - began < serve.decisions.desk.TURN_SECONDS / 2
        assert (refused.value.detail.key, refused.value.detail.value) == ("deadline_ms", deadline_ms)
    assert (allocated(desk), num_refused()) == ({}, refused_before + 1)
    assert ask(desk, order, "key", deadline_ms=60_000)["plan"]


def test_who_comes_after_his_deadline_is_refused_though_it_is_his_turn(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, refused_before = order_of(make_request, "one"), num_refused()
    monkeypatch.setattr("serve.decisions.desk.read_moment", lambda *_: pytest.fail("it was looked at"))
    with pytest.raises(Contended, match="deadline_ms"):
        ask(desk, order, deadline_ms=0.001)
    assert (allocated(desk), num_refused()) == ({}, refused_before + 1)


def test_what_cannot_be_written_in_time_is_not_kept(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn to write may take long, too; a few milliseconds are forgiven."""
    order, refused_before, write = order_of(make_request, "one"), num_refused(), desk.database.write

    def late(act: Callable[[Connection], object]) -> object:
        time.sleep(0.5)
        return write(act)

    with monkeypatch.context() as patch:
        patch.setattr(desk.database, "write", late)
        with pytest.raises(Contended) as refused:
            ask(desk, order, "key", deadline_ms=450.0)
    assert (refused.value.detail.key, refused.value.detail.value) == ("deadline_ms", 450.0)
    assert (allocated(desk), num_refused()) == ({}, refused_before + 1)
    monkeypatch.setattr(desk.database, "write", late)
    monkeypatch.setattr(serve.decisions.desk, "GRACE_SECONDS", 60.0)
    assert ask(desk, order, "key", deadline_ms=450.0)["plan"]


@pytest.mark.parametrize("is_locked", [False, True], ids=["late at once", "late while others decide"])
def test_what_made_it_late_is_the_reason(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    """Goods that were gone, and not those whose turn it is until the deadline is over."""
    order, refused_before, deadline_ms = order_of(make_request, "one"), num_refused(), 500.0

    def gone(*_: object) -> None:
        if is_locked:
            desk._deciding.acquire()
        else:
            time.sleep(deadline_ms / 1000)
        raise Taken("the units of sku-1")

    monkeypatch.setattr(desk.database, "write", gone)
    with pytest.raises(Contended) as refused:
        ask(desk, order, deadline_ms=deadline_ms)
    assert (refused.value.detail.key, refused.value.detail.value) == ("stock", "the units of sku-1")
    assert num_refused() == refused_before


def test_who_waits_for_others_within_his_deadline_is_decided(desk: Desk, make_request: Request) -> None:
    desk._deciding.acquire()
    threading.Timer(0.2, desk._deciding.release).start()
    assert ask(desk, order_of(make_request, "one"), deadline_ms=60_000)["stage"] == "policy"


def test_what_is_kept_is_answered_even_if_it_cannot_be_counted(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(desk.monitor.lately, "add", fail)
    assert ask(desk, order_of(make_request, "one"))["decision_id"]
    assert "a decision was not counted: ZeroDivisionError" in caplog.text


def test_a_shop_whose_clock_is_a_little_ahead_is_served(desk: Desk, make_request: Request) -> None:
    """On the wall's clock alone: a request that states its time knows it."""
    wall = Desk(desk.service, desk.database, desk.known, DeskSettings())
    order = order_of(make_request, "one")
    at = parse_utc("t", order["placed_at"])
    with pytest.raises(InputError, match="placed_at"):
        ask(desk, order, at=at - 1)
    with pytest.raises(InputError, match="placed_at"):
        ask(wall, order, at=at - FAST_CLOCK_SECONDS - 1)
    answers = [ask(wall, order, key="k", at=at - FAST_CLOCK_SECONDS) for _ in range(2)]
    assert answers[0] == answers[1]
    ask(wall, {**order, "id": "two"}, at=at - 1)
    row = tables.orders.c
    with desk.database.reading() as tx:
        documents = tx.execute(select(row.document).order_by(row.id)).scalars().all()
    placed = [parse_utc("t", json.loads(document)["placed_at"]) for document in documents]
    assert placed == [at - FAST_CLOCK_SECONDS, at - 1]
