"""The pace of a replay: how fast the world's time passes."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Waits until a moment of the world has come.

    Args:
        speed: seconds of the world in one of ours; None: nobody waits.
        starts_at: second of the world that is now.
        sleep: waits.
    """

    def __init__(
        self, speed: float | None, starts_at: float = 0.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.speed, self._starts_at, self._sleep = speed, starts_at, sleep
        self._began = time.monotonic()

    def ahead(self, seconds: int) -> float:
        """How long it is still until a second of the world, in our seconds."""
        if self.speed is None:
            return 0.0
        return (seconds - self._starts_at) / self.speed - (time.monotonic() - self._began)

    def wait_until(self, seconds: int) -> None:
        """Returns when it has come."""
        ahead = self.ahead(seconds)
        if ahead > 0:
            self._sleep(ahead)
