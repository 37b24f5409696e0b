"""The model in a thread of its own, so that a stalled one stalls no answer."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import numpy as np

from agents.bundle import PolicyError

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


class _Job:
    """One call of the model. Plain locks and flags: futures cost more than the model does.

    Attributes:
        features: see ``ModelThread.scores``.
        context: see there.
        over: released when the model has answered or raised.
        state: waiting, running, over, or given up before it ran; changed by who holds ``guard``.
        result: of the model.
        error: that it raised.
    """

    __slots__ = ("context", "error", "features", "guard", "over", "result", "state")

    def __init__(self, features: np.ndarray, context: np.ndarray) -> None:
        self.features, self.context = features, context
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


class ModelThread:
    """Scores plans within a time budget.

    While a call that ran out of time is still running, further calls are refused at once; when it comes back, the
    model is asked again. The thread is a daemon: a model that never comes back does not keep the process alive. It ends
    when nobody holds this object any more, so that a policy that was replaced is forgotten after its last answer.
    """

    def __init__(self, score: Score) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._stalled: _Job | None = None
        threading.Thread(target=_work, args=(self._jobs, score), name="policy model", daemon=True).start()
        weakref.finalize(self, self._jobs.put, None)

    def scores(self, features: np.ndarray, context: np.ndarray, timeout: float) -> np.ndarray:
        """Logits of one decision.

        Args:
            features: float32 (K, NUM_FEATURES).
            context: float32 (NUM_CONTEXT,).
            timeout: seconds.

        Raises:
            PolicyError: no answer in time, or the model is still busy with a call that ran out of time.
            Exception: whatever the model raised.
        """
        stalled = self._stalled
        if stalled is not None and stalled.state == "running":
            raise PolicyError("the policy is still busy with a call that ran out of time")
        job = _Job(features, context)
        self._jobs.put(job)
        if not job.over.acquire(timeout=timeout):
            job.give_up()
            if job.state == "running":
                self._stalled = job
            if job.state != "over":
                raise PolicyError(f"the policy gave no answer within {1000 * timeout:.0f} ms")
        result: np.ndarray = job.result
        error = job.error
        try:
            if error is not None:
                raise error
            return result
        finally:
            del error, job  # an error knows this frame: together they would stay until garbage is collected


def _work(jobs: SimpleQueue[_Job | None], score: Score) -> None:
    """Scores until there is a None. Holds the queue alone, so that its owner can be forgotten."""
    while True:
        job = jobs.get()
        if job is None:
            return
        if not job.begin():
            continue
        try:
            job.result = score(job.features, job.context)
        except BaseException as error:
            job.error = error
        job.state = "over"
        job.over.release()
        del job  # and all that it holds, until the next one comes
