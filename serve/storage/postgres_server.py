"""A PostgreSQL server: its connections come from a pool, and everybody has a transaction of his own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError

T = TypeVar("T")

_LOST = ("08", "57")
"""Classes of errors with which a connection ends, whatever the server was doing; without any it ended by itself."""


class Unacknowledged(OperationalError):
    """The connection ended while a transaction was being committed: it has happened, or it has not."""


class PostgresServer:
    """Lends connections from a pool, looking each time whether the server is there.

    Args:
        url: of a database there.
    """

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=16,
            pool_timeout=3,
            connect_args={"connect_timeout": 3, "tcp_user_timeout": 5000},  # a server that vanishes is noticed, too
        )
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def reading(self, before: Callable[[], object]) -> Iterator[Connection]:
        """See ``Database``."""
        with self._reader.connect() as tx:
            before()
            with tx.begin():
                yield tx

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """See ``Database``."""
        is_done = False
        try:
            with self._engine.begin() as tx:
                yield tx
                is_done = True
        except DBAPIError as error:
            if not is_done or _is_refused(error):
                raise
            raise Unacknowledged("COMMIT", None, error.orig or error) from error

    def write(self, act: Callable[[Connection], T]) -> T:
        """See ``Database``."""
        with self.writing() as tx:
            return act(tx)

    def tidy(self) -> None:
        """The server does it."""

    def close(self) -> None:
        """Gives all connections back."""
        self._engine.dispose()


def _is_refused(error: DBAPIError) -> bool:
    """Whether the server has said that a transaction has not happened."""
    state = getattr(error.orig, "sqlstate", None)
    return state is not None and state[:2] not in _LOST
