"""Rollout: the few best plans, each played on in a few sampled futures under the base router, and the best taken.

Source: Bertsekas, Tsitsiklis and Wu 1997, "Rollout algorithms for combinatorial optimization". Sampled futures are
those of the one forecast, the same for every plan, so that plans are compared on equal luck.
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
from scenarios.local_time import HOUR_SECONDS
from scenarios.network import Network
from scenarios.scenario import Scenario

_AGAIN_SECONDS = HOUR_SECONDS // 2
"""Sampled futures serve all decisions of so long; then others are sampled."""


class RolloutRouter:
    """Improves on a base router by looking ahead.

    Stock that is left when a rollout is cut off is worth its bid prices of now. Another plan than the base router's is
    taken only if it is better by more than the standard error of the difference.

    Args:
        base: who decides in the rollouts, and whose bid prices rank the plans; a rule that reads the score.
        forecast: whence futures are sampled.
        num_plans: best plans by score that are tried, besides all holds.
        num_futures: sampled futures, at least 2.
        horizon_seconds: how far each is played.
    """

    needs_features = False

    def __init__(
        self,
        base: RuleAgent | HoldingOnceAgent,
        forecast: Forecast,
        num_plans: int = 4,
        num_futures: int = 8,
        horizon_seconds: int = 24 * HOUR_SECONDS,
    ) -> None:
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
        slots = self._candidates(snapshot)
        if len(slots) == 1:
            return slots[0]
        assert self._lookahead is not None
        prices = snapshot.seen.stock["bid_price_millicents"]
        outlooks = self._lookahead.outlooks(slots, self._futures(snapshot))
        values = outlooks.millicents - (outlooks.units * prices).sum(axis=(2, 3))
        saved = values[0] - values
        gain = saved.mean(axis=1) - saved.std(axis=1, ddof=1) / np.sqrt(self.num_futures)
        return slots[int(gain.argmax())] if gain.max() > 0 else slots[0]

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


def rollout_router(scenario: Scenario) -> RolloutRouter:
    """Rollout over the dual, both with the forecast from the past of a scenario."""
    return RolloutRouter(dual_router(scenario), Forecast(history_of(scenario)))
