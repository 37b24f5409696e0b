"""The paths of what is kept: decisions, orders, tasks, events, counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy import Connection

from agents.documents import Time
from serve.admission.aside import aside
from serve.audit.log import Entry
from serve.decisions.answer import DecisionAnswer
from serve.decisions.asked import Asked
from serve.decisions.desk import Desk
from serve.decisions.record import ReplayAnswer, find_decision, read_record
from serve.decisions.request import RedecisionRequest
from serve.monitoring.outcomes import note_lags
from serve.monitoring.staleness import hear
from serve.orders.changes import Changes
from serve.orders.counted import count_stations, count_stock
from serve.orders.ending import Ending, cancel_order
from serve.orders.event import AFTER_PRICES, Applied, EventBatch, Inventory, Stations
from serve.orders.happened import Happened, is_new
from serve.orders.order import NotFound, OrderAnswer, confirm_order, describe_order
from serve.orders.tasks import MAX_TASKS, Lease, TaskList, acknowledge, lease_tasks
from serve.shop_clock import by_our_clock
from serve.stated_time import stated_utc
from serve.storage.retry import retried
from serve.web.actor import Who
from serve.web.errors import ErrorAnswer

ERRORS: dict[int | str, dict[str, object]] = {
    401: {"model": ErrorAnswer, "description": "no token that is known"},
    403: {"model": ErrorAnswer, "description": "this role may not do this, or not the one who prepared it"},
    404: {"model": ErrorAnswer, "description": "there is no such thing"},
    408: {"model": ErrorAnswer, "description": "the body did not come in time"},
    409: {"model": ErrorAnswer, "description": "it does not stand as it must for this"},
    413: {"model": ErrorAnswer, "description": "the body is too large"},
    422: {"model": ErrorAnswer, "description": "the request cannot be used; the error names the field"},
    503: {"model": ErrorAnswer, "description": "not ready, too busy, the database is away, or goods are contended"},
    504: {"model": ErrorAnswer, "description": "the database went away in a commit: it may be kept"},
}

Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
OrderId = str
StatedNow = Annotated[Time | None, Query(description="of a replay, see --clock request")]


def answer_once(desk: Desk, asked: Asked) -> Response:
    """Decides, or repeats what was answered, in the same bytes."""
    content, is_repeated = desk.decide(asked)
    headers = {"Idempotency-Replayed": "true"} if is_repeated else None
    return Response(content, media_type="application/json", headers=headers)


def add_routes(desk_of: Callable[[], Desk]) -> APIRouter:
    """The paths; ``desk_of`` gives the desk once it is open."""
    router = APIRouter(prefix="/v1", responses=ERRORS)

    @router.get("/decisions/{decision_id}", response_model=DecisionAnswer, summary="A decision as it was answered")
    def decision(decision_id: str) -> Response:
        with desk_of().database.reading() as tx:
            return Response(read_record(tx, find_decision(tx, decision_id)).answer, media_type="application/json")

    @router.post("/decisions/{decision_id}/replay", summary="Make a decision again from its record")
    def replay(decision_id: str) -> ReplayAnswer:
        desk = desk_of()
        with aside():
            with desk.database.reading() as tx:
                found = find_decision(tx, decision_id)
                record = read_record(tx, found)
            return record.replay(desk.policies.find(found.bundle_sha256))

    @router.get("/orders/{order_id:name}", summary="How an order stands")
    def order(order_id: OrderId) -> OrderAnswer:
        with desk_of().database.reading() as tx:
            return describe_order(tx, order_id)

    @router.post("/orders/{order_id:name}/confirm", summary="Keep for good what is reserved, or will be")
    def confirm(order_id: OrderId, who: Who) -> OrderAnswer:
        entry = Entry("confirmed", who.name, order_id, b"")
        return _change(desk_of(), entry, lambda tx, changes: confirm_order(tx, order_id))

    @router.post("/orders/{order_id:name}/cancel", summary="Cancel what nobody has begun to pick")
    def cancel(order_id: OrderId, who: Who, now: StatedNow = None) -> OrderAnswer:
        desk = desk_of()
        at = desk.now(now)
        desk.keep_until(at)
        entry = Entry("cancelled", who.name, order_id, b"")
        return _change(desk, entry, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending(order_id, at)))

    @router.post("/orders/{order_id:name}/redecide", response_model=DecisionAnswer, summary="Decide open lines again")
    def redecide(order_id: OrderId, request: RedecisionRequest, who: Who, http: Request, key: Key = None) -> Response:
        desk = desk_of()
        now = desk.now(request.now)
        desk.keep_until(now)
        return answer_once(desk, Asked(request, who.name, key, http.scope["received"], now, order_id))

    @router.get("/tasks", summary="Lease orders that are to be looked at")
    def tasks(
        who: Who,
        limit: Annotated[int, Query(ge=1, le=MAX_TASKS)] = 10,
        lease_seconds: Annotated[int, Query(ge=1, le=3600)] = 60,
        now: StatedNow = None,
    ) -> TaskList:
        who.check("planner")  # a lease keeps others from the task
        desk = desk_of()
        at = desk.now(now)
        desk.keep_until(at, is_settled=False)
        with desk.database.writing() as tx:
            return TaskList(tasks=lease_tasks(tx, at, limit, lease_seconds))

    @router.post("/tasks/{task_id}/acknowledge", status_code=204, summary="A task is done")
    def done(task_id: str, held: Lease, now: StatedNow = None) -> None:
        desk = desk_of()
        at = desk.now(now)
        with desk.database.writing() as tx:
            if not acknowledge(tx, task_id, held.lease, at):
                raise NotFound("task", task_id)

    @router.post("/events", summary="What happened: each event counts once")
    def events(batch: EventBatch, who: Who) -> Applied:
        desk = desk_of()
        entry = Entry("events", who.name, batch.events[0].id, batch.model_dump_json().encode())
        applied = _told(desk, entry, lambda tx: _apply(tx, desk, batch))
        if not applied.known and not desk.settings.is_request_clock:
            note_lags(batch.events, int(time.time()))
        return applied

    @router.put("/inventory", summary="A count of stock")
    def inventory(counted: Inventory, who: Who) -> Applied:
        desk = desk_of()
        entry = Entry("inventory", who.name, counted.id, counted.model_dump_json().encode())
        return _told(desk, entry, lambda tx: _count(tx, desk, counted))

    @router.put("/stations", summary="Pick queues as they are")
    def stations(counted: Stations, who: Who) -> Applied:
        desk = desk_of()
        entry = Entry("stations", who.name, counted.id, counted.model_dump_json().encode())
        return _told(desk, entry, lambda tx: _count(tx, desk, counted))

    return router


def _change(desk: Desk, entry: Entry, act: Callable[[Connection, Changes], None]) -> OrderAnswer:
    def once() -> OrderAnswer:
        with desk.database.writing() as tx:
            changes = Changes()
            act(tx, changes)
            changes.make(tx)
            answer = describe_order(tx, entry.subject)
            desk.audit.write(tx, replace(entry, payload=answer.model_dump_json().encode()))
            return answer

    return retried(once)


def _told(desk: Desk, entry: Entry, act: Callable[[Connection], Applied]) -> Applied:
    def once() -> Applied:
        with desk.database.writing() as tx:
            applied = act(tx)
            if applied.applied:
                desk.audit.write(tx, entry)
            return applied

    return retried(once)


def _apply(tx: Connection, desk: Desk, batch: EventBatch) -> Applied:
    now, num_new, heard = int(time.time()), 0, dict[str, int]()
    for i, event in enumerate(batch.events):
        if is_new(tx, event, event.id, f"events[{i}].id", now):
            at = _happened_at(desk, f"events[{i}].at", event.at)
            happened = Happened(tx, desk.known, f"events[{i}]")
            desk.solve_before(tx, at + isinstance(event, AFTER_PRICES))
            happened.apply(event, at, at if desk.settings.is_request_clock else now)
            heard |= {name: max(at, heard.get(name, at)) for name in happened.heard}
            num_new += 1
    hear(tx, heard)
    return Applied(applied=num_new, known=len(batch.events) - num_new)


def _count(tx: Connection, desk: Desk, counted: Inventory | Stations) -> Applied:
    if not is_new(tx, counted, counted.id, "id", int(time.time())):
        return Applied(applied=0, known=1)
    at = _happened_at(desk, "at", counted.at)
    desk.solve_before(tx, at)
    if isinstance(counted, Inventory):
        count_stock(tx, desk.known, counted, at)
    else:
        count_stations(tx, desk.known, counted)
    hear(tx, dict.fromkeys((row.warehouse for row in counted.rows), at))
    return Applied(applied=1, known=0)


def _happened_at(desk: Desk, key: str, text: str) -> int:
    """UTC second of what is told; by the wall's clock not after now."""
    return stated_utc(key, text) if desk.settings.is_request_clock else by_our_clock(key, text, int(time.time()))
