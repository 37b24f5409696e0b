"""Rollout: the few best plans, each played on in a few sampled futures under the base router, and the best taken.

Sampled futures are those of the one forecast, the same for every plan, so that plans are compared on equal luck. Plans
that are clearly worse in half of the futures are not played in the others.

Source: Bertsekas, Tsitsiklis and Wu 1997, "Rollout algorithms for combinatorial optimization"; giving up early: Maron
and Moore 1994, "Hoeffding races".
"""

from __future__ import annotations

import numpy as np

from agents.dual.router import dual_router
from agents.forecast.analogues import Forecast
from agents.forecast.history import history_of
from agents.heuristics import HoldingOnceAgent, RuleAgent
from envs.inner import Inner
from envs.lookahead import Lookahead
from envs.pricer import Pricer
from envs.prices import Pricing
from envs.snapshot import Snapshot
from envs.tail import Tail
from scenarios.errors import InputError
from scenarios.local_time import HOUR_SECONDS
from scenarios.network import Network
from scenarios.scenario import Scenario

_AGAIN_SECONDS = HOUR_SECONDS // 2
"""Sampled futures serve all decisions of so long; then others are sampled."""

_FEWEST = 4

_DOUBT = 1.0
"""Standard errors by which a slot must be worse in half of the futures to be given up."""


class RolloutRouter:
    """Improves on a base router by looking ahead.

    Stock that is left when a rollout is cut off is worth its bid prices of now.

    Args:
        base: who decides in the rollouts, and whose bid prices rank the plans; a rule that reads the score.
        forecast: whence futures are sampled.
        num_plans: best plans by score that are tried, besides all holds.
        num_futures: sampled futures.
        horizon_seconds: how far each is played.

    Raises:
        InputError: too few futures.
    """

    needs_features = False

    def __init__(
        self,
        base: RuleAgent | HoldingOnceAgent,
        forecast: Forecast,
        num_plans: int = 4,
        num_futures: int = 16,
        horizon_seconds: int = 8 * HOUR_SECONDS,
    ) -> None:
        if num_futures < _FEWEST:
            raise InputError(
                "num_futures", num_futures, f"at least {_FEWEST}", "a standard error takes two in each half"
            )
        self._agent, self.forecast = base, forecast
        self.num_plans, self.num_futures, self.horizon_seconds = num_plans, num_futures, horizon_seconds
        self.name = "rollout"
        self._lookahead: Lookahead | None = None
        self._tails: list[Tail] = []
        self._sampled_at = 0

    @property
    def pricing(self) -> Pricing:
        """That of the base router."""
        return self._agent.pricing

    @property
    def pricer(self) -> Pricer | None:
        """That of the base router."""
        return self._agent.pricer

    @property
    def base(self) -> Inner:
        """Who decides in the rollouts."""
        return self._agent.inner

    def start(self, network: Network) -> None:
        """Forgets the episode before."""
        self._lookahead, self._tails = None, []

    def look_ahead(self, lookahead: Lookahead) -> None:
        """Is handed what it may look ahead with."""
        self._lookahead = lookahead

    def choose(self, snapshot: Snapshot) -> int:
        """The best slot on average over the sampled futures."""
        slots = np.array(self._candidates(snapshot))
        futures = self._futures(snapshot)
        saved = self._saved(snapshot, slots, futures[::2])  # draws are spread over neighbours: see ``envs.company``
        is_left = saved.mean(axis=1) + _DOUBT * _error(saved) >= 0
        if is_left.sum() == 1:
            return int(slots[0])
        slots, saved = slots[is_left], saved[is_left]
        saved = np.hstack([saved, self._saved(snapshot, slots, futures[1::2])])
        return int(slots[saved.mean(axis=1).argmax()])

    def _saved(self, snapshot: Snapshot, slots: np.ndarray, futures: list[Tail]) -> np.ndarray:
        """What slots save against the first of them, float (slots, futures): weighted millicents."""
        if len(slots) == 1:
            return np.zeros((1, len(futures)))
        assert self._lookahead is not None
        outlooks = self._lookahead.outlooks(slots.tolist(), futures)
        prices = snapshot.seen.stock["bid_price_millicents"]
        values = outlooks.millicents - (outlooks.units * prices).sum(axis=(2, 3))
        return values[0] - values

    def _candidates(self, snapshot: Snapshot) -> list[int]:
        """The base router's slot first, then the best few by score, then all holds."""
        count, first = snapshot.num_plans, self._agent.choose(snapshot)
        holds = np.flatnonzero(snapshot.plans.slots["hold_seconds"][:count] > 0).tolist()
        return list(dict.fromkeys([first, *range(min(count, self.num_plans)), *holds]))

    def _futures(self, snapshot: Snapshot) -> list[Tail]:
        now = int(snapshot.seen.clock["now_seconds"][0])
        if not self._tails or now >= self._sampled_at + _AGAIN_SECONDS:
            seconds = self.horizon_seconds + _AGAIN_SECONDS
            self._tails, self._sampled_at = self.forecast.tails(snapshot.seen, seconds, self.num_futures), now
        return self._tails


def _error(saved: np.ndarray) -> np.ndarray:
    """Standard errors of means over futures, (slots,)."""
    return saved.std(axis=1, ddof=1) / np.sqrt(saved.shape[1])


def rollout_router(scenario: Scenario) -> RolloutRouter:
    """Rollout over the dual that holds once, both with the forecast from the past of a scenario."""
    base = HoldingOnceAgent("dual that holds once", Pricing.SCHEDULED, dual_router(scenario).pricer)
    return RolloutRouter(base, Forecast(history_of(scenario)))
