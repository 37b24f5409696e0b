"""Who falls to which arm: a hash of salt and unit, so that it is the same over restarts and in any process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

Arm = Literal["active", "canary"]
"""The slot whose policy decides."""

UnitKind = Literal["order", "customer", "block", "region_block"]
"""What is drawn for: single orders, customers, stretches of time, or stretches of time in one region."""

_HASH_RANGE = float(1 << 64)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a unit is found by.

    Attributes:
        order_id: of the order.
        region: where it goes.
        customer: a pseudonym, of which only a hash is kept; None if the shop does not say.
        at: UTC seconds of its first decision.
    """

    order_id: str
    region: str
    customer: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """How units fall to the candidate; a canary is one by order, with its policy as salt.

    Attributes:
        salt: another one draws anew.
        share: probability that a unit falls to the candidate.
        unit: what is drawn for.
        block_seconds: length of a block; blocks begin at multiples of it in UTC.
    """

    salt: str
    share: float
    unit: UnitKind = "order"
    block_seconds: int = 0

    def unit_of(self, subject: Subject) -> str | None:
        """The unit that an order belongs to; None if nobody can tell."""
        if self.unit == "order":
            return subject.order_id
        if self.unit == "customer":
            return None if subject.customer is None else _digest(self.salt, subject.customer).hex()[:32]
        block = str(subject.at // self.block_seconds)
        return block if self.unit == "block" else f"{block} {subject.region}"

    def is_treated(self, unit: str) -> bool:
        """Whether a unit falls to the candidate; a growing share keeps all who were in."""
        return draw(self.salt, unit) < self.share


class Draw(NamedTuple):
    """How a unit fell to an arm, with all that it takes to draw it again.

    Attributes:
        assignment: as it was then.
        unit: that fell.
        experiment: whose assignment it is; None: a canary's.
    """

    assignment: Assignment
    unit: str
    experiment: str | None

    @property
    def is_treated(self) -> bool:
        """Whether the unit falls to the candidate."""
        return self.assignment.is_treated(self.unit)

    @property
    def arm(self) -> Arm:
        """The slot whose policy decides."""
        return "canary" if self.is_treated else "active"

    @property
    def told_unit(self) -> str | None:
        """The unit, of an experiment; those of a canary are not told."""
        return None if self.experiment is None else self.unit

    @property
    def propensity(self) -> float:
        """Probability that a unit falls to the arm of this one."""
        return self.assignment.share if self.is_treated else 1.0 - self.assignment.share


def draw(salt: str, unit: str) -> float:
    """A number in [0, 1) that depends on salt and unit alone: the first 64 bits of SHA-256 of ``salt:unit``."""
    return int.from_bytes(_digest(salt, unit)[:8], "big") / _HASH_RANGE


def _digest(salt: str, name: str) -> bytes:
    return hashlib.sha256(f"{salt}:{name}".encode()).digest()
