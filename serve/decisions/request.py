"""What is asked: an order, and what is known at this moment unless the endpoint knows it itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.documents import Document, OrderDocument, SnapshotDocument, Time
from scenarios.errors import InputError
from serve.stated_time import check_order, check_snapshot

Deadline = Annotated[
    float | None,
    Field(gt=0, le=600_000, description="time in which the answer is wanted; too little for the policy: a heuristic"),
]
Alternatives = Annotated[int, Field(ge=0, le=31, description="other plans to be shown")]
Now = Annotated[Time | None, Field(description="of a replay; refused unless the endpoint runs with --clock request")]
Confirm = Annotated[bool, Field(description="what is reserved of this order, now or after it waited, does not expire")]


class DecisionRequest(Document):
    """One order to be routed."""

    order: OrderDocument
    snapshot: SnapshotDocument | None = Field(
        None,
        description="what to route it by, and then there is no now and nothing to confirm; if not given, what the "
        "endpoint knows, and stock is reserved",
    )
    deadline_ms: Deadline = None
    max_alternatives: Alternatives = 5
    now: Now = None
    confirm: Confirm = False

    def check(self) -> None:
        """Refuses times that are none or too far away, and what would do nothing beside a snapshot.

        Raises:
            InputError: a time; ``now``, as the snapshot has its own, or ``confirm``, as nothing is reserved.
        """
        check_order(self.order)
        if self.snapshot is None:
            return
        check_snapshot(self.snapshot)
        if self.now is not None:
            raise InputError("now", self.now, "no such field beside a snapshot, which has its own", "leave it out")
        if self.confirm:
            expected = "false beside a snapshot: what it is decided by is advice, and nothing is reserved"
            raise InputError("confirm", self.confirm, expected, "leave out confirm or the snapshot")


class RedecisionRequest(Document):
    """The open lines of a known order are to be routed (again)."""

    deadline_ms: Deadline = None
    max_alternatives: Alternatives = 5
    now: Now = None
    confirm: Confirm = False
