"""What a bundle says of its bid prices: who solves them, and when. The schedule is that of ``envs.pricer``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from agents.bundle import BundleAgent
from agents.documents import SnapshotDocument
from agents.dual.pricer import DualPricer
from envs.pricer import stale_seconds

NOT_GIVEN = "the snapshot does not state the bid prices of its stock"


@dataclass(frozen=True, slots=True, eq=False)
class Scheduled:
    """Prices on a schedule that counts from the scenario's epoch. All times are UTC seconds.

    Attributes:
        sha256: of all that decides the prices; bundles that agree in it share them.
        pricer: solves them.
        weights: preferences (cost, lateness, carbon) that they are in.
        epoch: of the scenario, when the first job is due.
    """

    sha256: str
    pricer: DualPricer
    weights: tuple[float, float, float]
    epoch: int

    @property
    def stale_seconds(self) -> int:
        """Age from which prices are no longer used."""
        return stale_seconds(self.pricer)

    def last_due(self, now: int) -> int:
        """When the latest job was due."""
        return now - (now - self.epoch) % self.pricer.interval_seconds

    def due_between(self, after: int | None, now: int) -> list[int]:
        """Jobs whose prices can matter at ``now`` or later, if nothing happened meanwhile; none before the epoch.

        Args:
            after: the latest job that is done; None: none is.
            now: until then.
        """
        first = max(self.epoch, self.last_due(now - self.pricer.delay_seconds))
        if after is not None:
            first = max(first, after + self.pricer.interval_seconds)
        return list(range(first, now + 1, self.pricer.interval_seconds))

    def comes_at(self, due: int) -> int:
        """When prices of a job come into force that is done in time."""
        return due + self.pricer.delay_seconds

    def is_stale(self, solved_at: int, now: int) -> bool:
        """Whether prices are older than they may be; ``envs.prices.are_stale`` is the rule."""
        return now - solved_at > self.stale_seconds


def scheduled_of(agent: BundleAgent) -> Scheduled | None:
    """The schedule of a bundle; None if its bid prices are not solved on one."""
    if agent.pricer is None:
        return None
    bundle = agent.bundle
    digest = hashlib.sha256(repr(bundle.plan.weights).encode())
    for name, content in sorted(bundle.pricing.items()):
        digest.update(f"{name} {len(content)} ".encode() + content)
    return Scheduled(digest.hexdigest(), agent.pricer, bundle.plan.weights, bundle.public.epoch_seconds)


def unpriced(moment: SnapshotDocument) -> str | None:
    """Why a policy on solved prices must not decide from a snapshot that somebody else made."""
    return NOT_GIVEN if any(row.bid_price_millicents is None for row in moment.stock) else None
