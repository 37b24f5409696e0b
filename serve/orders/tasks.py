"""Tasks: what a shop must have decided again. Leased to who asks, and done when he says so."""

from __future__ import annotations

import uuid
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import Connection, func, or_, select, update

from agents.documents import Document, Name
from scenarios.local_time import format_utc
from serve.storage import tables

Kind = Literal["hold_ended", "plan_broke", "reservation_expired", "review_ended"]

MAX_TASKS = 100


class Lease(Document):
    """Who holds a task."""

    lease: Name


class TaskAnswer(BaseModel):
    """One order to be looked at."""

    task_id: str
    kind: Kind = Field(description="why: redecide the order, or cancel it")
    order_id: str
    due_at: str
    lease: str = Field(description="to be sent with the acknowledgement")
    leased_until: str = Field(description="then it comes again, unless acknowledged")


class TaskList(BaseModel):
    """Tasks that are now held by who asked."""

    tasks: list[TaskAnswer]


def add_task(tx: Connection, kind: Kind, order_id: str, due_at: int) -> None:
    """Owes a decision about an order at ``due_at``, UTC seconds; the same again changes nothing."""
    row = tables.tasks.c
    owed = select(row.number).where(row.order_id == order_id, row.kind == kind, row.done_at.is_(None))
    if tx.execute(owed).first() is None:
        tx.execute(tables.tasks.insert().values(kind=kind, order_id=order_id, due_at=due_at))


def lease_tasks(tx: Connection, now: int, limit: int, seconds: int) -> list[TaskAnswer]:
    """Up to ``limit`` tasks that are due and that nobody holds, held for ``seconds`` from now on."""
    row, lease = tables.tasks.c, uuid.uuid4().hex
    free = (
        select(tables.tasks)
        .where(row.done_at.is_(None), row.due_at <= now, or_(row.leased_until.is_(None), row.leased_until <= now))
        .order_by(row.due_at, row.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = tx.execute(free).all()
    held = update(tables.tasks).where(row.number.in_([task.number for task in found]))
    tx.execute(held.values(lease=lease, leased_until=now + seconds))
    return [
        TaskAnswer(
            task_id=str(task.number),
            kind=task.kind,
            order_id=task.order_id,
            due_at=format_utc(task.due_at),
            lease=lease,
            leased_until=format_utc(now + seconds),
        )
        for task in found
    ]


def acknowledge(tx: Connection, task_id: str, lease: str, now: int) -> bool:
    """Ends a task for who holds it; once done, saying so again is fine, and it stays done since then.

    Args:
        tx: a writing transaction.
        task_id: as it was leased.
        lease: as it was leased.
        now: UTC seconds, of the clock by which tasks are due.

    Returns:
        False if there is no such task, or another one holds it by now.
    """
    row = tables.tasks.c
    if not task_id.isascii() or not task_id.isdigit() or len(task_id) > 18:
        return False
    mine = update(tables.tasks).where(row.number == int(task_id), row.lease == lease)
    return bool(tx.execute(mine.values(done_at=func.coalesce(row.done_at, now))).rowcount)


def finish_tasks(tx: Connection, order_id: str, now: int) -> None:
    """The order was decided again, or cancelled: nothing is owed any more."""
    row = tables.tasks.c
    owed = update(tables.tasks).where(row.order_id == order_id, row.done_at.is_(None))
    tx.execute(owed.values(done_at=now))
