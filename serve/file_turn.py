"""The turn to write to a SQLite file, which processes hand on to each other.

SQLite's own way to wait for another process is to sleep and look again, longer each time. Here the kernel wakes who
waits, and gives a dead process's turn to the next.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: SQLite's own way has to do
    fcntl = None  # type: ignore[assignment]


class FileTurn:
    """One writer at a time, of all threads of all processes that use the same file.

    Args:
        database: the file; an empty one with ``-turn`` behind its name is put beside it.
    """

    def __init__(self, database: Path) -> None:
        self._threads = threading.Lock()
        self._path = database.with_name(f"{database.name}-turn")

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Waits for the turn, and hands it on when the block ends."""
        with self._threads:
            if fcntl is None:
                yield
                return
            with self._path.open("ab") as file:  # closing gives the lock back
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
