"""Times that requests, events and queries state: within the years that a calendar can be made for.

Beyond them a time may have no name in UTC, such as 0001-01-01T00:00:00+14:00: kept, it would fail whatever reads it.
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.documents import Document, OrderDocument, SnapshotDocument
from agents.table_columns import times
from scenarios.errors import InputError
from scenarios.local_time import parse_utc

END_SECONDS = 1 << 33
"""Of ``agents.rolling_calendar``: UTC second in 2242 at which no calendar begins any more; the first is 0, in 1970."""

_EXPECTED, _REMEDY = "a time from 1970 to 2242", "correct the year"


def stated_utc(key: str, text: str) -> int:
    """UTC second of a time.

    Args:
        key: path of the time, for errors.
        text: ISO 8601 with zone.

    Raises:
        InputError: no time, or one that is too far away.
    """
    at = parse_utc(key, text)
    check_utc(key, at, text)
    return at


def check_utc(key: str, at: int, text: object) -> None:
    """Refuses a UTC second that is too far away.

    Args:
        key: path of the time, for errors.
        at: the second.
        text: what it was made of, for errors.

    Raises:
        InputError: it is.
    """
    if not 0 <= at < END_SECONDS:
        raise InputError(key, text, _EXPECTED, _REMEDY)


def check_order(order: OrderDocument) -> None:
    """Refuses an order with a time that is none, or too far away.

    Raises:
        InputError: names the first one.
    """
    stated = {"placed_at": order.placed_at, "promise_at": order.promise_at}
    for i, line in enumerate(order.lines):
        stated |= {f"lines[{i}].ship_from": line.ship_from, f"lines[{i}].promise_at": line.promise_at}
    for field, text in stated.items():
        if text is not None:
            stated_utc(f"order.{field}", text)


def check_snapshot(snapshot: SnapshotDocument) -> None:
    """The same for a snapshot.

    Raises:
        InputError: names the first one.
    """
    stated_utc("snapshot.now", snapshot.now)
    if snapshot.calendar_end is not None:
        stated_utc("snapshot.calendar_end", snapshot.calendar_end)
    for i, station in enumerate(snapshot.stations):
        for k, text in enumerate(station.busy_until):
            stated_utc(f"snapshot.stations[{i}].busy_until[{k}]", text)
    for table, field in (("bookings", "collection_at"), ("receipts", "expected_at"), ("interruptions", "until")):
        _check_column(f"snapshot.{table}", getattr(snapshot, table), field)


def _check_column(key: str, rows: Sequence[Document], field: str) -> None:
    for i, at in enumerate(times(key, rows, field).tolist()):
        check_utc(f"{key}[{i}].{field}", at, getattr(rows[i], field))
