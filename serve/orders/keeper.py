"""The keeper: what time brings. Reservations and reviews end, parcels are released, keys and customers forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial

from sqlalchemy import Connection, delete, select

from serve.audit.log import AuditWriter, Entry
from serve.background import Background
from serve.decisions.group import customers_to_forget
from serve.orders.changes import Changes
from serve.orders.ending import expire_order
from serve.orders.known import Known
from serve.orders.parcel import find_parcels
from serve.orders.release import release
from serve.reviews.ending import expire_review
from serve.storage import tables
from serve.storage.database import Database
from serve.storage.retry import retried
from serve.web.actor import KEEPER

INTERVAL_SECONDS = 1.0
KEY_SECONDS = 86_400
"""How long an idempotency key is remembered at least."""

_AT_ONCE = 200


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
        for act in self._due(int(time.time()), None):
            if self.loop.is_over:  # thousands of orders may be due; the next process finds what is left
                return
            act()
        self._database.tidy()

    def keep(self, now: int, within: Connection | None = None) -> None:
        """Does all that is due.

        Args:
            now: UTC seconds.
            within: a writing transaction in which all is done; None: each thing in one of its own.
        """
        for act in self._due(now, within):
            act()

    def _due(self, now: int, within: Connection | None) -> Iterator[Callable[[], object]]:
        """What is due, to be done one after another, until there is no more."""
        is_more = True
        while is_more:
            acts, is_more = self._some(now, within)
            for act in acts:
                # whoever began a transaction tries it again himself
                yield partial(retried, partial(self._alone, act)) if within is None else partial(act, within)

    def _some(self, now: int, within: Connection | None) -> tuple[list[Callable[[Connection], object]], bool]:
        """Some of what is due, and whether there may be more."""
        order, parcel, key, review = tables.orders.c, tables.parcels.c, tables.idempotency_keys.c, tables.reviews.c
        with self._database.reading() if within is None else nullcontext(within) as tx:
            due = (parcel.stage == "later", parcel.release_at <= now)
            released = tx.execute(select(parcel.id).where(*due).order_by(parcel.number).limit(_AT_ONCE)).scalars().all()
            late = select(review.number).where(review.state == "open", review.due_at <= now)
            unseen = tx.execute(late.order_by(review.number).limit(_AT_ONCE)).scalars().all()
            over = select(order.id).where(order.expires_at <= now).order_by(order.expires_at).limit(_AT_ONCE)
            # a review before the reservation that was kept for it, also where both are due after a pause
            expired = [] if len(unseen) == _AT_ONCE else tx.execute(over).scalars().all()
            is_old = tx.execute(select(key.key).where(key.created_at < now - KEY_SECONDS).limit(1)).first()
            whose = tx.execute(select(tables.customers.c.customer).where(customers_to_forget()).limit(1)).first()
        old_keys = delete(tables.idempotency_keys).where(key.created_at < now - KEY_SECONDS)
        acts: list[Callable[[Connection], object]] = [
            *(partial(self._end_review, number=number, now=now) for number in unseen),
            *(partial(self._expire, order_id=order_id, now=now) for order_id in expired),
            *(partial(self._release, parcel_id=parcel_id, now=now) for parcel_id in released),
            *([lambda tx: tx.execute(old_keys)] if is_old else []),
            *([lambda tx: tx.execute(delete(tables.customers).where(customers_to_forget()))] if whose else []),
        ]
        return acts, max(len(expired), len(released), len(unseen)) == _AT_ONCE

    def _alone(self, act: Callable[[Connection], object]) -> None:
        with self._database.writing() as tx:
            act(tx)

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
