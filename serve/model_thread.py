"""The model in a thread of its own, so that a stalled one stalls no answer."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue

import numpy as np

from agents.bundle import PolicyError

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]
Job = tuple["Future[np.ndarray]", np.ndarray, np.ndarray]


class ModelThread:
    """Scores plans within a time budget.

    While a call that ran out of time is still running, further calls are refused at once; when it comes back, the
    model is asked again. The thread is a daemon: a model that never comes back does not keep the process alive. It ends
    when nobody holds this object any more, so that a policy that was replaced is forgotten after its last answer.
    """

    def __init__(self, score: Score) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._stalled: Future[np.ndarray] | None = None
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
        if stalled is not None and not stalled.done():
            raise PolicyError("the policy is still busy with a call that ran out of time")
        job: Future[np.ndarray] = Future()
        self._jobs.put((job, features, context))
        wait([job], timeout)
        if not job.done():
            if not job.cancel():
                self._stalled = job
            raise PolicyError(f"the policy gave no answer within {1000 * timeout:.0f} ms")
        return job.result()


def _work(jobs: SimpleQueue[Job | None], score: Score) -> None:
    """Scores until there is a None. Holds the queue alone, so that its owner can be forgotten."""
    while True:
        asked = jobs.get()
        if asked is None:
            return
        job, features, context = asked
        if not job.set_running_or_notify_cancel():
            continue
        try:
            job.set_result(score(features, context))
        except BaseException as error:
            job.set_exception(error)
