"""Probes: the base router with one tuned number, to see how much of what is learned a single number gets.

All but the weight of lateness are what the learner starts from with one term of its linear part, the others zero; so a
probe is an ablation of the learner. Each mechanism gets as many settings as a router that is tuned
(``benchmarks.tuning``), and the best of all mechanisms is chosen besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from agents.learned.base import Base
from agents.learned.terms import PriceList, Terms
from agents.priced import PricedAgent
from envs.prices import Pricing
from experiments.evaluation import Weights
from experiments.scoreboard.board import world_of
from experiments.scoreboard.cell import EVEN
from scenarios.draw import draw_trace
from scenarios.seeds import TRAINING, split_of

BASES = {Pricing.CLOSED_FORM.name: "primal-dual", Pricing.NONE.name: "myopic", Pricing.SCHEDULED.name: "dual"}
"""What the untrained learner does, by ``TrainingConfig.pricing``."""

PRICINGS = {name: Pricing[pricing] for pricing, name in BASES.items()}

LATENESS = "lateness"
"""A factor of the weight of lateness, the one mechanism that is no price."""

TERMS = {
    "pick_start": "waiting for a pick",
    "queue_load": "what is put before others",
    "bookings": "crowding of the next collection",
    "doubt": "doubt about a carrier",
    "is_hold": "holding",
    "num_parcels": "a parcel more",
    "later_share": "waiting for a presale date",
    "shelf_left": "stock left",
    "bid_value": "bid prices",
}
"""Features of ``agents.learned.terms`` that are priced at all times, and what such a price is about."""

PRICES = (-0.1, -0.3, 0.3, -1.0, 1.0, -2.0, -5.0)
"""Currency units for a typical difference; a negative price makes plans with much of the feature dearer. The smallest
come first: the first of equals is chosen."""

TILTS = (1.4, 0.7, 2.0, 0.5, 3.0, 0.25, 6.0)
"""By which the weight of lateness is multiplied."""

MARK = "one-number"
MEASURED = TRAINING.start
"""Seed of the training trace on which typical differences are measured."""


@dataclass(frozen=True)
class Probe:
    """One setting of one mechanism.

    Attributes:
        base: the router that has one number more.
        term: a key of ``TERMS``, or ``LATENESS``.
        number: the price, or the factor.
    """

    base: str
    term: str
    number: float

    @property
    def who(self) -> str:
        """Its name in cells."""
        return f"{MARK}:{self.base}:{self.term}={self.number:g}"

    @property
    def weights(self) -> Weights:
        """Preferences that it plays under; its cost is the ledger's, whatever they are."""
        return (1.0, self.number, 1.0) if self.term == LATENESS else EVEN

    @property
    def words(self) -> str:
        """What it does, for pages."""
        if self.term == LATENESS:
            return f"weight of lateness times {self.number:g}"
        return f"{self.number:+g} on {TERMS[self.term]} (`{self.term}`)"


def probes_on(base: str) -> tuple[Probe, ...]:
    """All that are tried with a base router."""
    return (
        *(Probe(base, term, price) for term in TERMS for price in PRICES),
        *(Probe(base, LATENESS, tilt) for tilt in TILTS),
    )


def base_in(who: str) -> str | None:
    """The base router in the name of a probe; None of others."""
    mark, _, rest = who.partition(":")
    return rest.partition(":")[0] if mark == MARK else None


def is_remembered(who: str, seed: int) -> bool:
    """Whether a probe plays with bid prices that were solved while its base router played the trace.

    So it is on validation traces, as while the learner learns: solving for each of so many anew would take hours.
    """
    return base_in(who) == "dual" and split_of(seed) == "validation"


def probe_agent(who: str, world: str, seed: int) -> PricedAgent:
    """The router of a probe; without any price if its number is a weight, which it is played with.

    Args:
        who: its name in cells.
        world: where typical differences are measured, see ``experiments.scoreboard.board.world_of``.
        seed: of the trace that it is to play.
    """
    name, _, setting = who.partition(":")[2].partition(":")
    term, _, number = setting.partition("=")
    base = _remembered(name, world, seed) if is_remembered(who, seed) else _base(name, world)
    values = np.array([float(number) if one == term else 0.0 for one in TERMS])
    matrix = _no_prices(name, world).with_values(values).matrix()
    return PricedAgent(who, matrix, base.pricing, base.pricer)


@lru_cache(maxsize=4)
def _base(name: str, world: str) -> Base:
    return Base.of(world_of(world), PRICINGS[name])


@lru_cache(maxsize=64)
def _remembered(name: str, world: str, seed: int) -> Base:
    return _base(name, world).remembered(draw_trace(world_of(world), seed), EVEN)


@lru_cache(maxsize=4)
def _no_prices(name: str, world: str) -> PriceList:
    terms: Terms = tuple((one, "") for one in TERMS)
    return PriceList.of(terms, _base(name, world).world(draw_trace(world_of(world), MEASURED), EVEN), MEASURED)
