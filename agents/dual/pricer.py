"""The re-solved, sample-averaged dual: bid prices of several imagined futures, averaged, on a schedule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.dual.program import shelf_prices
from agents.forecast.analogues import Forecast, Window
from envs.state import Observable
from scenarios.local_time import HOUR_SECONDS
from scenarios.network import Network


@dataclass(frozen=True)
class DualPricer:
    """Solves a linear program for each of a few sampled futures and averages what a unit is worth in them.

    Averaging over samples before prices are used is what keeps a dual from betting on one forecast.

    Attributes:
        forecast: whence futures are sampled.
        lookahead_seconds: how far they reach.
        ends_at: second after which nothing comes, where it is published; none of them reaches beyond.
        interval_seconds: from one solution to the next.
        delay_seconds: of simulated time that a solution takes.
        num_samples: futures.
        max_orders: of one of them that a program holds; of more, every n-th.
        name: for messages.
    """

    forecast: Forecast
    lookahead_seconds: int
    interval_seconds: int = 6 * HOUR_SECONDS
    delay_seconds: int = 600
    num_samples: int = 6
    max_orders: int = 300
    ends_at: int | None = None
    name: str = "dual"

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        """Bid prices, int64 (W, K) weighted millicents a unit; see ``envs.pricer.Pricer``."""
        stock = self.available_units(seen)
        total = np.zeros(stock.shape)
        for window in self.forecast.sample(seen, self.reach(seen), self.num_samples):
            kept, share = thinned(window, self.max_orders)
            total += shelf_prices(network, seen, stock, kept, share)
        return np.rint(total / self.num_samples).astype(np.int64)

    def reach(self, seen: Observable) -> int:
        """Seconds that the sampled futures of a state last, at least one."""
        if self.ends_at is None:
            return self.lookahead_seconds
        return max(1, min(self.lookahead_seconds, self.ends_at - int(seen.clock["now_seconds"][0])))

    def available_units(self, seen: Observable) -> np.ndarray:
        """Units that may be promised within the look-ahead, float (W, K), not negative.

        Those on the shelf, and of receipts that are announced to arrive in time as many as receipts used to bring.
        """
        units = (seen.stock["on_hand_units"] - seen.stock["allocated_units"]).astype(float)
        known, history = seen.receipts[: seen.clock["num_receipts"][0]], self.forecast.history
        until = seen.clock["now_seconds"][0] + self.reach(seen) - history.receipt_delay_seconds
        coming = known[(known["is_open"] != 0) & (known["expected_at"] <= until)]
        expected = history.receipt_fill * coming["expected_units"] - coming["claimed_units"]
        np.add.at(units, (coming["warehouse"], coming["sku"]), expected)
        return np.maximum(0.0, units)


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
    return Window(orders, lines, window.stretch), len(orders) / len(window.orders)
