"""Solved prices in the database: all processes and restarts use the same from the same second on."""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, delete, or_, select, update

from serve.pricing.tables import bid_prices
from serve.storage.database import insert_new

_row = bid_prices.c


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """Prices of one job. All times are UTC seconds.

    Attributes:
        due_at: when the job was due.
        solved_at: of the state that they were solved with.
        valid_from: when they come into force.
        table: int64 (W, K) millicents a unit, read-only.
    """

    due_at: int
    solved_at: int
    valid_from: int
    table: np.ndarray


def claim(tx: Connection, sha256: str, due: int, now: int, until: int) -> bool:
    """Whether a job is this process's until a time: nobody has done it, nor is anybody just doing it."""
    if insert_new(tx, bid_prices, pricer_sha256=sha256, due_at=due, claimed_until=until):
        return True
    free = (_row.content.is_(None), _row.claimed_until <= now)
    again = update(bid_prices).where(_row.pricer_sha256 == sha256, _row.due_at == due, *free)
    return bool(tx.execute(again.values(claimed_until=until)).rowcount)


def postpone(tx: Connection, sha256: str, due: int, until: int) -> None:
    """A job that failed may be tried again from a time on."""
    mine = update(bid_prices).where(_row.pricer_sha256 == sha256, _row.due_at == due, _row.content.is_(None))
    tx.execute(mine.values(claimed_until=until))


def keep(tx: Connection, sha256: str, solved: Solved, oldest: int) -> str | None:
    """Writes prices of a job that was claimed, and forgets jobs of all pricers that were due before ``oldest``.

    What was in force then stands in the records of decisions, and some of them stand nowhere any more.

    Returns:
        SHA-256 of what was written; None if somebody else was faster.
    """
    file = io.BytesIO()
    np.save(file, solved.table, allow_pickle=False)
    mine = update(bid_prices).where(_row.pricer_sha256 == sha256, _row.due_at == solved.due_at)
    content = zlib.compress(file.getvalue())
    values = {"solved_at": solved.solved_at, "valid_from": solved.valid_from, "content": content}
    is_written = tx.execute(mine.where(_row.content.is_(None)).values(**values)).rowcount
    tx.execute(delete(bid_prices).where(_row.due_at < oldest))
    return hashlib.sha256(content).hexdigest() if is_written else None


def read_solved(tx: Connection, sha256: str, known: dict[int, Solved]) -> tuple[Solved, ...]:
    """All prices that are kept of a pricer, by the time of their jobs.

    Args:
        tx: a reading transaction.
        sha256: of the pricer.
        known: by the time of their jobs, those that need not be read again.
    """
    where = (_row.pricer_sha256 == sha256, _row.content.is_not(None))
    found = tx.execute(select(_row.due_at).where(*where).order_by(_row.due_at)).scalars().all()
    fresh = [due for due in found if due not in known]
    rows = {}
    if fresh:
        query = select(_row.due_at, _row.solved_at, _row.valid_from, _row.content).where(*where)
        wanted = or_(*(_row.due_at == due for due in fresh))
        rows = {row.due_at: Solved(*row[:3], _table(row.content)) for row in tx.execute(query.where(wanted))}
    return tuple(known[due] if due in known else rows[due] for due in found)


def _table(content: bytes) -> np.ndarray:
    table: np.ndarray = np.load(io.BytesIO(zlib.decompress(content)), allow_pickle=False)
    table.flags.writeable = False
    return table
