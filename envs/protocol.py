"""The one door between the world and whoever decides."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from envs.pricer import Pricer
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.network import Network


@runtime_checkable
class Agent(Protocol):
    """Any decider: a heuristic, a learned policy, a person behind a screen.

    An agent that rolls out offers ``look_ahead``, which is handed an ``envs.lookahead.Lookahead`` at the start of an
    episode on the compiled clock, and ``base``, the ``Inner`` that decides in its rollouts.

    An agent whose ``pricing`` is ``SCHEDULED`` has one attribute more, ``pricer``: the ``envs.pricer.Pricer`` that
    solves its bid prices. An agent around another one passes on the pricing and the pricer of that.

    Two things more are asked of an agent that is to be fast; both must choose what ``choose`` chooses. ``inner``, an
    ``envs.inner.Inner``: how it decides inside the compiled loop. ``choose_batch``: slots int64 (R,) for a whole
    ``envs.batch.BatchSnapshot``; such an agent keeps no memory from one decision to the next.

    Attributes:
        name: shown in tables.
        pricing: who fills the bid-price table for it; ``SCHEDULED`` asks for a ``pricer``.
        needs_features: whether it reads ``plans.features`` and ``plans.context``.
    """

    @property
    def name(self) -> str: ...
    @property
    def pricing(self) -> Pricing: ...
    @property
    def needs_features(self) -> bool: ...

    def start(self, network: Network) -> None:
        """A new episode begins on this public network."""

    def choose(self, snapshot: Snapshot) -> int:
        """Returns the slot of a real plan, 0 <= slot < snapshot.num_plans."""


def pricer_of(agent: Agent) -> Pricer | None:
    """The job that solves an agent's bid prices, if it has one."""
    return getattr(agent, "pricer", None)
