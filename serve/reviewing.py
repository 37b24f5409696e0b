"""What ends a review: a person approves or rejects, or its time is up. And how a decision is taken back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from scenarios.errors import InputError
from serve import tables
from serve.changes import Changes
from serve.order import Conflict, NotFound, cancel_order, find_order, set_state
from serve.parcel import UNTOUCHED, find_parcels, leave, take_apart
from serve.review import Concern, ReviewLimits, ReviewState, close_review, find_review, open_review, supersede_reviews
from serve.tasks import add_task, finish_tasks


def begin_to_end(tx: Connection, review_id: str) -> tuple[Row[Any], Row[Any]]:
    """An open review and its order, which nobody else changes until the transaction ends.

    Raises:
        NotFound: no such review.
        Conflict: it has ended.
    """
    review = find_review(tx, review_id)
    if review is None:
        raise NotFound("review", review_id)
    order = find_order(tx, review.order_id, lock=True)
    review = find_review(tx, review_id)  # as it is now that the order is ours
    if review is None or review.state != "open":
        raise _ended(review and review.state)
    return review, order


def _ended(state: str | None) -> Conflict:
    return Conflict(InputError("review", state, "an open review", "look at the order's latest one"))


def end_review(tx: Connection, review: Row[Any], state: ReviewState, actor: str, now: int, **values: Any) -> None:
    """Ends what ``begin_to_end`` found open.

    Raises:
        Conflict: it was ended meanwhile.
    """
    if not close_review(tx, review.number, state, now, closed_by=actor, **values):
        raise _ended(None)


def approve(tx: Connection, review_id: str, actor: str, now: int) -> None:
    """The plan stands.

    Raises:
        Conflict: there is no plan, or not for all lines.
    """
    review, order = begin_to_end(tx, review_id)
    if _open_positions(tx, order.id):
        raise Conflict(InputError("order", order.state, "an order with a plan", "override the decision, or reject it"))
    end_review(tx, review, "approved", actor, now)


def reject(tx: Connection, changes: Changes, review_id: str, actor: str, now: int) -> None:
    """The order is declined, all that nobody has begun to pick of it."""
    review, order = begin_to_end(tx, review_id)
    end_review(tx, review, "rejected", actor, now)
    cancel_order(tx, changes, order.id, now, "declined")


def take_back(tx: Connection, changes: Changes, order_id: str, now: int) -> Row[Any]:
    """Undoes whatever was decided: all that is reserved is given back, all lines are open, a person must decide.

    Returns:
        The order as it stood.

    Raises:
        Conflict: somebody has begun to pick, or all lines have ended.
    """
    order = find_order(tx, order_id, lock=True)
    row, parcel = tables.lines.c, tables.parcels.c
    parcels = find_parcels(tx, parcel.order_id == order_id, parcel.stage != "void")
    picked = next((found for found in parcels if found.stage not in UNTOUCHED), None)
    if picked is not None:
        raise Conflict(InputError("order", picked.stage, "an order of which nothing is picked", "it is too late"))
    for found in parcels:
        take_apart(tx, changes, found, "open")
    declined = select(row.position).where(row.order_id == order_id, row.state == "declined")
    leave(tx, order_id, tx.execute(declined).scalars().all(), "open")
    if not _open_positions(tx, order_id):
        raise Conflict(InputError("order", order.state, "an order with lines", "there is nothing to decide"))
    finish_tasks(tx, order_id, now)
    set_state(tx, order_id, "review", expires_at=None)
    return order


def take_back_to_queue(tx: Connection, changes: Changes, order_id: str, now: int, limits: ReviewLimits) -> None:
    """Takes a decision back and puts the order into the queue.

    Raises:
        Conflict: see ``take_back``.
    """
    order = take_back(tx, changes, order_id, now)
    supersede_reviews(tx, order_id, now)
    concern = Concern(order_id, order.decision_id, ["taken_back"], is_confirmed=order.state == "confirmed")
    open_review(tx, concern, now, limits)


def expire_review(tx: Connection, number: int, now: int) -> bool:
    """Ends a review that nobody ended in time. A plan stands; lines without one become a task.

    Returns:
        False if it was ended meanwhile.
    """
    review = find_review(tx, str(number))
    if review is None:
        return False
    find_order(tx, review.order_id, lock=True)
    if not close_review(tx, number, "expired", now, closed_by="keeper"):
        return False
    if _open_positions(tx, review.order_id):
        add_task(tx, "review_ended", review.order_id, now)
    return True


def _open_positions(tx: Connection, order_id: str) -> list[int]:
    row = tables.lines.c
    return list(tx.execute(select(row.position).where(row.order_id == order_id, row.state == "open")).scalars())
