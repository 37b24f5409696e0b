"""The database: SQLite in one file, or PostgreSQL by a URL. Consistent reads, durable writes, schema at the start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from scenarios.errors import InputError
from serve.storage.postgres_server import PostgresServer
from serve.storage.sending import fetch
from serve.storage.sqlite_file import SqliteFile

T = TypeVar("T")

DEFAULT_URL = "sqlite:///routelab.db"

_DRIVERS = {"sqlite": None, "postgresql": "postgresql+psycopg"}
"""By kind of database; None: as its URL says."""

_WANTED = "a database URL, with any port from 1 to 65535 and a password's @ : / percent-encoded"
_REMEDY = "write sqlite:///FILE or postgresql://USER@HOST:PORT/NAME, and the password into PGPASSWORD or ~/.pgpass"

_MIGRATING = 0x726F757465
"""PostgreSQL's advisory lock: one process makes the schema, others wait for it."""


class Database:
    """Consistent reads and durable writes. Safe to share between threads, not across a fork.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://...``; a password that it has not is taken from where libpq looks.
        must_exist: a SQLite file is not made if it is not there.

    Raises:
        InputError: another kind of URL, one that cannot be, or no such file.
    """

    def __init__(self, url: str = DEFAULT_URL, must_exist: bool = False) -> None:
        parsed = _parse(url)
        if must_exist and parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
            raise InputError("--database", parsed.database, "a file that is there", "correct the path")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._kept: SqliteFile | PostgresServer = SqliteFile(parsed) if self.is_sqlite else PostgresServer(parsed)

    def reading(self, before: Callable[[], object] = lambda: None) -> AbstractContextManager[Connection]:
        """A transaction that sees one moment, whatever others write meanwhile.

        Args:
            before: done when there is a connection, before that moment.
        """
        return self._kept.reading(before)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that is on disk when the block ends, or has not happened."""
        return self._kept.writing()

    def write(self, act: Callable[[Connection], T]) -> T:
        """What ``act`` does in a writing transaction is on disk when this returns; if it raises, it has not happened.

        It may share the transaction with others that wait for their turn at a SQLite file, and run in their thread.
        PostgreSQL, where writers do not wait for each other, gives each a transaction of its own.
        """
        return self._kept.write(act)

    def tidy(self) -> None:
        """Moves what was written ahead to its place in a SQLite file, while others write: else a commit has to."""
        self._kept.tidy()

    def ping(self) -> None:
        """Fails if the database is away."""
        with self.reading() as tx:
            tx.execute(text("SELECT 1"))

    def migrate(self) -> None:
        """Brings the schema to the newest revision; several processes may do so at once."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.writing() as tx:
            if not tx.in_transaction():
                tx.begin()  # else Alembic would end what is to happen as one
            if not self.is_sqlite:
                tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
            config.attributes["connection"] = tx
            command.upgrade(config, "head")

    def close(self) -> None:
        """Gives all connections back."""
        self._kept.close()


def insert(tx: Connection, table: Table) -> Any:
    """An ``INSERT`` that knows ``ON CONFLICT``, which both databases write alike."""
    return insert_for(tx.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Any:
    """The same, to be made before there is a transaction."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def insert_or(make: Callable[[Any], Any], table: Table, dialect: str) -> Any:
    """An ``INSERT`` that ``make`` has told what to do on a conflict, made once; it returns the key if it has written.

    Args:
        make: a function of the ``INSERT``, at the top of a module.
        table: for whose rows.
        dialect: the database's.
    """
    return make(insert_for(dialect, table)).returning(*table.primary_key.columns)


def is_written(tx: Connection, table: Table, make: Callable[[Any], Any], values: dict[str, Any]) -> bool:
    """Inserts one row and tells whether something was written; drivers do not count that."""
    return bool(fetch(tx, insert_or(make, table, tx.dialect.name), **values))


def _nothing(statement: Any) -> Any:
    return statement.on_conflict_do_nothing()


def insert_new(tx: Connection, table: Table, **values: Any) -> bool:
    """Inserts a row unless its key is known; waits for another transaction that is just inserting it.

    Returns:
        Whether it was new.
    """
    return is_written(tx, table, _nothing, values)


def is_conflict(error: DBAPIError) -> bool:
    """Whether a transaction met another one on PostgreSQL (deadlock, serialization) and may be tried again."""
    return getattr(error.orig, "sqlstate", None) in ("40001", "40P01")


def _parse(url: str) -> URL:
    """Whatever is wrong, no part of it is said that may be a password."""
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
        if kind in _DRIVERS:
            _check_parts(parsed)
    except (ArgumentError, ValueError):
        raise InputError("--database", "not shown, as it may hold a password", _WANTED, _REMEDY) from None
    if kind not in _DRIVERS or (kind == "sqlite" and not parsed.database):
        raise InputError("--database", kind, "a SQLite file or PostgreSQL", _REMEDY)
    return parsed


def _check_parts(url: URL) -> None:
    """Refuses what a driver would only complain of, or repeat, when it connects.

    Raises:
        ValueError, ArgumentError: a part that cannot be.
    """
    driver = _DRIVERS[url.get_backend_name()] or url.drivername
    _, options = url.set(drivername=driver).get_dialect()().create_connect_args(url)
    if "@" in options.get("host", ""):
        raise ValueError("the end of a password")
    ports = [int(port) for port in str(options.get("port", "")).split(",") if port]
    if url.port == 0 or not all(1 <= port <= 65_535 for port in ports):
        raise ValueError("no port")
