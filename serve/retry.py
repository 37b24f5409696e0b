"""Trying again what met another transaction: somebody else got something, so there is progress each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from serve.changes import Taken
from serve.database import is_conflict
from serve.metrics import RETRIES

ATTEMPTS = 10

T = TypeVar("T")


class Contended(Exception):
    """Others were faster, again and again; the argument says at what."""


class Repeated(Exception):
    """The idempotency key has been used, perhaps just now."""


def retried(act: Callable[[], T]) -> T:
    """The result of ``act``, which reads all that it needs anew each time.

    Raises:
        Contended: goods were gone, or transactions met, as often as it was tried.
    """
    reason = ""
    for _ in range(ATTEMPTS):
        try:
            return act()
        except (Taken, Repeated) as error:
            reason = str(error)
            RETRIES.inc()
        except DBAPIError as error:
            if not is_conflict(error):
                raise
            reason = type(error.orig).__name__
            RETRIES.inc()
    raise Contended(reason)
