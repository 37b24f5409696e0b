"""What is put on the desk: a request, who asks, and what is known of it when it is looked at."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from agents.documents import OrderDocument, SnapshotDocument
from serve.decisions.request import DecisionRequest, RedecisionRequest
from serve.decisions.service import deadline_of
from serve.orders.parcel import Place
from serve.trials.assignment import Subject


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, from whichever path.

    Attributes:
        request: what is asked.
        actor: who asks, for the audit log.
        key: ``Idempotency-Key``; keys of different actors are different.
        received: ``time.perf_counter()`` of its arrival.
        now: UTC seconds.
        order_id: of a known order that is to be decided again.
    """

    request: DecisionRequest | RedecisionRequest
    actor: str
    key: str | None
    received: float
    now: int
    order_id: str | None = None

    @property
    def deadline(self) -> float | None:
        """``time.perf_counter()`` at which the answer is wanted; None: whenever."""
        return deadline_of(self.request.deadline_ms, self.received)

    def seconds_left(self) -> float:
        """Until then; endless if there is no deadline."""
        return math.inf if self.deadline is None else self.deadline - time.perf_counter()

    def digest(self) -> str:
        """Tells requests apart that use the same key."""
        text = f"{self.order_id or ''}\n{self.request.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a request comes to at one moment.

    Attributes:
        order: lines that are to be decided, perhaps of several orders.
        places: of these lines.
        moment: what a router may know.
        group: rows of known orders that are decided together, in the sequence of joining.
        fresh: a new order, as it was asked.
        is_kept: whether the orders and their goods are the database's; else the caller brought a snapshot of his own.
        hindrance: why the policy must not decide this; None: it may.
        is_taken_back: whether a person took the last decision back and has not decided; then he looks at this one, too.
    """

    order: OrderDocument
    places: list[Place]
    moment: SnapshotDocument
    group: tuple[Row[Any], ...] = ()
    fresh: OrderDocument | None = None
    is_kept: bool = True
    hindrance: str | None = None
    is_taken_back: bool = False

    @property
    def first_id(self) -> str:
        """Of the order that the others have joined; what is owed or to be looked at is noted under it."""
        return self.group[0].id if self.group else self.order.id

    @property
    def asked(self) -> list[Row[Any]]:
        """Known orders of which a line is to be decided."""
        ids = {order_id for order_id, _ in self.places}
        return [row for row in self.group if row.id in ids]

    def is_part(self, order: Row[Any]) -> bool:
        """Whether other lines of a known order are planned or ended already."""
        num_asked = sum(order_id == order.id for order_id, _ in self.places)
        return num_asked < len(OrderDocument.model_validate_json(order.document).lines)


def subject_of(asked: Asked, question: Question) -> Subject:
    """What experiments draw for."""
    return Subject(question.first_id, question.order.region, question.order.customer, asked.now)
