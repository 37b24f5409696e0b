"""Token buckets: a rate that may be saved up for a while."""

from __future__ import annotations

from collections import OrderedDict

_MOST_KEPT = 10_000
"""Clients whose buckets are remembered; forgotten is who has been silent longest, which gives him a full bucket."""


class Bucket:
    """Fills at a rate, up to what a burst may take; every request takes one.

    Args:
        rate: a second.
        burst: most that is saved up; at least one.
        now: ``time.monotonic()``; it begins full.
    """

    __slots__ = ("_burst", "_left", "_rate", "_then")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, max(1.0, burst)
        self._left, self._then = self._burst, now

    def take(self, now: float) -> float:
        """Takes one if there is one.

        Returns:
            0, or the seconds until there will be one.
        """
        self._left = min(self._burst, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) / self._rate


class Buckets:
    """One for each client, all alike.

    Args:
        rate: a second and client.
        burst: most that is saved up.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._kept: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, client: str, now: float) -> float:
        """As ``Bucket.take``, of a client's own."""
        bucket = self._kept.get(client)
        if bucket is None:
            bucket = self._kept[client] = Bucket(self._rate, self._burst, now)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(client)
        return bucket.take(now)
