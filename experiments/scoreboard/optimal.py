"""The exact dynamic program as a router: what the best one pays on the very traces that the others play."""

from __future__ import annotations

import numpy as np

from agents.bounds.dynamic_program import Optimum
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.network import Network


class OptimalAgent:
    """Plays the choices of an optimum; it knows the demand model, which no router does."""

    name, pricing, needs_features = "optimum", Pricing.NONE, False

    def __init__(self, optimum: Optimum) -> None:
        self.optimum = optimum

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """The slot whose warehouse is least by cost and value; declining is offered when nothing is left."""
        seen, plans = snapshot.seen, snapshot.plans
        if plans.slots["is_decline"][0]:
            return 0
        sku, clock = int(seen.lines["sku"][0]), seen.clock[0]
        units = seen.stock["on_hand_units"][:, sku] - seen.stock["allocated_units"][:, sku]
        place = int(clock["now_seconds"]), int(clock["decision_id"])
        costs = self.optimum.choice_costs(*place, sku, int(seen.order["region"][0]), tuple(units.tolist()))
        warehouses = plans.options["warehouse"][plans.chosen[: snapshot.num_plans, 0]]
        return int(np.argmin(costs[warehouses]))
