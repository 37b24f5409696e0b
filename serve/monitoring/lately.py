"""The decisions of this process in the last minutes: who made them, how long they took, how many were slow."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass

from serve.decisions.answer import Stage

EDGES_MS = (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 2000, 5000, 10_000, 60_000)
"""Upper edges of the bands in which times are counted; what took longer is in the last one."""

Kind = tuple[Stage, int, bool]
"""Who decided, the band of its time, and whether it was slow."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What the last minutes came to.

    Attributes:
        counts: decisions by kind.
    """

    counts: Counter[Kind]

    @property
    def num(self) -> int:
        """Decisions."""
        return self.counts.total()

    @property
    def num_slow(self) -> int:
        """Of them, those that came after their deadline, or after the limit."""
        return sum(number for (_, _, is_slow), number in self.counts.items() if is_slow)

    def stages(self) -> Counter[Stage]:
        """Decisions by who made them."""
        found: Counter[Stage] = Counter()
        for (stage, _, _), number in self.counts.items():
            found[stage] += number
        return found

    @property
    def num_fallbacks(self) -> int:
        """Decisions that the policy did not make."""
        return self.num - self.stages()["policy"]

    def p99_ms(self, stage: Stage) -> float:
        """Within which 99 % of the decisions of a stage, which made some, were answered: an edge of the bands."""
        bands: Counter[int] = Counter()
        for (own, band, _), number in self.counts.items():
            if own == stage:
                bands[band] += number
        left = 0.01 * bands.total()
        for band in sorted(bands, reverse=True):
            left -= bands[band]
            if left < 0:
                return EDGES_MS[band]
        raise ValueError(f"stage {stage} decided nothing")


def share_of(count: int, num: int) -> float | None:
    """A share; None of none."""
    return count / num if num else None


class Lately:
    """Counts by minute.

    Args:
        minutes: how far back.
    """

    def __init__(self, minutes: int) -> None:
        self._minutes = minutes
        self._counts: deque[tuple[int, Counter[Kind]]] = deque()
        self._lock = threading.Lock()

    def add(self, stage: Stage, milliseconds: float, limit_ms: float, now: int) -> None:
        """Counts one decision.

        Args:
            stage: who made it.
            milliseconds: from its request's arrival until it was on disk.
            limit_ms: after which it is slow.
            now: UTC seconds.
        """
        minute, band = now // 60, min(bisect_left(EDGES_MS, milliseconds), len(EDGES_MS) - 1)
        with self._lock:
            if not self._counts or self._counts[-1][0] < minute:
                self._counts.append((minute, Counter()))
            self._counts[-1][1][stage, band, milliseconds > limit_ms] += 1

    def recent(self, now: int) -> Recent:
        """What is counted of the last minutes."""
        with self._lock:
            while self._counts and self._counts[0][0] <= now // 60 - self._minutes:
                self._counts.popleft()
            total: Counter[Kind] = Counter()
            for _, counts in self._counts:
                total.update(counts)
            return Recent(total)
