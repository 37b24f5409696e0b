"""A stage of the chain in a thread of its own, so that one that stalls stalls no answer."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Stalled(Exception):
    """No answer in time, or busy with a call that ran out of time.

    Args:
        words: which of both, and of whom.
        seconds: that the call without an answer has had until now, from whomever it was.
    """

    def __init__(self, words: str, seconds: float) -> None:
        super().__init__(words)
        self.seconds = seconds


class _Job:
    """One call. Plain locks and flags: futures cost more than the model does.

    Attributes:
        act: what is to be done.
        began: ``time.perf_counter()`` at which it was asked for.
        over: released when it has answered or raised.
        state: waiting, running, over, or given up before it ran; changed by who holds ``guard``.
        result: of ``act``.
        error: that it raised.
    """

    __slots__ = ("act", "began", "error", "guard", "over", "result", "state")

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act, self.began = act, time.perf_counter()
        self.guard, self.over = threading.Lock(), threading.Lock()
        self.over.acquire()
        self.state = "waiting"
        self.result: Any = None
        self.error: BaseException | None = None

    def begin(self) -> bool:
        """Whether somebody still waits for it."""
        with self.guard:
            if self.state != "waiting":
                return False
            self.state = "running"
            return True

    def give_up(self) -> None:
        """Nobody waits for it any more; if it runs already, it goes on."""
        with self.guard:
            if self.state == "waiting":
                self.state = "given up"


class StageThread:
    """Decides within a time budget.

    While a call that ran out of time is still running, further calls are refused at once; when it comes back, they are
    made again. The thread is a daemon: a call that never comes back does not keep the process alive. It ends when
    nobody holds this object any more, so that a policy that was replaced is forgotten after its last answer.

    What holds Python's lock all the time, as compiled code may, cannot be overtaken by any thread.

    Args:
        name: who decides, in words.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._stalled: _Job | None = None
        threading.Thread(target=_work, args=(self._jobs,), name=name, daemon=True).start()
        weakref.finalize(self, self._jobs.put, None)

    def call(self, act: Callable[[], T], timeout: float) -> T:
        """What ``act`` returns.

        Args:
            act: what is to be done.
            timeout: seconds.

        Raises:
            Stalled: no answer in time, or still busy with a call that ran out of time.
            Exception: whatever ``act`` raised.
        """
        stalled = self._stalled
        if stalled is not None and stalled.state == "running":
            seconds = time.perf_counter() - stalled.began
            raise Stalled(f"{self._name} is still busy with a call that ran out of time", seconds)
        job = _Job(act)
        self._jobs.put(job)
        if not job.over.acquire(timeout=timeout):
            job.give_up()
            if job.state == "running":
                self._stalled = job
            if job.state != "over":
                raise Stalled(f"{self._name} gave no answer within {1000 * timeout:.0f} ms", timeout)
        result: T = job.result
        error = job.error
        try:
            if error is not None:
                raise error
            return result
        finally:
            del error, job  # an error knows this frame: together they would stay until garbage is collected


def _work(jobs: SimpleQueue[_Job | None]) -> None:
    """Works until there is a None. Holds the queue alone, so that its owner can be forgotten."""
    while True:
        job = jobs.get()
        if job is None:
            return
        if not job.begin():
            continue
        try:
            job.result = job.act()
        except BaseException as error:
            job.error = error
        del job.act  # which knows the stage, by whom the job may be known: together they would stay
        job.state = "over"
        job.over.release()
        del job  # and all that it holds, until the next one comes
