"""How many decisions the policy did not make itself, lately."""

from __future__ import annotations

import threading
from collections import Counter, deque

from serve.answer import Stage
from serve.monitoring.calibration import interval

LEAST_DECISIONS = 20
_QUANTILE = 2.33
"""One-sided, 1 %: a share within the limit is taken for one above it at most as often."""


class Fallbacks:
    """Decisions of this process by stage, by minute.

    Args:
        minutes: how far back they are counted.
        most: share of decisions not made by the policy that is still usual.
    """

    def __init__(self, minutes: int, most: float) -> None:
        self._minutes, self._most = minutes, most
        self._counts: deque[tuple[int, Counter[Stage]]] = deque()
        self._lock = threading.Lock()

    def add(self, stage: Stage, now: int) -> None:
        """Counts one decision."""
        minute = now // 60
        with self._lock:
            if not self._counts or self._counts[-1][0] < minute:
                self._counts.append((minute, Counter()))
            self._counts[-1][1][stage] += 1

    def stages(self, now: int) -> Counter[Stage]:
        """Decisions of the last minutes by who decided."""
        with self._lock:
            while self._counts and self._counts[0][0] <= now // 60 - self._minutes:
                self._counts.popleft()
            return sum((counts for _, counts in self._counts), Counter[Stage]())

    def share(self, now: int) -> float | None:
        """Of them, those that the policy did not make; None of none."""
        stages = self.stages(now)
        return 1 - stages["policy"] / stages.total() if stages else None

    def is_alarm(self, now: int) -> bool:
        """Whether the share is above what is usual by more than chance (Wilson's lower bound)."""
        stages = self.stages(now)
        number = stages.total()
        if number < LEAST_DECISIONS:
            return False
        return interval(number - stages["policy"], number, _QUANTILE)[0] > self._most
