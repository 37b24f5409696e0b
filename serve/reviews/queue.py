"""The review queue: decisions that a person should look at, why, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Column, Connection, Row, select, update

from scenarios.local_time import format_utc
from serve.decisions.answer import Reason, ReviewNotice
from serve.decisions.service import Weighed
from serve.reviews.rules import ReviewRule
from serve.storage import tables

ReviewState = Literal["open", "approved", "overridden", "rejected", "expired", "superseded"]
"""Superseded: the order was decided again, cancelled, or its reservation ended, before anybody looked."""

MAX_REVIEWS = 100


@dataclass(frozen=True, slots=True)
class ReviewLimits:
    """Which decisions a person looks at, and for how long they wait for one.

    Attributes:
        seconds: until a review ends by itself, safely.
        least_confidence: below this probability of the chosen plan; 0: never for that reason.
        least_margin_millicents: from this margin of an order on; None: never for that reason.
        rules: of the shop.
    """

    seconds: int = 3600
    least_confidence: float = 0.0
    least_margin_millicents: int | None = None
    rules: tuple[ReviewRule, ...] = ()


class ReviewAnswer(BaseModel):
    """One decision to be looked at."""

    review_id: str
    order_id: str
    decision_id: str = Field(description="that is looked at; see its explanation")
    reasons: list[Reason]
    detail: str | None = Field(description="why nothing decided, of what could not be routed; else the rules that hold")
    state: ReviewState
    opened_at: str
    due_at: str = Field(description="then it ends by itself: a plan stands, an order without one becomes a task")
    closed_at: str | None
    closed_by: str | None
    label_decision_id: str | None = Field(description="of an override: the decision whose record holds what was chosen")


class ReviewList(BaseModel):
    """Reviews in the order of opening."""

    reviews: list[ReviewAnswer]


def reasons_of(
    weighed: Weighed, limits: ReviewLimits, is_drifting: bool = False, is_ruled: bool = False
) -> list[Reason]:
    """Why a person should look at a decision; a hold is looked at when it ends, a person's own choice never."""
    choice, found = weighed.choice, list[Reason]()
    if choice.slot is None:
        return ["unroutable"]
    if choice.stage == "review" or weighed.snapshot.plans.slots["hold_seconds"][choice.slot]:
        return []
    own = choice.probabilities
    if own is not None and own[choice.own_slot] < limits.least_confidence:  # a plan drawn by chance says nothing of it
        found.append("low_confidence")
    most = limits.least_margin_millicents
    if most is not None and weighed.snapshot.seen.order["margin_millicents"][0] >= most:
        found.append("high_value")
    if is_ruled:
        found.append("rule")
    if is_drifting:
        found.append("drift")
    return found


@dataclass(frozen=True, slots=True)
class Concern:
    """What is to be looked at.

    Attributes:
        order_id: of the order as it stands.
        decision_id: its latest.
        reasons: at least one.
        opened_at: UTC second.
        due_at: UTC second at which the review ends by itself.
        detail: in words.
    """

    order_id: str
    decision_id: str
    reasons: Sequence[Reason]
    opened_at: int
    due_at: int
    detail: str | None = None

    @property
    def notice(self) -> ReviewNotice:
        """As it is answered."""
        return ReviewNotice(reasons=list(self.reasons), due_at=format_utc(self.due_at))


def open_review(tx: Connection, concern: Concern) -> int:
    """Puts a decision into the queue.

    Returns:
        The number of its review.
    """
    row = {
        "order_id": concern.order_id,
        "decision_id": concern.decision_id,
        "reasons": ",".join(concern.reasons),
        "detail": concern.detail,
        "state": "open",
        "opened_at": concern.opened_at,
        "due_at": concern.due_at,
    }
    return int(tx.execute(tables.reviews.insert().returning(tables.reviews.c.number), row).scalar_one())


def find_open_review(tx: Connection, order_id: str) -> str | None:
    """The open review of an order, the first of those that are decided together; None if there is none."""
    found = _of_open_review(tx, order_id, tables.reviews.c.number)
    return None if found is None else str(found)


def is_taken_back(tx: Connection, order_id: str) -> bool:
    """Whether a person took the decision back and nobody ended that review, as ``find_open_review`` finds it."""
    found = _of_open_review(tx, order_id, tables.reviews.c.reasons)
    return found is not None and "taken_back" in found.split(",")


def _of_open_review(tx: Connection, order_id: str, column: Column[Any]) -> Any:
    row = tables.reviews.c
    return tx.execute(select(column).where(row.order_id == order_id, row.state == "open")).scalar()


def find_review(tx: Connection, review_id: str) -> Row[Any] | None:
    """One review; None if there is no such one."""
    if not review_id.isascii() or not review_id.isdigit() or len(review_id) > 18:
        return None
    return tx.execute(select(tables.reviews).where(tables.reviews.c.number == int(review_id))).one_or_none()


def close_review(tx: Connection, number: int, state: ReviewState, now: int, **values: Any) -> bool:
    """Ends an open review; False if somebody or something else ended it before."""
    row = tables.reviews.c
    ended = update(tables.reviews).where(row.number == number, row.state == "open")
    return bool(tx.execute(ended.values(state=state, closed_at=now, **values)).rowcount)


def supersede_reviews(tx: Connection, order_id: str, now: int) -> None:
    """What was to be looked at is not how the order stands any more."""
    row = tables.reviews.c
    ended = update(tables.reviews).where(row.order_id == order_id, row.state == "open")
    tx.execute(ended.values(state="superseded", closed_at=now))


def supersede_unroutable(tx: Connection, order_id: str, now: int) -> int:
    """What could not be routed is not to be sent any more.

    Returns:
        Seconds that were left to look at it; 0 if nobody had to.
    """
    row = tables.reviews.c
    where = (row.order_id == order_id, row.state == "open", row.reasons == "unroutable")
    ended = update(tables.reviews).where(*where).values(state="superseded", closed_at=now).returning(row.due_at)
    return max((due_at - now for due_at in tx.execute(ended).scalars()), default=0)


def list_reviews(tx: Connection, state: ReviewState, after: int, limit: int) -> list[ReviewAnswer]:
    """Reviews of a state in the order of opening, those numbered above ``after``."""
    row = tables.reviews.c
    query = select(tables.reviews).where(row.state == state, row.number > after).order_by(row.number).limit(limit)
    return [describe_review(found) for found in tx.execute(query)]


def describe_review(found: Row[Any]) -> ReviewAnswer:
    """As it is answered."""
    return ReviewAnswer(
        review_id=str(found.number),
        order_id=found.order_id,
        decision_id=found.decision_id,
        reasons=found.reasons.split(","),
        detail=found.detail,
        state=found.state,
        opened_at=format_utc(found.opened_at),
        due_at=format_utc(found.due_at),
        closed_at=None if found.closed_at is None else format_utc(found.closed_at),
        closed_by=found.closed_by,
        label_decision_id=found.label_decision_id,
    )
