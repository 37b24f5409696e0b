"""The one door between the world and whoever decides."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

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
    solves its bid prices. An agent around another one is an ``Onlooker``.

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


class Onlooker:
    """Base of agents around another one, which decides: they are to the world what that one is.

    Attributes:
        agent: who decides.
    """

    agent: Agent

    @property
    def name(self) -> str:
        """That of the agent inside."""
        return self.agent.name

    @property
    def pricing(self) -> Pricing:
        """That of the agent inside."""
        return self.agent.pricing

    @property
    def pricer(self) -> Pricer | None:
        """That of the agent inside."""
        return pricer_of(self.agent)

    def start(self, network: Network) -> None:
        """A new episode begins."""
        self.agent.start(network)

    def __getattr__(self, name: str) -> Any:
        """An agent inside that rolls out may still look ahead."""
        if name in ("look_ahead", "base"):
            return getattr(self.agent, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def pricer_of(agent: Agent) -> Pricer | None:
    """The job that solves an agent's bid prices, if it has one."""
    return getattr(agent, "pricer", None)
