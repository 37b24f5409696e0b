"""The paths of reviews, and of taking a decision back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from sqlalchemy import Connection

from serve.audit.log import Entry
from serve.decisions.answer import DecisionAnswer
from serve.decisions.desk import Desk
from serve.orders.changes import Changes
from serve.orders.order import NotFound, OrderAnswer, describe_order
from serve.reviews.ending import approve, reject, take_back_to_queue
from serve.reviews.override import Override, override
from serve.reviews.queue import (
    MAX_REVIEWS,
    ReviewAnswer,
    ReviewList,
    ReviewState,
    describe_review,
    find_review,
    list_reviews,
)
from serve.storage.retry import retried
from serve.web.actor import Who
from serve.web.routes import ERRORS, OrderId, StatedNow

ReviewId = Annotated[str, InPath(description="of a review")]


def add_review_routes(desk_of: Callable[[], Desk]) -> APIRouter:
    """The paths; ``desk_of`` gives the desk once it is open."""
    router = APIRouter(prefix="/v1", responses=ERRORS)

    @router.get("/reviews", summary="What a person should look at, or has looked at")
    def reviews(
        state: ReviewState = "open",
        after: Annotated[int, Query(ge=0, le=2**53, description="number of the last review seen")] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_REVIEWS)] = MAX_REVIEWS,
    ) -> ReviewList:
        with desk_of().database.reading() as tx:
            return ReviewList(reviews=list_reviews(tx, state, after, limit))

    @router.get("/reviews/{review_id}", summary="One review")
    def review(review_id: ReviewId) -> ReviewAnswer:
        with desk_of().database.reading() as tx:
            return _described(tx, review_id)

    @router.post("/reviews/{review_id}/approve", summary="The automated plan stands")
    def approve_it(review_id: ReviewId, who: Who, now: StatedNow = None) -> ReviewAnswer:
        desk = desk_of()
        at = desk.now(now)
        desk.keep_until(at)
        entry = Entry("review_approved", who.name, review_id, b"")
        return _ended(
            desk, entry, lambda tx, _: approve(tx, review_id, who.name, at, desk.settings.reservation_seconds)
        )

    @router.post("/reviews/{review_id}/reject", summary="The order is declined")
    def reject_it(review_id: ReviewId, who: Who, now: StatedNow = None) -> ReviewAnswer:
        desk = desk_of()
        at = desk.now(now)
        desk.keep_until(at)
        entry = Entry("review_rejected", who.name, review_id, b"")
        return _ended(desk, entry, lambda tx, to: reject(tx, desk.known, to, review_id, who.name, at))

    @router.post("/reviews/{review_id}/override", summary="Another plan instead")
    def override_it(review_id: ReviewId, wanted: Override, who: Who) -> DecisionAnswer:
        desk = desk_of()
        now = desk.now(wanted.now)
        desk.keep_until(now)

        def once() -> DecisionAnswer:
            with desk.database.writing() as tx:
                answer = override(tx, desk, review_id, wanted, who.name, now)
                content = _described(tx, review_id).model_dump_json().encode()
                desk.audit.write(tx, Entry("review_overridden", who.name, f"review {review_id}", content))
                return DecisionAnswer.model_validate_json(answer)

        return retried(once)

    @router.post("/orders/{order_id:name}/take-back", summary="Undo a decision of which nothing is picked")
    def take_it_back(order_id: OrderId, who: Who, now: StatedNow = None) -> OrderAnswer:
        desk = desk_of()
        at = desk.now(now)
        desk.keep_until(at)

        def once() -> OrderAnswer:
            with desk.database.writing() as tx:
                changes = Changes()
                take_back_to_queue(tx, desk.known, changes, order_id, at, desk.settings.review)
                changes.make(tx)
                answer = describe_order(tx, order_id)
                desk.audit.write(tx, Entry("taken_back", who.name, order_id, answer.model_dump_json().encode()))
                return answer

        return retried(once)

    return router


def _described(tx: Connection, review_id: str) -> ReviewAnswer:
    found = find_review(tx, review_id)
    if found is None:
        raise NotFound("review", review_id)
    return describe_review(found)


def _ended(desk: Desk, entry: Entry, act: Callable[[Connection, Changes], None]) -> ReviewAnswer:
    def once() -> ReviewAnswer:
        with desk.database.writing() as tx:
            changes = Changes()
            act(tx, changes)
            changes.make(tx)
            answer = _described(tx, entry.subject)
            content = answer.model_dump_json().encode()
            desk.audit.write(tx, replace(entry, subject=f"review {entry.subject}", payload=content))
            return answer

    return retried(once)
