"""What goes on beside the answers: done again and again in a thread of its own, until it is told to end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

_log = logging.getLogger(__name__)

PATIENCE_SECONDS = 5.0
"""How long the end of the process waits for what is being done; the threads are daemons and hold up nothing longer."""


class Background:
    """One thing that is done at once and then again after each pause. Whatever fails is tried again.

    Args:
        name: of the thread, in the log, too.
        act: what is done.
        interval_seconds: the pause.
        rest: the pause is at least so many times as long as what was done took, as orders go first.
    """

    def __init__(self, name: str, act: Callable[[], object], interval_seconds: float, rest: float = 0.0) -> None:
        self.name, self._act = name, act
        self._interval_seconds, self._rest = interval_seconds, rest
        self._lock = threading.Lock()
        self._woken, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._problem: str | None = None

    def start(self) -> None:
        """Begins, unless it has; after an end it begins anew."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive() and not self._over.is_set():
                return
            self._woken, self._over = threading.Event(), threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._woken, self._over), name=self.name, daemon=True
            )
            self._thread.start()

    def wake(self) -> None:
        """Ends the pause."""
        self._woken.set()

    def end(self) -> None:
        """What is being done is the last; may be said from within."""
        with self._lock:
            self._over.set()
            self._woken.set()

    @property
    def is_over(self) -> bool:
        """Whether it was told to end: what takes long asks now and then."""
        return self._over.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether it ends within ``seconds``."""
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(seconds)
        return not thread.is_alive()

    def _run(self, woken: threading.Event, over: threading.Event) -> None:
        while not over.is_set():
            began = time.perf_counter()
            self._once()
            woken.wait(max(self._interval_seconds, self._rest * (time.perf_counter() - began)))
            woken.clear()

    def _once(self) -> None:
        """A problem is told when it begins and when it is over: by its type, as its message may hold anything."""
        try:
            self._act()
        except Exception as error:  # the database may be away for a while
            problem = type(error).__name__
            if problem != self._problem:
                _log.error("%s: %s", self.name, problem)
            self._problem = problem
            return
        if self._problem is not None:
            _log.warning("%s: works again", self.name)
        self._problem = None


def stop(loops: Sequence[Background], seconds: float = PATIENCE_SECONDS) -> None:
    """Tells all to end, and waits for them together for at most ``seconds``."""
    for loop in loops:
        loop.end()
    until = time.monotonic() + seconds
    for loop in loops:
        if not loop.wait(max(0.0, until - time.monotonic())):
            _log.error("%s: does not end", loop.name)
