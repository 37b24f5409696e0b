"""The turn to write to a SQLite file, which processes hand on to each other.

SQLite's own way to wait for another process is to sleep and look again, longer each time, up to a tenth of a second.
Here one of those who wait is next and looks much more often; who had the turn comes after him, however quick he is.
The kernel takes from a dead process what it had.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError

try:
    import fcntl
except ImportError:  # Windows: SQLite's own way has to do
    fcntl = None  # type: ignore[assignment]


SECONDS_BETWEEN_LOOKS = 0.0002
"""Of the one who is next; far less than a commit takes."""
_SECONDS_OF_OTHERS = 0.001
"""Of those who wait to be next."""


class FileTurn:
    """One writer at a time, of all threads of all processes that use the same file.

    Args:
        database: the file; empty ones with ``-turn`` and ``-next`` behind its name are put beside it.
        patience_seconds: how long to wait, at most, for who has the turn: he may have been stopped.
    """

    def __init__(self, database: Path, patience_seconds: float) -> None:
        self._threads, self._patience_seconds = threading.Lock(), patience_seconds
        self._paths = [database.with_name(f"{database.name}-{name}") for name in ("turn", "next")]
        self._files: list[int] = []  # both, from the first turn on

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Waits for the turn, and hands it on when the block ends.

        Raises:
            OperationalError: somebody else kept it too long, as SQLite says it of a file that is busy.
        """
        until = time.monotonic() + self._patience_seconds
        if not self._threads.acquire(timeout=self._patience_seconds):
            raise _busy()
        try:
            if fcntl is None:
                yield
                return
            turn, following = self._opened()
            _lock(following, _SECONDS_OF_OTHERS, until)
            try:
                _lock(turn, SECONDS_BETWEEN_LOOKS, until)
            finally:
                fcntl.flock(following, fcntl.LOCK_UN)
            try:
                yield
            finally:
                fcntl.flock(turn, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def _opened(self) -> list[int]:
        if not self._files:
            self._files = [os.open(path, os.O_CREAT | os.O_RDWR, 0o644) for path in self._paths]
        return self._files

    def close(self) -> None:
        """Closes both files, which gives back what was locked."""
        while self._files:
            os.close(self._files.pop())


def _lock(file: int, pause: float, until: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise _busy() from None
            time.sleep(pause)


def _busy() -> OperationalError:
    return OperationalError("BEGIN IMMEDIATE", None, TimeoutError("another process keeps its turn to write"))
