"""A SQLite file: connections that stay open, and transactions that begin and end without SQLAlchemy's share of them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from serve.storage.file_turn import FileTurn
from serve.storage.sending import change
from serve.storage.turns import Turns

T = TypeVar("T")

_BUSY_MS = 10_000
"""How long a process waits for another one that writes to the same file."""

_BEGIN, _BEGIN_WRITING, _COMMIT = text("BEGIN"), text("BEGIN IMMEDIATE"), text("COMMIT")

_KEPT = 32
"""Connections that stay open while nobody needs them; as many as are needed at once are made."""

_LOG_PAGES = 32_768
"""Of 4 KiB, in the write-ahead log, after which ``tidy`` has it begin anew; all of them have been moved by then."""

_AHEAD_PAGES = 2 * _LOG_PAGES
"""After which a commit moves them itself, although somebody waits for it: nobody tidies, or readers are in the way."""

_READERS_MS = 20
"""How long writers wait at most for those who still read from the log, so that it can begin anew."""


class SqliteFile:
    """Lends connections. To connect, begin and end by way of SQLAlchemy costs more than all statements of a decision.

    Statements may be sent by either way: what SQLAlchemy takes for the begin of a transaction sends nothing here.

    Args:
        url: of the file.
    """

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url, poolclass=NullPool)  # connections are kept here
        event.listen(self._engine, "connect", _prepare)
        self._free: list[Connection] = []
        # One writer at a time is all that SQLite has; who waits does so here, where he is woken at once.
        self._turn = FileTurn(Path(str(url.database)), _BUSY_MS / 1000)
        self._turns = Turns(self.writing)

    @contextmanager
    def reading(self, before: Callable[[], object]) -> Iterator[Connection]:
        """See ``Database``."""
        with self._lent() as tx:
            before()
            with _transaction(tx, _BEGIN):
                yield tx

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """See ``Database``."""
        with self._turn(), self._lent() as tx, _transaction(tx, _BEGIN_WRITING):
            yield tx

    def write(self, act: Callable[[Connection], T]) -> T:
        """See ``Database``."""
        return self._turns.take(act)

    @contextmanager
    def _lent(self) -> Iterator[Connection]:
        """A connection that nobody else has; after a failure it is given up."""
        try:
            tx = self._free.pop()
        except IndexError:
            tx = self._engine.connect()
        try:
            yield tx
        except BaseException:
            with suppress(sqlite3.Error):
                _driver(tx).rollback()  # of what SQLAlchemy may not know
            tx.close()
            raise
        if len(self._free) < _KEPT:
            self._free.append(tx)
        else:
            tx.close()

    def tidy(self) -> None:
        """Moves what was written ahead to its place, while others write: else a commit has to.

        While there is always somebody who reads, the log only grows; so now and then it is emptied in its own turn.
        """
        with self._lent() as tx:
            ((_, ahead, moved),) = _driver(tx).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        if ahead < _LOG_PAGES or moved < ahead:  # somebody reads what is older: he would have to be waited for
            return
        with self._turn(), self._lent() as tx:
            _driver(tx).execute(f"PRAGMA busy_timeout={_READERS_MS}")
            try:
                _driver(tx).execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
            finally:
                _driver(tx).execute(f"PRAGMA busy_timeout={_BUSY_MS}")

    def close(self) -> None:
        """Gives all connections back."""
        while self._free:
            self._free.pop().close()
        self._engine.dispose()
        self._turn.close()


def _driver(tx: Connection) -> Any:
    return tx.connection.driver_connection


@contextmanager
def _transaction(tx: Connection, begin: Any) -> Iterator[None]:
    change(tx, begin)
    yield
    if tx.in_transaction():  # SQLAlchemy has sent a statement, and wants to know
        tx.commit()
    else:
        change(tx, _COMMIT)


def _prepare(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions begin above, not when the driver thinks so
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    _write_ahead(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", f"wal_autocheckpoint={_AHEAD_PAGES}"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: Any) -> None:
    """Sets the journal of a file; when several begin a new file at once, SQLite refuses some without waiting."""
    deadline = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
