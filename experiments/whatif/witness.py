"""An agent that takes notes: what the world offered when each order was first decided."""

from __future__ import annotations

import numpy as np

from envs.picking import start_of_next_pick
from envs.prices import Pricing
from envs.protocol import Agent
from envs.snapshot import Snapshot
from scenarios.network import Network

NEVER = -1


class Witness:
    """Decides as the agent inside it does, and remembers stock and queues at an order's first decision.

    Args:
        agent: who decides.
        num_orders: of the trace.
        num_warehouses: of its network.

    Attributes:
        decided_at: int64 (N,), second of the first decision; ``NEVER`` without one.
        lines_in_stock: int8 (N, W), lines of the order whose units were available to promise there.
        queue_seconds: int64 (N, W), until a parcel released then would be started.
    """

    def __init__(self, agent: Agent, num_orders: int, num_warehouses: int) -> None:
        self.agent = agent
        self.decided_at = np.full(num_orders, NEVER, np.int64)
        self.lines_in_stock = np.zeros((num_orders, num_warehouses), np.int8)
        self.queue_seconds = np.zeros((num_orders, num_warehouses), np.int64)

    @property
    def name(self) -> str:
        """That of the agent inside."""
        return self.agent.name

    @property
    def pricing(self) -> Pricing:
        """That of the agent inside."""
        return self.agent.pricing

    @property
    def needs_features(self) -> bool:
        """That of the agent inside."""
        return self.agent.needs_features

    def start(self, network: Network) -> None:
        """A new episode begins."""
        self.agent.start(network)

    def choose(self, snapshot: Snapshot) -> int:
        """The slot that the agent inside takes."""
        self._note(snapshot)
        return self.agent.choose(snapshot)

    def _note(self, snapshot: Snapshot) -> None:
        seen, now = snapshot.seen, int(snapshot.seen.clock["now_seconds"][0])
        lines = seen.lines[: int(seen.order["num_lines"][0])]
        fresh = [order for order in dict.fromkeys(lines["order"].tolist()) if self.decided_at[order] == NEVER]
        if not fresh:
            return
        stock = seen.stock[:, lines["sku"]]
        is_there = stock["on_hand_units"] - stock["allocated_units"] >= lines["units"]
        waits = [start_of_next_pick(snapshot.network, seen, w) - now for w in range(len(seen.stations))]
        for order in fresh:
            self.decided_at[order] = now
            self.lines_in_stock[order] = is_there[:, lines["order"] == order].sum(axis=1)
            self.queue_seconds[order] = waits
