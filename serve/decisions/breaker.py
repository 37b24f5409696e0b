"""The breaker: a policy that fails again and again is left out, and tried with single orders until it is back."""

from __future__ import annotations

import threading
import time

FAILURES_TO_OPEN = 10
"""In a row."""

TRIAL_SECONDS = 1.0
"""Between two orders that try a policy that was left out."""


class Breaker:
    """Says whether the policy is to be asked. Safe to share between threads."""

    def __init__(self) -> None:
        self._num_failures = 0
        self._next_trial = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the policy is left out."""
        return self._num_failures >= FAILURES_TO_OPEN

    def admits(self) -> bool:
        """Whether this order may ask the policy; while it is left out, one order may, now and then."""
        with self._lock:
            now = time.monotonic()
            if self.is_open and now < self._next_trial:
                return False
            self._next_trial = now + TRIAL_SECONDS
            return True

    def tell(self, is_answered: bool) -> None:
        """What became of an order that asked it."""
        with self._lock:
            self._num_failures = 0 if is_answered else self._num_failures + 1
