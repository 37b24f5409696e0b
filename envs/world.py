"""One replication: a trace and its state, the four groups of arrays that rules work on."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from envs import log, prices
from envs.agenda import Agenda, new_agenda
from envs.costs import MILLICENTS, OBJECTIVE_OF_PART
from envs.handle import make_handle
from envs.hidden import Hidden, new_hidden, num_receipt_rows
from envs.own_future import OwnFuture
from envs.plan_table import Plans, new_plans
from envs.playable import check_playable
from envs.pricer import Pricer, check_pricer, set_schedule, solved_prices
from envs.room import EVENT_ROWS, LEDGER_ROWS, PARCELS, what_is_full
from envs.state import Observable, new_observable
from scenarios.errors import InputError, unknown_name
from scenarios.network import Network
from scenarios.trace import Future, Trace


class World:
    """State of one replication at second 0, before the first event.

    Args:
        trace: what happens; never written to.
        level: what is logged: ``none``, ``ledger`` or ``events``.
        weights: preference weights (cost, lateness, carbon), each in [0, 1000]; kept in thousandths.
        pricing: who fills the bid-price table.
        describes: whether features are computed at each decision.
        pricer: the job that solves bid prices, with pricing ``SCHEDULED`` only.

    Raises:
        InputError: an argument that is wrong, or a trace that no rule could play.
    """

    def __init__(
        self,
        trace: Trace,
        level: str = "events",
        weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
        pricing: prices.Pricing = prices.Pricing.NONE,
        describes: bool = True,
        pricer: Pricer | None = None,
    ) -> None:
        if level not in log.LEVELS:
            raise unknown_name("log level", level, log.LEVELS)
        check_playable(trace)
        check_pricer(pricing, pricer)
        self.trace = trace
        self.network: Network = trace.network
        self.future: Future = trace.future
        self.seen: Observable = new_observable(trace.network, num_receipt_rows(trace.network, trace.future))
        self.hidden: Hidden = new_hidden(trace.network, trace.future, log.LEVELS[level], pricer is not None)
        self.plans: Plans = new_plans(trace.network)
        self.agenda: Agenda = new_agenda(trace.network, trace.future)
        self.seen.clock["pricing"] = int(pricing)
        self.hidden.counters["is_describing"] = int(describes)
        self.pricer = pricer
        if pricer is not None:
            set_schedule(self.seen, pricer)
        set_weights(self.seen, weights)
        self.origin: World | None = None
        self.own: OwnFuture | None = None
        self.synced = np.full(5, -1, np.int64)
        self.rebind()

    def twin(self, own: OwnFuture | None = None) -> World:
        """A world at second 0 with the same settings that keeps no logs; see ``envs.fork``.

        Nobody solves prices in it: a fork goes on with those in force, until they are stale.

        Args:
            own: memory for a future of its own; without it the twin is on the same trace.
        """
        other = copy(self)
        other.pricer = None
        other.origin, other.own, other.synced = self, own, np.full(5, -1, np.int64)
        if own is not None:
            other.trace = replace(self.trace, future=own.read_only())
            other.future = other.trace.future
        other.seen = new_observable(other.network, num_receipt_rows(other.network, other.future))
        other.hidden = new_hidden(other.network, other.future, log.LEVELS["none"])
        for name in ("is_describing", "own_rule"):
            other.hidden.counters[name] = self.hidden.counters[name]
        other.plans = new_plans(self.network)
        other.agenda = new_agenda(other.network, other.future)
        other.rebind()
        return other

    def rebind(self) -> None:
        """Makes the handle again, after an array was replaced."""
        self.handle = make_handle(self.network, self.future, self.seen, self.hidden, self.plans, self.agenda)

    def make_room(self) -> None:
        """Doubles the arrays that are nearly full; their contents stay."""
        full, grown = what_is_full(self.hidden), {}
        for name, bit in (("parcels", PARCELS), ("events", EVENT_ROWS), ("ledger", LEDGER_ROWS)):
            if full & bit:
                array = getattr(self.hidden, name)
                grown[name] = np.concatenate([array, np.zeros_like(array)])
        self.hidden = self.hidden._replace(**grown)
        self.rebind()

    def solve_prices(self) -> None:
        """Has bid prices solved with the present state; rules put them in force in their time.

        Raises:
            InputError: see ``envs.pricer.solved_prices``; nothing has changed then.
        """
        assert self.pricer is not None
        self.hidden.solved_prices[...] = solved_prices(self.pricer, self.network, self.seen)
        self.hidden.counters["are_prices_solved"] = 1

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in self.__dict__.items() if name != "handle"}
        return {**kept, "own": None}  # its memory is that of the future, which a copy would not share

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for array in self.trace.arrays().values():
            array.flags.writeable = False
        self.rebind()

    def weighted_cost(self, weights: tuple[float, float, float]) -> float:
        """What has been booked so far, in currency units, at preference weights (cost, lateness, carbon)."""
        by_part = np.array([weights[owner] for owner in OBJECTIVE_OF_PART])
        return float(by_part @ self.hidden.totals) / MILLICENTS

    @property
    def totals(self) -> np.ndarray:
        """int64 millicents booked so far, by cost part."""
        return self.hidden.totals


def check_weights(weights: tuple[float, float, float]) -> np.ndarray:
    """The preference weights (cost, lateness, carbon), float (3,).

    Raises:
        InputError: not three finite numbers from 0 to 1000.
    """
    try:
        values = np.asarray(weights, float)
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.shape != (3,) or not np.all(np.isfinite(values)) or values.min() < 0 or values.max() > 1000:
        raise InputError("weights", weights, "three numbers from 0 to 1000 (cost, lateness, carbon)", "give all three")
    return values


def set_weights(seen: Observable, weights: tuple[float, float, float]) -> None:
    """Sets the preference weights (cost, lateness, carbon) of the coming decisions.

    Raises:
        InputError: see ``check_weights``.
    """
    for name, value in zip(("cost", "lateness", "carbon"), check_weights(weights), strict=True):
        seen.clock[f"weight_{name}_permille"] = round(1000 * value)
