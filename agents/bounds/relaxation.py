"""``hindsight`` and ``demand_hindsight``: what no router can beat on a trace, and in the mean over its luck.

Both are optima of one linear program, a relaxation of all that routers can do; ``docs/bounds.md`` has the argument.
"""

from __future__ import annotations

import time

from agents.bounds.bound import PERMILLE, Bound, check_bounded, permille_of
from agents.bounds.columns import ColumnCosts
from agents.bounds.declines import make_declines
from agents.bounds.lateness import ExpectedLuck, KnownLuck
from agents.bounds.packs import make_packs
from agents.bounds.parcels import line_facts, make_cargo
from agents.bounds.program import solve_program
from agents.bounds.supply import make_supply
from scenarios.trace import Trace

WEIGHTS = (1.0, 1.0, 1.0)


def hindsight(trace: Trace, weights: tuple[float, float, float] = WEIGHTS) -> Bound:
    """At most the weighted ledger of every router on this trace, whatever it knows.

    Args:
        trace: what happens; all of it is used, the luck of every order included.
        weights: preference weights (cost, lateness, carbon).

    Raises:
        InputError: bad weights, stock that is reordered inside the simulation, or a trace that cannot be played.
    """
    return _bound("hindsight", trace, weights, knows_luck=True)


def demand_hindsight(trace: Trace, weights: tuple[float, float, float] = WEIGHTS) -> Bound:
    """At most the mean weighted ledger, over the luck of orders, of every router that does not foresee luck.

    Args:
        trace: orders, receipts, outages and regimes are known; luck keys are not used.
        weights: preference weights (cost, lateness, carbon).

    Raises:
        InputError: bad weights, stock that is reordered inside the simulation, or a trace that cannot be played.
    """
    return _bound("demand_hindsight", trace, weights, knows_luck=False)


def _bound(name: str, trace: Trace, weights: tuple[float, float, float], *, knows_luck: bool) -> Bound:
    began, network, future = time.perf_counter(), trace.network, trace.future
    permille = permille_of(weights)
    check_bounded(trace)
    if not len(future.orders):
        return Bound(name, 0, (0.0, 0.0, 0.0), 0, 0, 0, time.perf_counter() - began)
    packs = make_packs(network, future)
    cargo = make_cargo(network, future, packs)
    supply = make_supply(network, future, line_facts(future)[1])
    luck = KnownLuck(network, future, packs, cargo) if knows_luck else ExpectedLuck(network, future, cargo)
    columns = ColumnCosts(network, future, packs, cargo, luck, permille).columns(supply)
    declines = make_declines(network, future, knows_luck=knows_luck)
    solved = solve_program(future, packs, columns, supply, declines, int(permille[0]))
    cost, lateness, carbon = (float(part) / PERMILLE for part in solved.parts)
    return Bound(
        name=name,
        value_millicents=solved.proven // PERMILLE,
        parts_millicents=(cost, lateness, carbon),
        num_orders=len(future.orders),
        num_variables=solved.num_variables,
        num_rows=solved.num_rows,
        seconds=time.perf_counter() - began,
    )
