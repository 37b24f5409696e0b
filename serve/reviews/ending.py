"""What ends a review: a person approves or rejects, or its time is up. And how a decision is taken back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from scenarios.errors import InputError
from serve.decisions.group import find_group, open_places
from serve.orders.changes import Changes
from serve.orders.ending import Ending, cancel_order, note_ends
from serve.orders.known import Known
from serve.orders.order import Conflict, NotFound, reserve_until, set_state
from serve.orders.parcel import UNTOUCHED, find_parcels, leave, take_apart
from serve.orders.tasks import add_task, finish_tasks
from serve.reviews.queue import (
    Concern,
    ReviewLimits,
    ReviewState,
    close_review,
    find_review,
    open_review,
    supersede_reviews,
)
from serve.storage import tables
from serve.web.actor import KEEPER


def begin_to_end(tx: Connection, review_id: str) -> tuple[Row[Any], tuple[Row[Any], ...]]:
    """An open review and its orders, which nobody else changes until the transaction ends.

    Raises:
        NotFound: no such review.
        Conflict: it has ended.
    """
    review = find_review(tx, review_id)
    if review is None:
        raise NotFound("review", review_id)
    group = find_group(tx, review.order_id, lock=True)
    review = find_review(tx, review_id)  # as it is now that the orders are ours
    if review is None or review.state != "open":
        raise _ended(review and review.state)
    return review, group


def _ended(state: str | None) -> Conflict:
    return Conflict(InputError("review", state, "an open review", "look at the order's latest one"))


def end_review(tx: Connection, review: Row[Any], state: ReviewState, actor: str, now: int, **values: Any) -> None:
    """Ends what ``begin_to_end`` found open.

    Raises:
        Conflict: it was ended meanwhile.
    """
    if not close_review(tx, review.number, state, now, closed_by=actor, **values):
        raise _ended(None)


def approve(tx: Connection, review_id: str, actor: str, now: int, reservation_seconds: int) -> None:
    """The plan stands, and who ordered has the usual time to confirm it.

    Args:
        tx: a writing transaction.
        review_id: of an open review.
        actor: for the audit log.
        now: UTC seconds.
        reservation_seconds: from now on, until what is not confirmed expires.

    Raises:
        Conflict: there is no plan, or not for all lines.
    """
    review, group = begin_to_end(tx, review_id)
    if open_places(tx, group):
        raise Conflict(
            InputError("order", group[0].state, "an order with a plan", "override the decision, or reject it")
        )
    end_review(tx, review, "approved", actor, now)
    reserve_until(tx, group[0].id, now + reservation_seconds)


def reject(tx: Connection, known: Known, changes: Changes, review_id: str, actor: str, now: int) -> None:
    """The order is declined, all that nobody has begun to pick of it, and what is decided together with it."""
    review, group = begin_to_end(tx, review_id)
    end_review(tx, review, "rejected", actor, now)
    for order in group:
        cancel_order(tx, known, changes, Ending(order.id, now, "declined"))


def take_back(tx: Connection, changes: Changes, order_id: str, now: int) -> tuple[Row[Any], ...]:
    """Undoes whatever was decided: all that is reserved is given back, all lines are open, a person must decide.

    Returns:
        The order as it stood, with those that are decided together with it.

    Raises:
        Conflict: somebody has begun to pick, or all lines have ended.
    """
    group, parcel = find_group(tx, order_id, lock=True), tables.parcels.c
    own = parcel.order_id.in_([order.id for order in group])
    parcels = find_parcels(tx, own, parcel.stage != "void")  # all of them, so that no pick begins meanwhile
    picked = next((found for found in parcels if found.stage not in UNTOUCHED), None)
    if picked is not None:
        raise Conflict(InputError("order", picked.stage, "an order of which nothing is picked", "it is too late"))
    take_rest_back(tx, changes, group, now)
    return group


def take_rest_back(tx: Connection, changes: Changes, group: tuple[Row[Any], ...], now: int) -> None:
    """Undoes what was decided of all that nobody has begun to pick; the rest stays as it is. See ``take_back``.

    Args:
        tx: a writing transaction that holds these orders.
        changes: to which is added what is given back.
        group: orders that are decided together.
        now: UTC seconds.

    Raises:
        Conflict: all lines are being picked, on their way, or have ended.
    """
    ids = [order.id for order in group]
    row, parcel = tables.lines.c, tables.parcels.c
    for found in find_parcels(tx, parcel.order_id.in_(ids), parcel.stage.in_(UNTOUCHED)):
        take_apart(tx, changes, found, "open")
    declined = select(row.order_id, row.position).where(row.order_id.in_(ids), row.state == "declined")
    leave(tx, [(found.order_id, found.position) for found in tx.execute(declined)], "open")
    waiting = {place[0] for place in open_places(tx, group)}
    if not waiting:
        raise Conflict(InputError("order", group[0].state, "an order with lines", "there is nothing to decide"))
    finish_tasks(tx, group[0].id, now)
    for found_id in ids:
        if found_id in waiting:
            set_state(tx, found_id, "review", expires_at=None)
    note_ends(tx, group[0].id, now)


def take_back_to_queue(
    tx: Connection, known: Known, changes: Changes, order_id: str, now: int, limits: ReviewLimits
) -> None:
    """Takes a decision back and puts the order into the queue.

    Raises:
        Conflict: see ``take_back``.
        InputError: the network has lost a SKU of it, so that nobody could decide it again.
    """
    group, row = take_back(tx, changes, order_id, now), tables.lines.c
    waiting = select(row.sku).where(row.order_id.in_([order.id for order in group]), row.state == "open")
    for sku in tx.execute(waiting.order_by(row.order_id, row.position)).scalars():
        known.check("order", sku=sku)
    first = group[0].id
    supersede_reviews(tx, first, now)
    open_review(tx, Concern(first, group[-1].decision_id, ["taken_back"], now, now + limits.seconds))


def expire_review(tx: Connection, number: int, now: int) -> bool:
    """Ends a review that nobody ended in time. A plan stands; lines without one become a task.

    Returns:
        False if it was ended meanwhile.
    """
    review = find_review(tx, str(number))
    if review is None:
        return False
    group = find_group(tx, review.order_id, lock=True)
    if not close_review(tx, number, "expired", now, closed_by=KEEPER):
        return False
    if open_places(tx, group):
        add_task(tx, "review_ended", review.order_id, now)
    return True
