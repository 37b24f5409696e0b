"""Orders go first: what costs as much as many decisions, and decides nothing, is done one at a time in each process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from scenarios.errors import InputError
from serve.monitoring.metrics import REFUSED
from serve.storage.retry import Contended

WAIT_SECONDS = 2.0
"""For what is being done; then it is to be asked for again."""

PATIENCE_SECONDS = 60.0
"""Of what is done in many small pieces, so that others get in between."""

MOST_WAITING = 8
"""Who waits has a thread, of which other paths need some, too."""

_DOING = threading.Lock()
_PLACES = threading.BoundedSemaphore(1 + MOST_WAITING)


@contextmanager
def aside(*, is_piece: bool = False) -> Iterator[None]:
    """Alone with what is done beside the decisions: explanations, replays, results, calibrations, estimates.

    Args:
        is_piece: of something longer, which would be lost if it were refused in its middle.

    Raises:
        Contended: something else is being done for too long, or too many wait for it.
    """
    if not _PLACES.acquire(timeout=PATIENCE_SECONDS if is_piece else 0):
        raise _busy()
    try:
        if not _DOING.acquire(timeout=PATIENCE_SECONDS if is_piece else WAIT_SECONDS):
            raise _busy()
        try:
            yield
        finally:
            _DOING.release()
    finally:
        _PLACES.release()


@contextmanager
def alone(lock: threading.Lock) -> Iterator[None]:
    """One at a time of what takes long; the next one is to be asked for again.

    Raises:
        Contended: another one is being made.
    """
    if not lock.acquire(blocking=False):
        raise _busy()
    try:
        yield
    finally:
        lock.release()


def _busy() -> Contended:
    REFUSED.labels("aside").inc()
    expected = f"one explanation, replay, result, calibration or estimate at a time, and a wait of {WAIT_SECONDS:g} s"
    return Contended(InputError("server", "busy", expected, "send it again"))
