"""An agent that takes notes: what the world offered when each order was first decided."""

from __future__ import annotations

import numpy as np

from envs.compiling import compiled
from envs.picking import start_of_next_pick
from envs.protocol import Agent, Onlooker
from envs.snapshot import Snapshot

NEVER = -1
_BEING_NOTED = -2


class Witness(Onlooker):
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
    def needs_features(self) -> bool:
        """That of the agent inside."""
        return self.agent.needs_features

    def choose(self, snapshot: Snapshot) -> int:
        """The slot that the agent inside takes."""
        _note(snapshot.network, snapshot.seen, self.decided_at, self.lines_in_stock, self.queue_seconds)
        return self.agent.choose(snapshot)


@compiled
def _note(network, seen, decided_at, lines_in_stock, queue_seconds):  # type: ignore[no-untyped-def]
    """Writes down stock and queues for every order that is decided now and was not before."""
    now, num_lines = seen.clock[0]["now_seconds"], seen.order[0]["num_lines"]
    num_fresh = 0
    for i in range(num_lines):
        order = seen.lines[i]["order"]
        if decided_at[order] == NEVER:
            decided_at[order] = _BEING_NOTED
            num_fresh += 1
    if num_fresh == 0:
        return
    for w in range(len(seen.stations)):
        wait = start_of_next_pick(network, seen, w) - now
        for i in range(num_lines):
            order, sku = seen.lines[i]["order"], seen.lines[i]["sku"]
            if decided_at[order] == _BEING_NOTED:
                queue_seconds[order, w] = wait
                units = seen.stock[w, sku]["on_hand_units"] - seen.stock[w, sku]["allocated_units"]
                lines_in_stock[order, w] += units >= seen.lines[i]["units"]
    for i in range(num_lines):
        order = seen.lines[i]["order"]
        if decided_at[order] == _BEING_NOTED:
            decided_at[order] = now
