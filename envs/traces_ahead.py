"""The next training traces, drawn in a thread of their own while present ones are played."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from scenarios.draw import draw_trace
from scenarios.scenario import Scenario
from scenarios.seeds import require_training_seed
from scenarios.trace import Trace


class TracesAhead:
    """Draws traces before they are needed; a trace follows from its seed, so who draws it when changes nothing.

    Args:
        scenario: what to draw.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._pool: ThreadPoolExecutor | None = None
        self._drawn: dict[int, Future[Trace]] = {}

    def prepare(self, seed: int) -> None:
        """Begins to draw the trace of a training seed."""
        require_training_seed(seed)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "traces")
        if seed not in self._drawn:
            self._drawn[seed] = self._pool.submit(draw_trace, self._scenario, seed)

    def take(self, seed: int) -> Trace:
        """The trace of a training seed, drawn now unless it was prepared."""
        require_training_seed(seed)
        drawn = self._drawn.pop(seed, None)
        return draw_trace(self._scenario, seed) if drawn is None or drawn.cancel() else drawn.result()

    def close(self) -> None:
        """Forgets what was prepared."""
        for drawn in self._drawn.values():
            drawn.cancel()
        self._drawn.clear()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_scenario": self._scenario}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_scenario"])  # type: ignore[misc]
