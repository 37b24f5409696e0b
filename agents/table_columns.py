"""Columns of a document's tables: names become indices, for all rows at once; what does not fit is named by its row."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np

from agents.light_documents import LightTable
from scenarios.errors import InputError
from scenarios.local_time import parse_utc
from scenarios.trace import Names

_seconds = lru_cache(maxsize=1 << 14)(lambda text: parse_utc("", text))
"""Collections are the same for all orders of a day; a text that is no time is not kept."""


class NameIndex:
    """Numbers of the names of a network, by kind: warehouse, service, region, sku.

    Args:
        scenario: for messages.
        names: of its network.
    """

    def __init__(self, scenario: str, names: Names) -> None:
        self._scenario = scenario
        kinds = {
            "warehouse": names.warehouses,
            "service": names.services,
            "region": names.regions,
            "sku": names.skus,
        }
        self._index = {kind: {name: i for i, name in enumerate(known)} for kind, known in kinds.items()}

    def find(self, kind: str, key: str, name: str) -> int:
        """The number of one name.

        Raises:
            InputError: unknown, with the nearest one.
        """
        table = self._index[kind]
        if name not in table:
            near = difflib.get_close_matches(name, table, n=1, cutoff=0.4)
            raise InputError(
                key,
                name,
                f"a {kind} of {self._scenario}, such as {next(iter(table))}",
                f"did you mean {near[0]!r}?".rstrip(".") if near else "correct the name",
            )
        return table[name]

    def find_all(self, kind: str, key: str, rows: Sequence[Any]) -> np.ndarray:
        """Numbers of the names in the rows of a table, int64 (rows,).

        Raises:
            InputError: the first that is unknown.
        """
        table = self._index[kind]
        found = list(map(table.get, values_of(rows, kind)))
        if None in found:
            i = found.index(None)
            self.find(kind, f"{key}[{i}].{kind}", getattr(rows[i], kind))
        return np.array(found, np.int64)


def values_of(rows: Sequence[Any], field: str) -> Sequence[Any]:
    """One field of a table, as it is there: of tables by columns, times are seconds."""
    return rows.column(field) if isinstance(rows, LightTable) else list(map(attrgetter(field), rows))


def column(rows: Sequence[Any], field: str) -> np.ndarray:
    """Numbers of one field, int64 (rows,)."""
    return np.array(values_of(rows, field), np.int64)


def times(key: str, rows: Sequence[Any], field: str) -> np.ndarray:
    """UTC seconds of one field, int64 (rows,).

    Raises:
        InputError: the first that is no time.
    """
    if isinstance(rows, LightTable):
        return column(rows, field)
    texts = values_of(rows, field)
    try:
        return np.array(list(map(_seconds, texts)), np.int64)
    except InputError:
        return np.array([parse_utc(f"{key}[{i}].{field}", text) for i, text in enumerate(texts)], np.int64)


def refuse_first(is_bad: np.ndarray, error: Callable[[int], InputError]) -> None:
    """Refuses a table of which some rows are bad.

    Args:
        is_bad: bool (rows,).
        error: of the first bad row.

    Raises:
        InputError: if there is one.
    """
    if is_bad.any():
        raise error(int(is_bad.argmax()))


def check_once(
    key: str, numbers: np.ndarray, rows: Sequence[Any], fields: tuple[str, ...], places: np.ndarray | None = None
) -> None:
    """Refuses a second row of the same thing.

    Args:
        key: of the table.
        numbers: int64 (N,), equal for the same thing.
        rows: of the table.
        fields: that name the thing.
        places: int64 (N,) of these rows in the table; None: all of them.

    Raises:
        InputError: names the second row.
    """
    known = numbers.tolist()
    if len(set(known)) < len(known):
        i = next(i for i, number in enumerate(known) if number in known[:i])
        place = i if places is None else int(places[i])
        raise InputError(f"{key}[{place}]", _named(rows[place], fields), "each once", "remove the second row")


def _named(row: Any, fields: tuple[str, ...]) -> object:
    named = tuple(getattr(row, field) for field in fields)
    return named if len(named) > 1 else named[0]
