"""The base router under a learner: remembered prices are those that were solved."""

from __future__ import annotations

import numpy as np

from agents.learned.base import PRIMAL_DUAL, ROUTER, Base, RememberedPricer
from agents.registry import load_agent
from envs import simulate
from envs.loop import play_alone
from envs.prices import Pricing
from scenarios import draw_trace, load_scenario

SCENARIO = load_scenario("misplaced-scarce", horizon_days=2)
EVEN = (1.0, 1.0, 1.0)


def test_with_remembered_prices_the_base_router_plays_as_the_dual():
    trace = draw_trace(SCENARIO, 3)
    remembered = Base.of(SCENARIO, Pricing.SCHEDULED).remembered(trace, EVEN)
    world = remembered.world(trace, EVEN)
    play_alone(world, ROUTER)
    assert (world.totals == simulate(trace, load_agent("dual", SCENARIO)).world.totals).all()
    assert (world.totals != simulate(trace, load_agent("primal-dual")).world.totals).any()


def test_closed_forms_have_nothing_to_remember():
    assert PRIMAL_DUAL.remembered(draw_trace(SCENARIO, 3), EVEN) is PRIMAL_DUAL
    assert Base.of(SCENARIO, Pricing.NONE).pricer is None


def test_between_two_seconds_the_earlier_prices_are_remembered():
    trace = draw_trace(SCENARIO, 3)
    pricer = Base.of(SCENARIO, Pricing.SCHEDULED).pricer
    assert pricer is not None
    shape = trace.network.stock.shape
    tables = tuple(np.full(shape, value, np.int64) for value in (1, 2))
    remembered, seen = RememberedPricer(pricer, (0, 100), tables), PRIMAL_DUAL.world(trace, EVEN).seen
    for second, value in ((0, 1), (99, 1), (100, 2), (10_000, 2)):
        seen.clock["now_seconds"] = second
        assert (remembered.prices(trace.network, seen) == value).all()
