"""The line of decisions: so many are worked on, so many wait in the order in which they came, and no more come in."""

from __future__ import annotations

import asyncio
from collections import deque

from serve.monitoring.metrics import IN_FLIGHT, WAITING


class Line:
    """For one event loop; nothing here waits for a decision but in its turn.

    Prometheus is told at each change: processes that serve together share what was set, not what could be asked for.

    Args:
        in_flight: that are worked on.
        waiting: that wait.
    """

    def __init__(self, in_flight: int, waiting: int) -> None:
        self._most_in_flight, self._most_waiting = in_flight, waiting
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        IN_FLIGHT.set(0)
        WAITING.set(0)

    @property
    def in_flight(self) -> int:
        """How many are worked on now."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    def is_full(self) -> bool:
        """Whether the next one must be refused."""
        return self._in_flight >= self._most_in_flight and len(self._waiting) >= self._most_waiting

    def is_free(self) -> bool:
        """Whether it is the next one's turn at once."""
        return self._in_flight < self._most_in_flight

    async def enter(self, seconds: float | None = None) -> None:
        """Returns when it is this one's turn; ``leave`` must follow.

        Args:
            seconds: for which it waits at most; None: as long as it takes.

        Raises:
            TimeoutError: it was not its turn. Its place is free for another one.
        """
        if seconds is not None:
            async with asyncio.timeout(seconds):
                await self.enter()
            return
        if self.is_free():
            self._in_flight += 1
            IN_FLIGHT.set(self._in_flight)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        WAITING.set(len(self._waiting))
        try:
            await turn
        except asyncio.CancelledError:  # who asked has gone, or waits no longer
            if turn.done() and not turn.cancelled():
                self.leave()
            elif turn in self._waiting:  # else somebody who left has passed it over already
                self._waiting.remove(turn)
                WAITING.set(len(self._waiting))
            raise

    def leave(self) -> None:
        """The next one's turn."""
        while self._waiting:
            turn = self._waiting.popleft()
            WAITING.set(len(self._waiting))
            if not turn.done():
                turn.set_result(None)
                return
        self._in_flight -= 1
        IN_FLIGHT.set(self._in_flight)
