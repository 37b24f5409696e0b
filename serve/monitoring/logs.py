"""The log: JSON lines without personal data. What a line may hold is decided here, whoever writes it."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

_INFORMING = ("serve", "uvicorn")

_REQUESTS = logging.getLogger("serve.request")

_told: ContextVar[dict[str, Any] | None] = ContextVar("told", default=None)
"""What is noted of the request that is being answered; one object for all threads that answer it."""


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, message, and fields that were given as ``extra={"told": ...}``.

    Of an exception only its type and the places that it passed: its message may hold anything that was sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "logger": record.name}
        fields = getattr(record, "told", None)
        line |= fields if fields is not None else {"message": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["places"] = [
                f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.dumps(line, ensure_ascii=True, default=str)


@contextmanager
def writing_logs(stream: TextIO | None = None) -> Iterator[None]:
    """Within the block, records are lines of ``stream`` (standard error).

    Ours and the server's from ``INFO`` on, others' from ``WARNING``: the database library tells all values below that.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)
    before = {name: logging.getLogger(name).level for name in _INFORMING}
    for name in _INFORMING:
        logging.getLogger(name).setLevel(logging.INFO)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def begin_notes() -> None:
    """A request has come."""
    _told.set({})


def note(**fields: Any) -> None:
    """Adds fields to the line of the request that is being answered, if there is one; never what was sent."""
    told = _told.get()
    if told is not None:
        told.update(fields)


def write_request(**fields: Any) -> None:
    """The one line of a request that was answered."""
    _REQUESTS.info("answered", extra={"told": fields | (_told.get() or {})})


def pseudonym(name: str) -> str:
    """Tells actors apart in a log, without their names."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]
