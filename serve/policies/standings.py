"""Who stands in the slots, as the database keeps it: rows that are only added, the last one holds."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Row, select

from serve.audit.kinds import LastingKind
from serve.orders.changes import Taken
from serve.policies import tables as policy_tables
from serve.policies.slots import Standing
from serve.storage.database import insert_new

STARTED: LastingKind = "policy_started"
"""Kind of the row with which an endpoint began that was started with another bundle than before."""

_COLUMNS = ("number", "active", "previous", "candidate", "mode", "share", "experiment_id")
_row = policy_tables.standings.c
_LAST = select(policy_tables.standings).order_by(_row.number.desc()).limit(1)
_LAST_STARTED = select(_row.active).where(_row.kind == STARTED).order_by(_row.number.desc()).limit(1)


def last_standing(tx: Connection) -> Standing | None:
    """What holds now; None before any endpoint started."""
    found = tx.execute(_LAST).one_or_none()
    if found is None:
        return None
    return Standing(**{name: getattr(found, name) for name in _COLUMNS})


def started_with(tx: Connection) -> str | None:
    """SHA-256 of the bundle that endpoints were started with last."""
    return tx.execute(_LAST_STARTED).scalar()


def write_standing(tx: Connection, standing: Standing, kind: str) -> None:
    """Adds what holds from now on.

    Raises:
        Taken: somebody else made a change meanwhile.
    """
    values = {name: getattr(standing, name) for name in _COLUMNS}
    if not insert_new(tx, policy_tables.standings, **values, kind=kind, at=int(time.time())):
        raise Taken("the slots")


def note_loaded(tx: Connection, sha256: str, loaded_by: str, folder: str, name: str) -> None:
    """Remembers who loaded a policy, and where it lies."""
    key = {"sha256": sha256, "loaded_by": loaded_by}
    insert_new(tx, policy_tables.policies, **key, folder=folder, name=name, loaded_at=int(time.time()))


def loads_of(tx: Connection, sha256: str) -> list[Row[Any]]:
    """Who loaded a policy, from where, and when; the first one first."""
    row = policy_tables.policies.c
    query = select(policy_tables.policies).where(row.sha256 == sha256).order_by(row.loaded_at, row.loaded_by)
    return list(tx.execute(query))
