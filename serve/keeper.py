"""The keeper: what time brings. Reservations and reviews end, parcels are released, keys and customers forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, delete, select

from serve import tables
from serve.actor import KEEPER
from serve.audit import AuditWriter, Entry
from serve.background import Background
from serve.changes import Changes
from serve.database import Database
from serve.ending import expire_order
from serve.group import customers_to_forget
from serve.known import Known
from serve.parcel import find_parcels
from serve.release import release
from serve.retry import retried
from serve.reviewing import expire_review

INTERVAL_SECONDS = 1.0
KEY_SECONDS = 86_400
"""How long an idempotency key is remembered at least."""

_AT_ONCE = 200

Thing = TypeVar("Thing")


class Keeper:
    """Any number of processes may keep the same database: each thing is done once, in a transaction of its own.

    Args:
        database: that is kept.
        known: the network.
        audit: this process's chain.

    Attributes:
        loop: keeps beside the answers.
    """

    def __init__(self, database: Database, known: Known, audit: AuditWriter) -> None:
        self._database, self._known, self._audit = database, known, audit
        self.loop = Background("keeper", self._keep_now, INTERVAL_SECONDS)

    def _keep_now(self) -> None:
        self.keep(int(time.time()))
        self._database.tidy()

    def keep(self, now: int) -> None:
        """Does all that is due at ``now``, UTC seconds."""
        while self._keep_some(now):
            continue

    def _keep_some(self, now: int) -> bool:
        """Does what is due; whether there may be more."""
        order, parcel, key, review = tables.orders.c, tables.parcels.c, tables.idempotency_keys.c, tables.reviews.c
        with self._database.reading() as tx:
            expired = tx.execute(select(order.id).where(order.expires_at <= now).limit(_AT_ONCE)).scalars().all()
            due = (parcel.stage == "later", parcel.release_at <= now)
            released = tx.execute(select(parcel.id).where(*due).order_by(parcel.number).limit(_AT_ONCE)).scalars().all()
            late = select(review.number).where(review.state == "open", review.due_at <= now)
            unseen = tx.execute(late.order_by(review.number).limit(_AT_ONCE)).scalars().all()
            is_old = tx.execute(select(key.key).where(key.created_at < now - KEY_SECONDS).limit(1)).first()
            whose = tx.execute(select(tables.customers.c.customer).where(customers_to_forget()).limit(1)).first()
        self._each(expired, lambda tx, order_id: self._expire(tx, order_id, now))
        self._each(released, lambda tx, parcel_id: self._release(tx, parcel_id, now))
        self._each(unseen, lambda tx, number: self._end_review(tx, number, now))
        if is_old:
            with self._database.writing() as tx:
                tx.execute(delete(tables.idempotency_keys).where(key.created_at < now - KEY_SECONDS))
        if whose:
            retried(self._forget_customers)
        return max(len(expired), len(released), len(unseen)) == _AT_ONCE

    def _forget_customers(self) -> None:
        with self._database.writing() as tx:
            tx.execute(delete(tables.customers).where(customers_to_forget()))

    def _each(self, ids: Sequence[Thing], act: Callable[[Connection, Thing], None]) -> None:
        for thing in ids:
            retried(partial(self._one, thing, act))

    def _one(self, thing: Thing, act: Callable[[Connection, Thing], None]) -> None:
        with self._database.writing() as tx:
            act(tx, thing)

    def _expire(self, tx: Connection, order_id: str, now: int) -> None:
        changes = Changes()
        if expire_order(tx, self._known, changes, order_id, now):
            changes.make(tx)
            self._audit.write(tx, Entry("expired", KEEPER, order_id, b""))

    def _end_review(self, tx: Connection, number: int, now: int) -> None:
        if expire_review(tx, number, now):
            self._audit.write(tx, Entry("review_expired", KEEPER, f"review {number}", b""))

    def _release(self, tx: Connection, parcel_id: str, now: int) -> None:
        changes = Changes()
        for parcel in find_parcels(tx, tables.parcels.c.id == parcel_id, tables.parcels.c.stage == "later"):
            release(tx, self._known, changes, parcel, now)
        changes.make(tx)
