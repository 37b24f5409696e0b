"""What is kept, over HTTP: decisions, orders, tasks, events and counts, once each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from scenarios.local_time import DAY_SECONDS, format_utc, parse_utc
from serve.app import create_app
from serve.audit.log import complaints
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.record import OF_THE_MOMENT
from serve.decisions.service import DecisionService
from serve.orders.order import LineState
from serve.orders.tasks import add_task
from serve.shop_clock import FAST_CLOCK_SECONDS
from serve.storage import tables
from tests.serve.decisions.test_desk import allocated, order_of, sent
from tests.serve.test_app import check_error, wait_until_ready

Request = Callable[..., dict[str, Any]]


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(client)
        yield client


def asked(make_request: Request, order_id: str = "one", **options: Any) -> dict[str, Any]:
    order = order_of(make_request, order_id)
    return {"order": order, "now": order["placed_at"], **options}


def test_an_order_from_decision_to_delivery(client: TestClient, desk: Desk, make_request: Request) -> None:
    request = asked(make_request)
    answer = client.post("/v1/decisions", json=request)
    assert answer.status_code == 200
    body, now = answer.json(), parse_utc("t", request["now"])
    assert client.get(f"/v1/decisions/{body['decision_id']}").content == answer.content
    again = client.post(f"/v1/decisions/{body['decision_id']}/replay").json()
    assert again == {"is_same": True, "taken_as_recorded": list(OF_THE_MOMENT), "answer": body}
    assert client.post("/v1/orders/one/confirm").json()["state"] == "confirmed"
    kinds = ("pick_started", "pick_finished", "handed_over", "delivered")
    events = [
        {"id": f"{kind} {parcel['id']}", "kind": kind, "at": format_utc(now + 60 * i), "parcel": parcel["id"]}
        for parcel in body["plan"]["parcels"]
        for i, kind in enumerate(kinds)
    ]
    for applied in (len(events), 0):
        told = client.post("/v1/events", json={"events": events})
        assert told.json() == {"applied": applied, "known": len(events) - applied}
    assert allocated(desk) == {}
    told = client.get("/v1/orders/one").json()
    assert told["delivered_lines"] == [line["sku"] for line in request["order"]["lines"]]
    assert [told[f"{state}_lines"] for state in ("open", "planned", "cancelled", "declined")] == [[]] * 4
    events[0]["at"] = format_utc(now + 7)
    assert check_error(client.post("/v1/events", json={"events": events}))["key"] == "events[0].id"
    events[0]["kind"] = "nothing"
    assert check_error(client.post("/v1/events", json={"events": events}))["key"] == "events[0].kind"
    del events[0]["kind"]
    assert check_error(client.post("/v1/events", json={"events": events}))["key"] == "events[0].kind"


def test_a_record_that_was_altered_is_no_answer(client: TestClient, desk: Desk, make_request: Request) -> None:
    headers, request = {"Idempotency-Key": "k"}, asked(make_request)
    decision = f"/v1/decisions/{client.post('/v1/decisions', json=request, headers=headers).json()['decision_id']}"
    kept = tables.payloads.c
    with desk.database.writing() as tx:
        tx.execute(update(tables.payloads).values(salt=kept.salt.concat(kept.content), content=b""))
    refused = [client.get(decision), client.get(f"{decision}/explain"), client.post(f"{decision}/replay")]
    refused.append(client.post("/v1/decisions", json=request, headers=headers))
    for answer in refused:
        assert answer.status_code == 409
        assert "audit verify" in check_error(answer)["remedy"]


def test_a_carriers_capacity_is_told_once(client: TestClient, desk: Desk, make_request: Request) -> None:
    request = asked(make_request)
    parcel = client.post("/v1/decisions", json=request).json()["plan"]["parcels"][0]
    truck = {name: parcel[name] for name in ("warehouse", "service", "collection_at")}
    event = {"id": "full", "at": request["now"], "kind": "capacity", **truck, "capacity_parcels": 0}
    for applied in (1, 0):
        assert client.post("/v1/events", json={"events": [event]}).json() == {"applied": applied, "known": 1 - applied}
    assert client.get("/v1/orders/one").json()["open_lines"]
    for field, value in (("warehouse", "x"), ("service", "x"), ("collection_at", NOW), ("capacity_parcels", -1)):
        refused = client.post("/v1/events", json={"events": [{**event, "id": "other", field: value}]})
        assert (refused.status_code, check_error(refused)["key"]) == (422, f"events[0].{field}")
    with desk.database.reading() as tx:
        kinds = tx.execute(select(tables.audit.c.kind).order_by(tables.audit.c.seq)).scalars().all()
        assert kinds == ["policy_started", "decided", "events"]
        assert list(complaints(tx)) == []


@pytest.fixture
def wall_clock(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> int:
    """Makes the time that of the wall, and tells it."""
    monkeypatch.setattr(desk, "settings", DeskSettings())
    return int(time.time())


def happening(desk: Desk, parcel: dict[str, Any], at: int) -> dict[str, dict[str, Any]]:
    """An event of each kind that concerns a parcel; its times are right as seen from ``at``."""
    of_parcel, later = {"at": format_utc(at), "parcel": parcel["id"]}, format_utc(at + 7200)
    house, sku = parcel["warehouse"], parcel["lines"][0]["sku"]
    receipt = {"receipt": "truck", "warehouse": house, "sku": sku, "expected_at": later, "units": 5}
    return {
        "pick_started": of_parcel,
        "pick_finished": {**of_parcel, "short": [{"sku": sku, "found_units": 0}]},
        "handed_over": of_parcel,
        "delivered": of_parcel,
        "outage": {"at": format_utc(at), "warehouse": house, "until": later},
        "receipt_announced": {"at": format_utc(at), **receipt},
        "cancelled": {"at": format_utc(at), "order": "one"},
    }


def test_what_is_still_to_come_has_not_happened(
    client: TestClient, desk: Desk, make_request: Request, wall_clock: int
) -> None:
    """A wrong year is refused by its field, so that no decision fails because of it."""
    order = order_of(make_request, "one")
    parcel = client.post("/v1/decisions", json={"order": order}).json()["plan"]["parcels"][0]
    for ahead in (FAST_CLOCK_SECONDS + 60, 2 * 366 * DAY_SECONDS):
        for kind, fields in happening(desk, parcel, wall_clock + ahead).items():
            event = {"id": "early", "kind": kind, **fields}
            told = client.post("/v1/events", json={"events": [event]})
            assert (told.status_code, check_error(told)["key"]) == (422, "events[0].at")
        for path, row in {
            "inventory": {"sku": parcel["lines"][0]["sku"], "on_hand_units": 3},
            "stations": {"num_open": 1, "num_queued": 0, "queued_seconds": 0},
        }.items():
            counted = {"id": "early", "at": format_utc(wall_clock + ahead)}
            told = client.put(f"/v1/{path}", json={**counted, "rows": [{"warehouse": parcel["warehouse"], **row}]})
            assert (told.status_code, check_error(told)["key"]) == (422, "at")
        early = {**order, "id": "early", "placed_at": format_utc(wall_clock + ahead)}
        told = client.post("/v1/decisions", json={"order": early})
        assert (told.status_code, check_error(told)["key"]) == (422, "order.placed_at")
    promised = {"promise_at": format_utc(wall_clock + 7 * DAY_SECONDS)}
    fast = {**order, **promised, "id": "two", "placed_at": format_utc(wall_clock + FAST_CLOCK_SECONDS)}
    assert client.post("/v1/decisions", json={"order": fast}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "column"), [("pick_started", "picked_at"), ("handed_over", "departed_at"), ("delivered", "delivered_at")]
)
def test_what_a_fast_clock_tells_counts_as_happening_now(
    client: TestClient, desk: Desk, make_request: Request, wall_clock: int, kind: str, column: str
) -> None:
    parcel = client.post("/v1/decisions", json={"order": order_of(make_request, "one")}).json()["plan"]["parcels"][0]
    event = {"id": kind, "kind": kind, **happening(desk, parcel, wall_clock + FAST_CLOCK_SECONDS)[kind]}
    assert client.post("/v1/events", json={"events": [event]}).json() == {"applied": 1, "known": 0}
    assert client.post("/v1/events", json={"events": [event]}).json() == {"applied": 0, "known": 1}
    with desk.database.reading() as tx:
        happened_at = tx.execute(select(tables.parcels.c[column]).where(tables.parcels.c.id == parcel["id"])).scalar()
    assert happened_at is not None
    assert wall_clock <= happened_at <= time.time()


@pytest.mark.parametrize("way", ["pick_finished", "outage", "count"])
def test_what_breaks_by_a_fast_clock_is_a_task_at_once(
    client: TestClient, desk: Desk, make_request: Request, wall_clock: int, way: str
) -> None:
    parcel = client.post("/v1/decisions", json={"order": order_of(make_request, "one")}).json()["plan"]["parcels"][0]
    at = wall_clock + FAST_CLOCK_SECONDS
    if way == "count":
        row = {"warehouse": parcel["warehouse"], "sku": parcel["lines"][0]["sku"], "on_hand_units": 0}
        told = client.put("/v1/inventory", json={"id": way, "at": format_utc(at), "rows": [row]})
    else:
        event = {"id": way, "kind": way, **happening(desk, parcel, at)[way], "until": format_utc(at + 20 * DAY_SECONDS)}
        if way == "pick_finished":
            del event["until"]
        told = client.post("/v1/events", json={"events": [event]})
    assert told.status_code == 200
    assert [task["kind"] for task in client.get("/v1/tasks").json()["tasks"]] == ["plan_broke"]


@pytest.mark.parametrize("direction", [1, -1], ids=["ahead", "back"])
@pytest.mark.parametrize("kind", ["pick_started", "outage", "receipt_announced"])
def test_no_time_that_an_event_may_name_hinders_a_decision(
    client: TestClient, desk: Desk, make_request: Request, wall_clock: int, kind: str, direction: int
) -> None:
    """Told by a fast clock, and as far ahead, or back, as it may be."""
    order = order_of(make_request, "one")
    parcel = client.post("/v1/decisions", json={"order": order}).json()["plan"]["parcels"][0]
    field = {"pick_started": "expected_finish_at", "outage": "until", "receipt_announced": "expected_at"}[kind]
    fields = happening(desk, parcel, wall_clock + FAST_CLOCK_SECONDS)[kind]
    for i, days in enumerate((366, 365)):
        farthest = format_utc(int(time.time()) + direction * (days * DAY_SECONDS - 60))
        told = client.post("/v1/events", json={"events": [{"id": str(i), "kind": kind, **fields, field: farthest}]})
        assert told.status_code == (200 if days == 365 else 422)
    assert client.post("/v1/decisions", json={"order": {**order, "id": "two"}}).status_code == 200


def test_no_calendar_of_long_ago_is_made_for_a_capacity(
    client: TestClient, desk: Desk, make_request: Request, wall_clock: int
) -> None:
    """A thousand past days would be a thousand calendars, made in the one writer's turn: a truck of then is refused,
    and what was said then of a truck to come is looked up in a calendar of now."""
    order = order_of(make_request, "one")
    parcel = client.post("/v1/decisions", json={"order": order}).json()["plan"]["parcels"][0]
    collection_at = parse_utc("t", parcel["collection_at"])
    truck = {name: parcel[name] for name in ("warehouse", "service")}
    before = set(desk.known.calendar._windows)
    for days in (14, 700, 7000):
        at = {"at": format_utc(wall_clock - days * DAY_SECONDS), "capacity_parcels": 3}
        gone = {"id": "late", "kind": "capacity", **truck, **at}
        gone["collection_at"] = format_utc(collection_at - days * DAY_SECONDS)
        told = client.post("/v1/events", json={"events": [gone]})
        assert (told.status_code, check_error(told)["key"]) == (422, "events[0].collection_at")
        assert "leave the event out" in check_error(told)["remedy"]
    for days in (0, 14, 400, 7000):
        at = format_utc(wall_clock - days * DAY_SECONDS)
        event = {"id": f"{days} days", "kind": "capacity", "at": at, **truck, "capacity_parcels": 3}
        told = client.post("/v1/events", json={"events": [{**event, "collection_at": parcel["collection_at"]}]})
        assert told.json() == {"applied": 1, "known": 0}
    first = (wall_clock - desk.known.epoch) // DAY_SECONDS - 1
    since = {(start - desk.known.epoch) // DAY_SECONDS for start, _ in set(desk.known.calendar._windows) - before}
    assert all(day >= first for day in since)


def test_the_same_key_a_hundred_times(client: TestClient, desk: Desk, make_request: Request) -> None:
    """All at once."""
    request, number = asked(make_request), 100
    headers, start = {"Idempotency-Key": "key-1"}, threading.Barrier(number)

    def send(_: int) -> Any:
        start.wait()
        return client.post("/v1/decisions", json=request, headers=headers)

    with ThreadPoolExecutor(number) as pool:
        answers = list(pool.map(send, range(number)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("idempotency-replayed") for answer in answers].count(None) == 1
    assert allocated(desk) == sent(answers[0].json())
    with desk.database.reading() as tx:
        assert tx.execute(select(tables.decisions.c.id)).scalars().all() == [answers[0].json()["decision_id"]]
    other = client.post("/v1/decisions", json={**request, "max_alternatives": 1}, headers=headers)
    assert (other.status_code, check_error(other)["key"]) == (422, "header Idempotency-Key")


def test_tasks_lead_to_another_decision(client: TestClient, make_request: Request) -> None:
    request = asked(make_request)
    body = client.post("/v1/decisions", json=request).json()
    now = body["reservation"]["expires_at"]
    tasks = client.get("/v1/tasks", params={"now": now}).json()["tasks"]
    assert [(task["kind"], task["order_id"]) for task in tasks] == [("reservation_expired", "one")]
    again = client.post("/v1/orders/one/redecide", json={"now": now, "confirm": True})
    assert again.json()["reservation"]["state"] == "confirmed"
    path = f"/v1/tasks/{tasks[0]['task_id']}/acknowledge?now={now}"
    done = client.post(path, json={"lease": tasks[0]["lease"]})
    assert (done.status_code, done.content) == (204, b"")
    other = client.post(path, json={"lease": "another's"})
    assert check_error(other)["key"] == "task"
    cancelled = client.post("/v1/orders/one/cancel", params={"now": now}).json()
    assert (cancelled["state"], cancelled["planned_lines"]) == ("cancelled", [])


def done_at(desk: Desk) -> int | None:
    """Since when the only task is done, UTC seconds."""
    with desk.database.reading() as tx:
        return tx.execute(select(tables.tasks.c.done_at)).scalar_one()


def test_a_task_stays_done_since_it_was_done_first(client: TestClient, desk: Desk, make_request: Request) -> None:
    now = parse_utc("t", client.post("/v1/decisions", json=asked(make_request)).json()["reservation"]["expires_at"])
    (task,) = client.get("/v1/tasks", params={"now": format_utc(now)}).json()["tasks"]
    path, held = f"/v1/tasks/{task['task_id']}/acknowledge", {"lease": task["lease"]}
    for at in (now + 5, now + 90):
        assert client.post(path, params={"now": format_utc(at)}, json=held).status_code == 204
        assert done_at(desk) == now + 5


def test_deciding_an_order_ends_its_task_and_acknowledging_it_later_changes_nothing(
    client: TestClient, desk: Desk, make_request: Request
) -> None:
    now = parse_utc("t", client.post("/v1/decisions", json=asked(make_request)).json()["reservation"]["expires_at"])
    (task,) = client.get("/v1/tasks", params={"now": format_utc(now)}).json()["tasks"]
    client.post("/v1/orders/one/redecide", json={"now": format_utc(now + 5)})
    path, later = f"/v1/tasks/{task['task_id']}/acknowledge", {"now": format_utc(now + 90)}
    assert client.post(path, params=later, json={"lease": task["lease"]}).status_code == 204
    assert done_at(desk) == now + 5


def test_tasks_are_leased_and_done_by_the_wall_s_clock(client: TestClient, desk: Desk, wall_clock: int) -> None:
    with desk.database.writing() as tx:
        add_task(tx, "plan_broke", "one", wall_clock - 60)
    (task,) = client.get("/v1/tasks").json()["tasks"]
    assert parse_utc("t", task["leased_until"]) - wall_clock in range(60, 120)
    path, held = f"/v1/tasks/{task['task_id']}/acknowledge", {"lease": task["lease"]}
    assert client.post(path, params={"now": format_utc(wall_clock)}, json=held).status_code == 422
    assert client.post(path, json=held).status_code == 204
    assert (done_at(desk) or 0) - wall_clock in range(60)
    assert client.get("/v1/tasks").json()["tasks"] == []


def test_counts_are_taken_over_once(client: TestClient, desk: Desk) -> None:
    house, sku = desk.known.names.warehouses[0], desk.known.names.skus[0]
    rows = [{"warehouse": house, "sku": sku, "on_hand_units": 12}]
    body = {"id": "count", "at": "2025-03-03T00:00:00Z", "rows": rows}
    assert client.put("/v1/inventory", json=body).json() == {"applied": 1, "known": 0}
    assert client.put("/v1/inventory", json=body).json() == {"applied": 0, "known": 1}
    rows[0]["on_hand_units"] = 13
    assert client.put("/v1/inventory", json=body).status_code == 422
    queue = [{"warehouse": house, "num_open": 1, "num_queued": 2, "queued_seconds": 60}]
    assert client.put("/v1/stations", json={**body, "rows": queue, "id": "queue"}).json()["applied"] == 1
    rows[0]["sku"] = "nothing"
    assert check_error(client.put("/v1/inventory", json={**body, "id": "other"}))["key"] == "rows[0].sku"


NOW = "2025-03-03T00:00:00Z"
REFUSED: list[tuple[str, str, Any, int]] = [
    ("GET", "/v1/decisions/none", None, 404),
    ("POST", "/v1/decisions/none/replay", None, 404),
    ("GET", "/v1/orders/none", None, 404),
    ("POST", f"/v1/orders/none/cancel?now={NOW}", None, 404),
    ("POST", "/v1/orders/none/cancel", None, 422),
    ("POST", "/v1/orders/none/confirm", None, 404),
    ("POST", "/v1/orders/none/redecide", {"now": NOW}, 404),
    ("POST", "/v1/orders/none/redecide", {}, 422),
    ("POST", f"/v1/tasks/1/acknowledge?now={NOW}", {"lease": "x"}, 404),
    ("POST", f"/v1/tasks/x/acknowledge?now={NOW}", {"lease": "x"}, 404),
    ("POST", "/v1/tasks/1/acknowledge", {"lease": "x"}, 422),
    ("GET", "/v1/tasks?limit=0", None, 422),
    ("GET", "/v1/tasks?now=tomorrow", None, 422),
    ("POST", "/v1/events", {"events": [{"id": "a", "at": NOW, "kind": "miracle"}]}, 422),
    ("POST", "/v1/events", {"events": []}, 422),
    ("PUT", "/v1/inventory", {"id": "a", "at": "never", "rows": [{}]}, 422),
    ("POST", f"/v1/tasks/99999999999999999999/acknowledge?now={NOW}", {"lease": "x"}, 404),
    ("POST", "/v1/tasks/1/acknowledge", {"lease": "a\0b"}, 422),
    ("POST", "/v1/events", {"events": [{"id": "a\0b", "at": NOW, "kind": "delivered", "parcel": "p"}]}, 422),
]


def test_every_refusal_has_the_same_form(client: TestClient) -> None:
    for method, path, body, status in REFUSED:
        answer = client.request(method, path, json=body)
        assert answer.status_code == status, (method, path)
        check_error(answer)


def test_ids_that_a_database_cannot_hold_are_no_fault_of_ours(client: TestClient) -> None:
    for path in ("/v1/orders/a%00b", "/v1/decisions/a%00b"):
        answer = client.get(path)
        assert answer.status_code in (404, 422)  # SQLite looks for it, PostgreSQL does not
        check_error(answer)


def test_an_order_twice_is_a_conflict(client: TestClient, make_request: Request) -> None:
    request = asked(make_request)
    assert client.post("/v1/decisions", json=request).status_code == 200
    answer = client.post("/v1/decisions", json=request)
    assert (answer.status_code, check_error(answer)["key"]) == (409, "order.id")
    again = client.post("/v1/orders/one/redecide", json={"now": request["now"]})
    assert (again.status_code, check_error(again)["key"]) == (409, "order")


def test_without_a_database_nothing_is_kept(service: DecisionService) -> None:
    with TestClient(create_app(lambda: service), raise_server_exceptions=False) as client:
        wait_until_ready(client)
        answer = client.get("/v1/orders/one")
    assert answer.status_code == 404


def test_nothing_is_counted_twice(client: TestClient, desk: Desk, make_request: Request) -> None:
    """Which row is right nobody can know; the goods of another warehouse are others."""
    document = make_request()
    now, sku = document["order"]["placed_at"], document["order"]["lines"][0]["sku"]
    one, other = (row["warehouse"] for row in document["snapshot"]["stations"][:2])

    def stock(*counted: tuple[str, int]) -> list[dict[str, Any]]:
        return [{"warehouse": house, "sku": sku, "on_hand_units": units} for house, units in counted]

    def queues(*houses: str) -> list[dict[str, Any]]:
        return [{"warehouse": house, "num_open": 1, "num_queued": 0, "queued_seconds": 0} for house in houses]

    for path, rows, twice in (
        ("inventory", stock((one, 5), (other, 7)), stock((one, 5), (other, 7), (one, 50))),
        ("stations", queues(one, other), queues(one, other, one)),
    ):
        counted = {"id": path, "at": now}
        refused = client.put(f"/v1/{path}", json={**counted, "rows": twice})
        assert (refused.status_code, check_error(refused)["key"]) == (422, "rows[2]")
        assert "rows[0]" in check_error(refused)["expected"]
        assert client.put(f"/v1/{path}", json={**counted, "rows": rows}).json() == {"applied": 1, "known": 0}


def test_every_path_is_described(client: TestClient) -> None:
    spec = client.get("/openapi.json").json()
    paths = {path for path in spec["paths"] if path.startswith("/v1/")}
    assert {"/v1/decisions/{decision_id}/replay", "/v1/tasks", "/v1/events", "/v1/inventory"} < paths
    assert {"/v1/orders/{order_id}/confirm", "/v1/experiments/{name}/estimate"} < paths
    assert not any(":" in path for path in paths)
    for path in paths:
        for operation in spec["paths"][path].values():
            assert operation["summary"]
            assert {"404", "409", "422", "503"} <= set(operation["responses"])
    schemas = spec["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    assert set(schemas["ReviewNotice"]["properties"]) == {"reasons", "due_at"}
    assert {"review", "review_rules"} <= set(schemas["DecisionAnswer"]["properties"])
    assert not {"review", "review_rules"} & set(schemas["DecisionAnswer"]["required"])  # left out where there are none
    assert "review_id" in schemas["OrderAnswer"]["required"]
    assert {f"{state}_lines" for state in get_args(LineState)} < set(schemas["OrderAnswer"]["required"])


def test_a_database_that_is_away_is_told_and_forgiven(
    client: TestClient, desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    with monkeypatch.context() as away:
        away.setattr(desk.database, "reading", fail)
        away.setattr(desk.database, "ping", fail)
        for answer in (client.get("/health/ready"), client.post("/v1/decisions", json=asked(make_request))):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert check_error(answer)["key"] == "database"
    assert client.get("/health/ready").status_code == 200
    assert client.post("/v1/decisions", json=asked(make_request)).status_code == 200


def test_a_decision_is_explained_from_its_record(client: TestClient, desk: Desk, make_request: Request) -> None:
    body = client.post("/v1/decisions", json=asked(make_request)).json()
    path = f"/v1/decisions/{body['decision_id']}/explain"
    told = client.get(path).json()
    (chosen,) = [plan for plan in told["plans"] if plan["is_chosen"]]
    assert chosen["total_millicents"] == body["plan"]["total_millicents"]
    assert (told["stage"], told["order_id"], len(told["plans"])) == ("policy", "one", body["num_plans"])
    assert told["excluded"]
    assert {"dearer", "cheaper", "less_stock"} <= {flip["lever"] for flip in told["flips"]}
    house = desk.known.names.warehouses[-1]
    assert client.get(path, params={"warehouse": house}).json()["why_not"]["warehouse"] == house
    refused = client.get(path, params={"warehouse": "Atlantis"})
    assert (refused.status_code, check_error(refused)["key"]) == (422, "warehouse")
    assert client.get("/v1/decisions/none/explain").status_code == 404


def test_a_review_over_http(client: TestClient, desk: Desk, make_request: Request) -> None:
    request = asked(make_request, max_alternatives=31)
    body, now = client.post("/v1/decisions", json=request).json(), {"now": request["now"]}
    assert client.get("/v1/reviews").json() == {"reviews": []}
    assert client.post("/v1/orders/one/take-back", params=now).json()["state"] == "review"
    (review,) = client.get("/v1/reviews").json()["reviews"]
    assert (review["reasons"], review["decision_id"]) == (["taken_back"], body["decision_id"])
    path = f"/v1/reviews/{review['review_id']}"
    assert client.get(path).json() == review
    assert client.post(f"{path}/approve", params=now).status_code == 409
    plans = client.get(f"/v1/decisions/{body['decision_id']}/explain").json()["plans"]
    other = next(plan for plan in plans if plan["kind"] == "ship" and not plan["is_chosen"])
    parcels = [
        {"warehouse": row["warehouse"], "service": row["service"], "skus": [line["sku"] for line in row["lines"]]}
        for row in other["parcels"]
    ]
    told = client.post(f"{path}/override", json={**now, "parcels": parcels})
    assert told.status_code == 200
    assert told.content == client.get(f"/v1/decisions/{told.json()['decision_id']}").content
    assert told.json()["plan"]["total_millicents"] == other["total_millicents"]
    label = client.get("/v1/reviews", params={"state": "overridden"}).json()["reviews"]
    assert [row["label_decision_id"] for row in label] == [told.json()["decision_id"]]
    explained = client.get(f"/v1/decisions/{told.json()['decision_id']}/explain").json()
    assert (explained["stage"], explained["flips"]) == ("review", [])
    assert client.post(f"{path}/override", json={**now, "parcels": parcels}).status_code == 409
    assert client.post(f"{path}/reject", params=now).status_code == 409
    client.post("/v1/orders/one/take-back", params=now)
    (again,) = client.get("/v1/reviews").json()["reviews"]
    assert client.post(f"/v1/reviews/{again['review_id']}/reject", params=now).json()["state"] == "rejected"
    assert client.get("/v1/orders/one").json()["state"] == "declined"
    for refused, status in (("/v1/reviews/none", 404), ("/v1/reviews?state=lost", 422), ("/v1/reviews?limit=0", 422)):
        answer = client.get(refused)
        assert answer.status_code == status
        check_error(answer)
    kinds = select(tables.audit.c.kind).order_by(tables.audit.c.seq)
    with desk.database.reading() as tx:
        assert tx.execute(kinds).scalars().all() == [
            *("policy_started", "decided", "taken_back", "decided", "review_overridden"),
            *("taken_back", "review_rejected"),
        ]
        assert list(complaints(tx)) == []
