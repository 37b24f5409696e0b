"""What is put on the desk: a request, who asks, and what is known of it when it is looked at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from agents.documents import OrderDocument, SnapshotDocument
from serve.request import DecisionRequest, RedecisionRequest
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

    def digest(self) -> str:
        """Tells requests apart that use the same key."""
        text = f"{self.order_id or ''}\n{self.request.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a request comes to at one moment.

    Attributes:
        order: lines that are to be decided.
        positions: of these lines in the order.
        moment: what a router may know.
        before: the row of a known order; None of a new one.
        is_kept: whether the order and its goods are the database's; else the caller brought a snapshot of his own.
        hindrance: why the policy must not decide this; None: it may.
    """

    order: OrderDocument
    positions: list[int]
    moment: SnapshotDocument
    before: Row[Any] | None = None
    is_kept: bool = True
    hindrance: str | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether the order was, in which case what it gets now is, too."""
        return self.before is not None and self.before.state == "confirmed"

    @property
    def is_part(self) -> bool:
        """Whether other lines of the order are planned or ended already."""
        if self.before is None:
            return False
        return len(self.positions) < len(OrderDocument.model_validate_json(self.before.document).lines)


def subject_of(asked: Asked, question: Question) -> Subject:
    """What experiments draw for."""
    request = asked.request
    customer = request.customer if isinstance(request, DecisionRequest) else None
    return Subject(question.order.id, question.order.region, customer, asked.now)
