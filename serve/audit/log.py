"""The audit log: rows that each writer chains by hash, over ids and hashes only; payloads beside them can be erased."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, Row, Select, bindparam, cast, delete, select, update

from scenarios.errors import InputError
from serve.audit.kinds import BEGUN, ERASABLE, ERASED, Kind
from serve.audit.links import link_complaints, open_ends, written
from serve.storage import tables
from serve.storage.database import insert_new
from serve.storage.sending import change, fetch
from serve.web.actor import KEEPER

GENESIS = "0" * 64
"""What the first row of a chain follows."""


_SALT_BYTES = 16
"""Salt and content are hashed together: only as the salt has one length is it sure where the content begins."""


class Altered(Exception):
    """A payload is not as it was written.

    Args:
        detail: in the error schema.
    """

    def __init__(self, detail: InputError) -> None:
        self.detail = detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written down.

    Attributes:
        kind: what happened, such as ``decided``.
        actor: who did it, a role or a token's name; never a person's.
        subject: id of what it happened to.
        payload: all about it, erasable.
    """

    kind: Kind
    actor: str
    subject: str
    payload: bytes


_head = tables.audit_heads.c
_HEAD = select(_head.seq, _head.hash).where(_head.writer == bindparam("of")).with_for_update()
_WRITE, _WRITE_PAYLOAD = tables.audit.insert(), tables.payloads.insert()
_KEPT: list[Any] = [
    cast(column, LargeBinary).label(column.name) for column in (tables.payloads.c.salt, tables.payloads.c.content)
]
"""As bytes: SQLite lets whoever alters them write text there, which need not be readable."""
_MOVE_HEAD = update(tables.audit_heads).where(_head.writer == bindparam("of"))


class AuditWriter:
    """One chain. A process has one, and makes a new one when it starts again.

    Attributes:
        id: names the chain.
    """

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex

    def write(self, tx: Connection, entry: Entry) -> int:
        """Appends a row in the transaction of what it tells about; called last, as it holds up other writers.

        Where other chains are there already, this one's first row names their ends.

        Returns:
            Its number in the chain, from 1.
        """
        heads = fetch(tx, _HEAD, of=self.id)
        if not heads:  # this or another thread's row will be the first one: the head is inserted, or waited for
            is_first = insert_new(tx, tables.audit_heads, writer=self.id, seq=0, hash=GENESIS)
            ends = open_ends(tx, self.id) if is_first else []
            if ends:
                subject, content = written(ends)
                self._append(tx, Entry(BEGUN, KEEPER, subject, content), 0, GENESIS)
            heads = fetch(tx, _HEAD, of=self.id)
        seq, previous = heads[0]
        return self._append(tx, entry, int(seq), previous)

    def _append(self, tx: Connection, entry: Entry, seq: int, previous: str) -> int:
        compressed, salt = zlib.compress(entry.payload, 1), os.urandom(_SALT_BYTES)
        row = {
            "writer": self.id,
            "seq": seq + 1,
            "at": time.time_ns() // 1000,
            "kind": entry.kind,
            "actor": entry.actor,
            "subject": entry.subject,
            "payload_sha256": hashlib.sha256(salt + compressed).hexdigest(),
            "previous": previous,
        }
        row["hash"] = hash_of(row)
        place = {"writer": self.id, "seq": row["seq"]}
        change(tx, _MOVE_HEAD, of=self.id, seq=seq + 1, hash=row["hash"])
        change(tx, _WRITE, **row)
        change(tx, _WRITE_PAYLOAD, **place, salt=salt, content=compressed)
        return seq + 1

    def erase(self, tx: Connection, writer: str, seq: int, actor: str) -> None:
        """Erases one payload and says so.

        Raises:
            InputError: there is no such row, or its kind stays for good.
        """
        kind = tx.execute(select(tables.audit.c.kind).where(_is_row(writer, seq))).scalar()
        if kind not in ERASABLE:
            expected = "a row of what happened to orders or goods: " + ", ".join(sorted(ERASABLE))
            raise InputError(f"row {seq} of writer {writer}", kind, expected, "leave it: what decided stays for good")
        row = tables.payloads.c
        tx.execute(delete(tables.payloads).where(row.writer == writer, row.seq == seq))
        self.write(tx, Entry(ERASED, actor, f"{writer}/{seq}", b""))


def _is_row(writer: str, seq: int) -> ColumnElement[bool]:
    return (tables.audit.c.writer == writer) & (tables.audit.c.seq == seq)


def hash_of(row: dict[str, object]) -> str:
    """Over all columns but the hash itself, that of the row before included."""
    columns = [row[column.name] for column in tables.audit.columns if column.name != "hash"]
    return hashlib.sha256(json.dumps(columns, separators=(",", ":")).encode()).hexdigest()


def payload(tx: Connection, writer: str, seq: int) -> bytes | None:
    """The payload of one row; None if it was erased.

    Raises:
        Altered: it is not as it was written.
    """
    row, kept = tables.audit.c, tables.payloads.c
    joined = tables.payloads.outerjoin(tables.audit, (row.writer == kept.writer) & (row.seq == kept.seq))
    query: Select[Any] = select(*_KEPT, row.payload_sha256).select_from(joined)
    found = tx.execute(query.where(kept.writer == writer, kept.seq == seq)).one_or_none()
    if found is None:
        return None
    content = _opened(found)
    if content is None:
        remedy = "look with `routelab audit verify`, and put a backup in its place"
        raise Altered(InputError(f"row {seq} of writer {writer}", "altered", "a payload as it was written", remedy))
    return content


def _opened(found: Row[Any]) -> bytes | None:
    """What was written; None if that is not what is there."""
    digest = hashlib.sha256(found.salt + found.content).hexdigest()
    if len(found.salt) != _SALT_BYTES or digest != found.payload_sha256:
        return None
    try:
        return zlib.decompress(found.content)
    except zlib.error:
        return None


def complaints(tx: Connection) -> Iterator[str]:
    """All that does not fit: rows, order, ends of chains, what ties them together, payloads, decisions without a row.

    Nothing if the log is as it was written.
    """
    row, kept = tables.audit.c, tables.payloads.c
    erased = set(tx.execute(select(row.subject).where(row.kind == ERASED)).scalars())
    heads = {head.writer: head for head in tx.execute(select(tables.audit_heads))}
    joined = tables.audit.outerjoin(tables.payloads, (row.writer == kept.writer) & (row.seq == kept.seq))
    query = select(tables.audit, *_KEPT).select_from(joined).order_by(row.writer, row.seq)
    ends: dict[str, tuple[int, str]] = {}
    begun: list[tuple[str, bytes]] = []
    for found in tx.execute(query.execution_options(yield_per=1000)):
        seq, previous = ends.get(found.writer, (0, GENESIS))
        place = f"row {found.seq} of writer {found.writer}"
        if found.seq != seq + 1:
            yield f"{place}: follows row {seq}"
        elif found.previous != previous:
            yield f"{place}: does not fit the row before"
        if found.hash != hash_of(_audited(found)):
            yield f"{place}: was altered"
        yield from _payload_complaints(found, place, erased)
        ends[found.writer] = (found.seq, found.hash)
        if found.kind == BEGUN and found.content is not None:
            begun.append((found.writer, found.content))
    for writer in sorted(heads.keys() | ends.keys()):
        head = heads.get(writer)
        if head is None or (head.seq, head.hash) != ends.get(writer):
            yield f"the end of writer {writer}: rows are missing, or its head was altered"
    loose = select(kept.writer, kept.seq).select_from(tables.payloads.outerjoin(tables.audit, joined.onclause))
    for writer, seq in tx.execute(loose.where(row.seq.is_(None))):
        yield f"payload {seq} of writer {writer}: belongs to no row"
    yield from link_complaints(tx, begun)
    made = tables.decisions.c
    its_row = (row.writer == made.writer) & (row.seq == made.seq) & (row.subject == made.id)
    missing = select(made.writer, made.seq, made.id).select_from(tables.decisions.outerjoin(tables.audit, its_row))
    missing = missing.where(row.seq.is_(None)).order_by(made.writer, made.seq)
    for writer, seq, decision_id in tx.execute(missing.execution_options(yield_per=1000)):
        yield f"row {seq} of writer {writer}: is not that of decision {decision_id}, which was kept with it"


def _audited(found: Row[Any]) -> dict[str, object]:
    return {column.name: getattr(found, column.name) for column in tables.audit.columns}


def _payload_complaints(found: Row[Any], place: str, erased: set[str]) -> Iterator[str]:
    is_erased = f"{found.writer}/{found.seq}" in erased
    if found.content is None:
        if not is_erased or found.kind not in ERASABLE:
            yield f"{place}: its payload is gone, and no row says that it was erased"
    elif _opened(found) is None:
        yield f"{place}: its payload was altered"
