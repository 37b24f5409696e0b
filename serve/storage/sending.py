"""Statements on the path of every decision: compiled once, sent to the driver as they are.

SQLAlchemy's own way costs ten times as much for each, which adds up to more than the decision itself. Values are texts,
numbers and bytes, which both drivers take and give alike; exceptions are those of SQLAlchemy, on which answers depend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, String, bindparam
from sqlalchemy.exc import DBAPIError


def placeholders(number: int) -> list[Any]:
    """So many parameters for an ``IN``, whose values are ``named``."""
    return [bindparam(f"name_{i}", type_=String) for i in range(number)]


def named(values: Sequence[str]) -> dict[str, str]:
    """Values of ``placeholders``."""
    return {f"name_{i}": value for i, value in enumerate(values)}


def fetch(tx: Connection, statement: Any, **values: Any) -> list[tuple[Any, ...]]:
    """All rows that a statement gives.

    Args:
        tx: a transaction.
        statement: made once, as what it was compiled to is kept.
        values: of its parameters and, in an ``INSERT`` or ``UPDATE``, of its columns.

    Raises:
        sqlalchemy.exc.DBAPIError: as SQLAlchemy would raise it.
    """
    found: list[tuple[Any, ...]] = _sent(tx, statement, [values]).fetchall()
    return found


def change(tx: Connection, statement: Any, **values: Any) -> int:
    """Sends an ``UPDATE`` or ``INSERT``, like ``fetch``, and tells how many rows it has changed."""
    return int(_sent(tx, statement, [values]).rowcount)


def change_each(tx: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> int:
    """Sends a statement for each of some rows of values, all of the same names; tells how many it has changed."""
    return int(_sent(tx, statement, rows).rowcount) if rows else 0


def _sent(tx: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
    text, in_places, fixed = _compiled(statement, tx.dialect, tuple(rows[0]))
    given = [{**fixed, **row} for row in rows] if fixed else rows
    places: Sequence[Any] = given if in_places is None else list(map(in_places, given))
    driver: Any = tx.connection.driver_connection
    try:
        if len(places) == 1:
            return driver.execute(text, places[0])
        cursor = driver.cursor()
        cursor.executemany(text, places)
        return cursor
    except tx.dialect.loaded_dbapi.Error as error:
        driver_error = tx.dialect.loaded_dbapi.Error
        raise DBAPIError.instance(text, None, error, driver_error, dialect=tx.dialect) from error


@cache
def _compiled(
    statement: Any, dialect: Any, keys: tuple[str, ...]
) -> tuple[str, Callable[[Mapping[str, Any]], Sequence[Any]] | None, dict[str, Any]]:
    """Text, what puts parameters into their places where they have no names, and values that stand in the statement."""
    compiled = statement.compile(dialect=dialect, column_keys=list(keys))
    fixed = {name: value for name, value in compiled.params.items() if name not in keys}
    return str(compiled), _placer(compiled.positiontup) if compiled.positional else None, fixed


def _placer(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: [row[name] for name in names]
