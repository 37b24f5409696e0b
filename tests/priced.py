"""A pricer for tests, an agent that follows its prices, and what prices are without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from envs.prices import Pricing
from envs.protocol import Agent
from envs.snapshot import Snapshot
from envs.state import Observable
from scenarios.network import Network


@dataclass(frozen=True)
class ToyPricer:
    """Whole numbers of stock, announced goods and demand: scarce goods in demand are dear.

    Attributes:
        interval_seconds: from job to job.
        delay_seconds: of a job.
        stale_seconds: age from which prices are not used.
    """

    interval_seconds: int = 6000
    delay_seconds: int = 1800
    stale_seconds: int = 18_000

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        """Up to some ten currency units."""
        left = np.maximum(0, seen.stock["on_hand_units"] - seen.stock["allocated_units"])
        coming = int(seen.receipts["expected_units"][seen.receipts["is_open"] == 1].sum())
        wanted = 40_000 * seen.goods["demanded_units"] + 200 * seen.goods["recent_milli"]
        hurry = 100 * int(seen.demand["recent_milli"].max()) + 1000 * int(seen.demand["orders_last_hour"].sum())
        return (50_000 + wanted + hurry) // (1 + left + coming // 4)


class Priced:
    """Another agent that is shown the prices of a pricer, in all its forms."""

    pricing = Pricing.SCHEDULED

    def __init__(self, agent: Agent, pricer: Any, name: str = "scheduled") -> None:
        self.agent, self.pricer, self.name = agent, pricer, name
        self.needs_features = agent.needs_features
        self.inner = getattr(agent, "inner", None)
        self.choose_batch = getattr(agent, "choose_batch", None)

    def start(self, network: Network) -> None:
        self.agent.start(network)

    def choose(self, snapshot: Snapshot) -> int:
        return self.agent.choose(snapshot)


ONE_STEP = 900_000 * 2 / 1024
"""Millicents between two steps of the closed form's curve, at the highest price level of random worlds."""


@dataclass
class Noting:
    """Passes a pricer on and notes its jobs: second, prices given, and what was shown."""

    pricer: ToyPricer = field(default_factory=ToyPricer)
    jobs: list[tuple[int, np.ndarray, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.interval_seconds, self.delay_seconds = self.pricer.interval_seconds, self.pricer.delay_seconds
        self.stale_seconds = self.pricer.stale_seconds

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        found = self.pricer.prices(network, seen)
        self.jobs.append((int(seen.clock["now_seconds"][0]), found.copy(), seen))
        return found


def closed_form(network: Network, stock: np.ndarray) -> np.ndarray:
    """float (W, K): M (e^w - 1)/(e - 1)."""
    left = stock["on_hand_units"] - stock["allocated_units"]
    gone = np.clip(1 - left / np.maximum(1, stock["reference_units"]), 0, 1)
    own = network.stock["price_level_millicents"]
    level = np.where(own, own, network.settings["price_level_millicents"][0])
    return np.where(stock["reference_units"] > 0, level * np.expm1(gone) / (np.e - 1), 0)
