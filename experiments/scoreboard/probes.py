"""Probes: the base router with one tuned number, to see how much of what is learned a single number gets.

All but the weight of lateness are what the learner starts from with one term of its linear part, the others zero; so a
probe is an ablation of the learner. Each mechanism gets as many settings as a router that is tuned
(``benchmarks.tuning``), and the best of all mechanisms is chosen besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from agents.learned.base import PRIMAL_DUAL
from agents.learned.terms import PriceList, Terms
from agents.priced import PricedAgent
from experiments.evaluation import Weights
from experiments.scoreboard.board import world_of
from experiments.scoreboard.cell import EVEN
from scenarios.draw import draw_trace
from scenarios.seeds import TRAINING

BASE = "primal-dual"
"""What the untrained learner does, unless it stands on prices that are solved for."""

LATENESS = "weight of lateness"

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
        term: a key of ``TERMS``, or ``LATENESS``.
        number: the price, or the factor.
    """

    term: str
    number: float

    @property
    def who(self) -> str:
        """Its name in cells; lateness is weighed anew for the base router itself."""
        return BASE if self.term == LATENESS else f"{MARK}:{self.term}={self.number:g}"

    @property
    def weights(self) -> Weights:
        """Preferences that it plays under; its cost is the ledger's, whatever they are."""
        return (1.0, self.number, 1.0) if self.term == LATENESS else EVEN

    @property
    def words(self) -> str:
        """What it does, for pages."""
        if self.term == LATENESS:
            return f"{LATENESS} times {self.number:g}"
        return f"{self.number:+g} on {TERMS[self.term]} (`{self.term}`)"


PROBES = (
    *(Probe(term, price) for term in TERMS for price in PRICES),
    *(Probe(LATENESS, tilt) for tilt in TILTS),
)
"""All that are tried."""


def is_probe(who: str) -> bool:
    """Whether a name in a cell is that of a probe with a price."""
    return who.partition(":")[0] == MARK


def probe_agent(who: str, world: str) -> PricedAgent:
    """The router of a probe with a price.

    Args:
        who: its name in cells.
        world: where typical differences are measured, see ``experiments.scoreboard.board.world_of``.
    """
    term, _, number = who.partition(":")[2].partition("=")
    prices = _no_prices(world)
    values = np.array([float(number) if name == term else 0.0 for name in TERMS])
    return PricedAgent(who, prices.with_values(values).matrix(), PRIMAL_DUAL.pricing)


@lru_cache(maxsize=4)
def _no_prices(world: str) -> PriceList:
    terms: Terms = tuple((name, "") for name in TERMS)
    return PriceList.of(terms, PRIMAL_DUAL.world(draw_trace(world_of(world), MEASURED), EVEN), MEASURED)
