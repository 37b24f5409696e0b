"""Counts of what was decided, by block of time, kept in the database so that processes and restarts share a window."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, select

from serve.monitoring import tables
from serve.monitoring.reference import Counts, Reference
from serve.storage.database import insert

NUM_BLOCKS = 28
"""Of a window, which moves on by one of them."""

WATCHED_SHARE = 0.75
"""Of the blocks in which any policy decided, so many must hold decisions of the one that is judged: nights and days on
which nobody orders are no gaps, but a policy that stood in no slot meanwhile saw only a part of the week."""

LEAST_BLOCKS = NUM_BLOCKS // 4
"""With decisions, however few others there are: after a pause of all, a few hours are no window."""

KEPT_WINDOWS = 4

LONGEST_SECONDS = 7 * 86_400
"""Windows are not longer, unless a bundle was made otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is watched of one decision.

    Attributes:
        features: float32 (real plans, NUM_FEATURES).
        context: float32 (NUM_CONTEXT,).
        slot: chosen; None if a person must decide.
    """

    features: np.ndarray
    context: np.ndarray
    slot: int | None


class Tally:
    """What one process has counted for one bundle in one block of time."""

    def __init__(self, reference: Reference, begins_at: int) -> None:
        self._reference, self.begins_at = reference, begins_at
        self.num_decisions = 0
        self.counts: Counts = [np.zeros(len(row.counts), np.int64) for row in reference.measures]

    def add(self, seen: Sequence[Seen]) -> None:
        """Counts some decisions."""
        slots = [row.slot for row in seen if row.slot is not None]
        new = self._reference.count([row.features for row in seen], [row.context for row in seen], slots)
        for counts, more in zip(self.counts, new, strict=True):
            counts += more
        self.num_decisions += len(seen)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What all processes have counted for one bundle in the window that ends now.

    Attributes:
        counts: of every measure.
        num_decisions: in it.
        is_full: whether its first second was watched, and most of the blocks in which orders came.
    """

    counts: Counts
    num_decisions: int
    is_full: bool


def block_of(reference: Reference, now: int) -> int:
    """First second of the block that ``now`` is in."""
    seconds = reference.window_seconds // NUM_BLOCKS or 1
    return now // seconds * seconds


def write_tally(tx: Connection, sha256: str, writer: str, tally: Tally) -> None:
    """What this process has counted so far replaces what it had."""
    values: dict[str, Any] = {
        "num_decisions": tally.num_decisions,
        "counts": json.dumps([counts.tolist() for counts in tally.counts]),
    }
    row = insert(tx, tables.tallies).values(bundle_sha256=sha256, begins_at=tally.begins_at, writer=writer, **values)
    tx.execute(row.on_conflict_do_update(index_elements=tables.tallies.primary_key.columns, set_=values))


def read_window(tx: Connection, sha256: str, reference: Reference, now: int) -> Window:
    """The window that ends in the block of ``now``."""
    row, first = tables.tallies.c, block_of(reference, now - reference.window_seconds)
    within = (row.begins_at > first, row.begins_at <= now)
    query = select(row.begins_at, row.num_decisions, row.counts).where(row.bundle_sha256 == sha256, *within)
    total, own = Tally(reference, first), set[int]()
    for begins_at, num_decisions, text in tx.execute(query):
        own.add(begins_at)
        total.num_decisions += num_decisions
        for counts, more in zip(total.counts, json.loads(text), strict=True):
            counts += np.array(more, np.int64)
    began = tx.execute(select(func.min(row.begins_at)).where(row.bundle_sha256 == sha256)).scalar()
    of_any = tx.execute(select(row.begins_at).distinct().where(*within)).scalars()
    num_busy = len({block_of(reference, begins_at) for begins_at in of_any})  # others' blocks may be of another length
    is_watched = len(own) >= max(LEAST_BLOCKS, WATCHED_SHARE * num_busy)
    return Window(total.counts, total.num_decisions, began is not None and began <= first and is_watched)


def forget_tallies(tx: Connection, window_seconds: int, now: int) -> None:
    """Deletes what no window needs any more, whichever policy it is of: those that decide no more are forgotten, too.

    Args:
        tx: a writing transaction.
        window_seconds: of the longest window that anybody watches.
        now: UTC seconds.
    """
    old = tables.tallies.c.begins_at < now - KEPT_WINDOWS * max(LONGEST_SECONDS, window_seconds)
    tx.execute(delete(tables.tallies).where(old))
