"""Trying again what met another transaction: somebody else got something, so there is progress each time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from scenarios.errors import InputError
from serve.monitoring.metrics import REFUSED, RETRIES
from serve.orders.changes import Taken
from serve.storage.database import is_conflict

ATTEMPTS = 10

T = TypeVar("T")


class Contended(Exception):
    """Others were faster, again and again. Nothing was done; it may be sent again.

    Args:
        detail: in the error schema.
    """

    def __init__(self, detail: InputError) -> None:
        self.detail = detail
        super().__init__(detail)


class NoTurn(Contended):
    """Others are decided for too long.

    Args:
        deadline_ms: of the request, if that is what leaves no more time.
        seconds: that it waited.
    """

    def __init__(self, deadline_ms: float | None, seconds: float) -> None:
        detail = InputError("server", "busy", f"others decided within {seconds:g} s", "send it again")
        if deadline_ms is not None:
            expected = "more time: it was over before it was this order's turn"
            detail = InputError("deadline_ms", deadline_ms, expected, "send it again, or allow more")
        super().__init__(detail)

    def counted(self) -> NoTurn:
        """The same, to be told to who asked."""
        REFUSED.labels("turn").inc()
        return self


class Repeated(Exception):
    """The idempotency key has been used, perhaps just now."""


def retried(act: Callable[[], T], until: float | None = None) -> T:
    """The result of ``act``, which reads all that it needs anew each time.

    Args:
        act: one attempt.
        until: ``time.perf_counter()`` after which it is not tried again; None: whenever.

    Raises:
        Contended: goods were gone, or transactions met, as often as it was tried.
    """
    reason = ""
    for _ in range(ATTEMPTS):
        try:
            return act()
        except NoTurn as error:
            if not reason:
                raise error.counted() from None
            break  # it came too late because of what had been gone before
        except (Taken, Repeated) as error:
            reason = str(error)
            RETRIES.inc()
        except DBAPIError as error:
            if not is_conflict(error):
                raise
            reason = type(error.orig).__name__
            RETRIES.inc()
        if until is not None and time.perf_counter() >= until:
            break
    raise Contended(InputError("stock", reason, "a moment in which others take less", "send it again"))
