"""The base router of a learner: its bid prices are in the score of every plan, so only what they miss is learned.

Prices that are solved on a schedule take seconds a trace, too long for a learner that plays each trace many times.
While it learns, and chooses among what it has learned, the prices of a trace are therefore those that were solved while
the base router played it; a trained policy has them solved for itself.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from agents.dual.router import dual_router
from envs.inner import Code, Inner
from envs.loop import play_alone
from envs.plan_table import Rule
from envs.pricer import Pricer, stale_seconds
from envs.prices import Pricing
from envs.state import Observable
from envs.world import World
from scenarios.network import Network
from scenarios.scenario import Scenario
from scenarios.trace import Trace

Weights = tuple[float, float, float]

ROUTER = Inner(Code.RULE, int(Rule.SCORE), is_own_best=True)
"""Myopic or, with bid prices, primal-dual or the dual."""


@dataclass(frozen=True)
class Base:
    """Whose bid prices.

    Attributes:
        pricing: ``NONE`` (myopic), ``CLOSED_FORM`` (primal-dual) or ``SCHEDULED`` (dual).
        pricer: that solves them, with ``SCHEDULED`` only.
    """

    pricing: Pricing
    pricer: Pricer | None = None

    @classmethod
    def of(cls, scenario: Scenario, pricing: Pricing) -> Base:
        """The base router of a scenario, from whose past prices are solved."""
        return cls(pricing, dual_router(scenario).pricer if pricing == Pricing.SCHEDULED else None)

    def world(self, trace: Trace, weights: Weights, level: str = "none", describes: bool = True) -> World:
        """A trace at second 0; see ``World``."""
        return World(trace, level, weights, self.pricing, describes, self.pricer)

    def remembered(self, trace: Trace, weights: Weights) -> Base:
        """The same on one trace, with the prices that are solved while the base router plays it."""
        if self.pricer is None:
            return self
        kept = _Kept(self.pricer)
        play_alone(World(trace, "none", weights, self.pricing, False, kept), ROUTER)
        return Base(self.pricing, RememberedPricer(self.pricer, tuple(kept.seconds), tuple(kept.tables)))


PRIMAL_DUAL = Base(Pricing.CLOSED_FORM)


class _Kept:
    """A pricer whose prices are kept."""

    def __init__(self, pricer: Pricer) -> None:
        self._pricer, self.interval_seconds, self.delay_seconds = pricer, pricer.interval_seconds, pricer.delay_seconds
        self.seconds: list[int] = []
        self.tables: list[np.ndarray] = []

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        """Those of the pricer."""
        table = self._pricer.prices(network, seen)
        self.seconds.append(int(seen.clock["now_seconds"][0]))
        self.tables.append(table)
        return table


class RememberedPricer:
    """Gives the prices that another pricer gave at the same second, or last before it.

    Args:
        pricer: the other one.
        seconds: ascending, at least one.
        tables: int64 (W, K) millicents a unit, one for each of the seconds.
    """

    def __init__(self, pricer: Pricer, seconds: tuple[int, ...], tables: tuple[np.ndarray, ...]) -> None:
        self.interval_seconds, self.delay_seconds = pricer.interval_seconds, pricer.delay_seconds
        self.stale_seconds = stale_seconds(pricer)
        self._seconds, self._tables = seconds, tables

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        """Bid prices, int64 (W, K) millicents a unit."""
        place = bisect_right(self._seconds, int(seen.clock["now_seconds"][0])) - 1
        return self._tables[max(0, place)].copy()
