"""The re-solved, sample-averaged dual: bid prices of several imagined futures, averaged, on a schedule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.dual.clearing import Market, climb
from agents.dual.market import arrive, blurred, known_units, market_of
from agents.forecast.analogues import Forecast, Window
from envs.state import Observable
from scenarios.local_time import HOUR_SECONDS
from scenarios.money import millicents
from scenarios.network import Network

FIRST_SWEEPS, MORE_SWEEPS, LAST_SWEEPS = 12, 3, 1
"""Of the climb, at most: in the first future; in the others, which begin with the prices of the one before; and after
either with the true costs instead of blurred ones."""

TOLERANCE = millicents(0.01)
"""Price changes that do not matter."""


@dataclass(frozen=True)
class DualPricer:
    """Finds prices at which shelves clear in each of a few sampled futures, and averages them.

    Averaging over samples before prices are used is what keeps a dual from betting on one forecast.

    Attributes:
        forecast: whence futures are sampled.
        lookahead_seconds: how far they reach.
        ends_at: second after which nothing comes, where it is published; none of them reaches beyond.
        interval_seconds: from one solution to the next.
        delay_seconds: of simulated time that a solution takes.
        num_samples: futures.
        max_orders: of one of them that are looked at; of more, every n-th.
        name: for messages.
    """

    forecast: Forecast
    lookahead_seconds: int
    interval_seconds: int = 6 * HOUR_SECONDS
    delay_seconds: int = 600
    num_samples: int = 6
    max_orders: int = 600
    ends_at: int | None = None
    name: str = "dual"

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        """Bid prices, int64 (W, K) weighted millicents a unit; see ``envs.pricer.Pricer``."""
        now, reach = int(seen.clock["now_seconds"][0]), self.reach(seen)
        known = known_units(seen, self.forecast.history, reach)
        duals, total = np.zeros(known.shape), np.zeros(known.shape[:2])
        random = np.random.default_rng((self.forecast.seed, now))
        for window in self.forecast.sample(seen, reach, self.num_samples):
            if len(window.orders):
                supply = known.copy()
                arrive(supply, window.receipts, window.receipts["actual_at"] - now, window.receipts["actual_units"])
                kept, share = thinned(window, self.max_orders)
                clear(market_of(network, seen, kept, supply * share), duals, network, random)
                total += duals.sum(axis=2)
        return np.rint(total.T / self.num_samples).astype(np.int64)

    def reach(self, seen: Observable) -> int:
        """Seconds that the sampled futures of a state last, at least one."""
        if self.ends_at is None:
            return self.lookahead_seconds
        return max(1, min(self.lookahead_seconds, self.ends_at - int(seen.clock["now_seconds"][0])))


def clear(market: Market, duals: np.ndarray, network: Network, random: np.random.Generator) -> None:
    """Climbs to prices at which a market clears, from those of another one or from nothing; changes ``duals``."""
    max_parcels = int(network.settings["max_parcels"][0])
    sweeps = MORE_SWEEPS if duals.any() else FIRST_SWEEPS
    climb(blurred(market, random), duals, max_parcels, sweeps, TOLERANCE)
    climb(market, duals, max_parcels, LAST_SWEEPS, TOLERANCE)


def thinned(window: Window, max_orders: int) -> tuple[Window, float]:
    """Every n-th order of a window, so that at most ``max_orders`` are left, and the share of them that is."""
    step = -(-len(window.orders) // max_orders)
    if step <= 1:
        return window, 1.0
    is_kept = np.arange(len(window.orders)) % step == step // 2
    orders = window.orders[is_kept]
    lines = window.lines[is_kept[window.lines["order"]]]
    lines["order"] = np.repeat(np.arange(len(orders)), orders["num_lines"])
    orders["first_line"] = np.cumsum(orders["num_lines"]) - orders["num_lines"]
    return window._replace(orders=orders, lines=lines), len(orders) / len(window.orders)
