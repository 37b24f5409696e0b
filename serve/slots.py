"""Two slots for policies: one decides, the other waits, decides beside it, or decides a share of the orders."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from serve.service import DecisionService

Mode = Literal["loaded", "shadow", "canary"]
Arm = Literal["active", "canary"]

_HASH_RANGE = float(1 << 64)


@dataclass(frozen=True, slots=True)
class Standing:
    """Which policy stands where; ``number`` grows with every change. Policies are named by their bundle's SHA-256.

    Attributes:
        number: of the change that led to it.
        active: decides.
        previous: decided before, and may be returned to.
        candidate: in the second slot.
        mode: what the candidate does; None without one.
        share: of the orders that a canary decides; 0 for all others.
    """

    number: int
    active: str
    previous: str | None = None
    candidate: str | None = None
    mode: Mode | None = None
    share: float = 0.0

    def policies(self) -> set[str]:
        """All that stand somewhere."""
        return {sha256 for sha256 in (self.active, self.previous, self.candidate) if sha256}


@dataclass(frozen=True, slots=True, eq=False)
class Pick:
    """Who decides one order.

    Attributes:
        service: that decides, all of it.
        arm: in which slot it stands.
        propensity: probability that an order falls to this arm.
        shadow: decides beside it, for the record alone.
    """

    service: DecisionService
    arm: Arm = "active"
    propensity: float = 1.0
    shadow: DecisionService | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """One moment of the two slots, with the services; replaced as a whole, so that a decision sees one of them.

    Attributes:
        standing: who stands where.
        services: of all policies in ``standing``, by SHA-256.
    """

    standing: Standing
    services: dict[str, DecisionService]

    def pick(self, order_id: str) -> Pick:
        """Who decides this order; the same order falls to the same arm as long as the candidate and its share stay."""
        standing = self.standing
        active = self.services[standing.active]
        if standing.candidate is None or standing.mode == "loaded":
            return Pick(active)
        candidate = self.services[standing.candidate]
        if standing.mode == "shadow":
            return Pick(active, shadow=candidate)
        if draw(standing.candidate, order_id) < standing.share:
            return Pick(candidate, "canary", standing.share)
        return Pick(active, "active", 1.0 - standing.share)


def draw(salt: str, unit: str) -> float:
    """A number in [0, 1) that depends on salt and unit alone: sticky over restarts, and a growing share keeps all."""
    digest = hashlib.sha256(f"{salt}:{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _HASH_RANGE
