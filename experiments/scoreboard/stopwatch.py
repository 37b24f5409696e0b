"""How long a router thinks: the job that solves its bid prices is timed apart, because no decision waits for it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from envs.pricer import Pricer
from envs.protocol import Agent, pricer_of
from envs.state import Observable
from scenarios.network import Network


class TimedPricer:
    """A pricer with a stopwatch.

    Attributes:
        seconds: that solving has taken so far.
    """

    def __init__(self, pricer: Pricer) -> None:
        self._pricer, self.seconds = pricer, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pricer, name)

    @property
    def interval_seconds(self) -> int:
        return self._pricer.interval_seconds

    @property
    def delay_seconds(self) -> int:
        return self._pricer.delay_seconds

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        """Those of the pricer."""
        began = time.perf_counter()
        try:
            return self._pricer.prices(network, seen)
        finally:
            self.seconds += time.perf_counter() - began


class TimedAgent:
    """An agent whose pricer, if it has one, is timed; otherwise it is that agent in every way."""

    def __init__(self, agent: Agent) -> None:
        self._agent, pricer = agent, pricer_of(agent)
        self.pricer = None if pricer is None else TimedPricer(pricer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._agent, name)

    @property
    def solving_seconds(self) -> float:
        """That bid prices took."""
        return 0.0 if self.pricer is None else self.pricer.seconds
