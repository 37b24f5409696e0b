"""What a router is shown: the public network, the observable state and the plans, all read-only."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np

from envs.plan_table import COUNT_PLANS, Plans
from envs.state import Observable
from scenarios.network import Network

Group = TypeVar("Group", bound=NamedTuple)


def read_only(group: Group) -> Group:
    """The group with views that nobody can write to."""
    views = []
    for array in group:
        view = array.view()
        view.flags.writeable = False
        views.append(view)
    return type(group)(*views)


class Snapshot:
    """Live read-only views; copy what must outlast the decision.

    Attributes:
        network: public arrays.
        seen: observable state, the asked order in ``seen.order`` and ``seen.lines``.
        plans: slots 0..num_plans-1 of the plan table; features are zeros unless the agent needs them.
    """

    __slots__ = ("network", "plans", "seen")

    def __init__(self, network: Network, seen: Observable, plans: Plans) -> None:
        self.network = network
        self.seen = read_only(seen)
        self.plans = read_only(plans)

    @property
    def num_plans(self) -> int:
        """Real plans of this decision, at least 1."""
        return int(self.plans.counts[COUNT_PLANS])

    @property
    def decision_id(self) -> int:
        """Number of the decision in its episode, from 0."""
        return int(self.seen.clock["decision_id"][0])

    def mask(self) -> np.ndarray:
        """bool (K,): which slots are real."""
        return np.arange(len(self.plans.slots)) < self.num_plans
