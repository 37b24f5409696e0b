"""Routers that follow the dual."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents import load_agent
from agents.dual.pricer import DualPricer
from agents.dual.router import dual_router
from agents.forecast.analogues import Forecast
from agents.forecast.history import History, history_of
from agents.heuristics import RuleAgent
from envs.compiled_clock import CompiledClock
from envs.log import Kind
from envs.many import simulate_many
from envs.plan_table import Rule
from envs.prices import Pricing
from envs.protocol import pricer_of
from envs.simulation import CLOCKS, simulate
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.seeds import VALIDATION
from tests.envs.test_snapshot import Witness, decisions_because, events_of, told_until
from tests.named_traces import SHORTER, short_trace
from tests.redrawn import redrawn
from tests.worlds import size_of

TINY = load_scenario("tiny")


@pytest.mark.parametrize("name", ["static-dual", "dual"])
def test_both_clocks_play_it_alike(name):
    agent, trace = load_agent(name, TINY), draw_trace(TINY, VALIDATION.start)
    one, two = (simulate(trace, agent, clock) for clock in ("compiled", "simpy"))
    assert one.events.equals(two.events)
    assert agent.name == name


def test_it_protects_what_others_will_need():
    """On ``tiny`` the only question is who gives up the unit; the dual beats the myopic rule clearly."""
    traces = [draw_trace(TINY, VALIDATION.start + i) for i in range(60)]
    costs = {
        name: np.array(
            [done.world.totals.sum() for done in simulate_many(traces, load_agent(name, TINY), level="none")]
        )
        for name in ("myopic", "static-dual", "dual")
    }
    for name in ("static-dual", "dual"):
        saved = costs["myopic"] - costs[name]
        assert saved.mean() > 2 * saved.std() / np.sqrt(len(traces)) > 0
    assert costs["dual"].mean() <= costs["static-dual"].mean()


def test_static_prices_are_solved_once():
    agent = dual_router(TINY, is_static=True)
    events = simulate(draw_trace(TINY, VALIDATION.start), agent).events.to_pandas()
    again = simulate(draw_trace(TINY, VALIDATION.start), dual_router(TINY, interval_hours=2)).events.to_pandas()
    assert (events["kind"] == Kind.PRICES_IN).sum() == 1 < (again["kind"] == Kind.PRICES_IN).sum()


@pytest.mark.slow
def test_it_looks_a_week_ahead_and_to_the_end_where_that_is_known():
    """A day on ``tiny``, whose past goes on by the day; a static dual has to last for the whole horizon."""
    assert pricer_of(dual_router(TINY)).lookahead_seconds == DAY_SECONDS
    assert pricer_of(dual_router(TINY)).num_samples < pricer_of(dual_router(TINY, is_static=True)).num_samples
    long = load_scenario("tiny", horizon_days=16)
    assert pricer_of(dual_router(long)).lookahead_seconds == 7 * DAY_SECONDS
    assert pricer_of(dual_router(long, is_static=True)).lookahead_seconds == 16 * DAY_SECONDS
    assert pricer_of(dual_router(long, lookahead_hours=5)).lookahead_seconds == 5 * HOUR_SECONDS
    assert pricer_of(dual_router(long)).ends_at is None
    for instance in (1, 2):
        published = load_scenario("jasin-sinha", instance=instance, horizon_days=9)
        assert pricer_of(dual_router(published)).lookahead_seconds == 9 * DAY_SECONDS
        assert pricer_of(dual_router(published)).ends_at == 9 * DAY_SECONDS


def test_nothing_is_kept_for_later_than_a_known_end():
    pricer = DualPricer(Forecast(history_of(TINY)), 7 * DAY_SECONDS, ends_at=DAY_SECONDS)
    world = World(draw_trace(TINY, VALIDATION.start), "none")
    CompiledClock(world).start()
    seen = world.seen._replace(clock=world.seen.clock.copy())
    for second, reach in ((0, DAY_SECONDS), (DAY_SECONDS - 60, 60), (2 * DAY_SECONDS, 1)):
        seen.clock["now_seconds"] = second
        assert pricer.reach(seen) == reach
        assert replace(pricer, ends_at=None).reach(seen) == 7 * DAY_SECONDS
    assert not pricer.prices(world.network, seen).any()
    assert replace(pricer, ends_at=None).prices(world.network, seen).any()


@pytest.fixture(scope="module")
def small() -> RuleAgent:
    """A dual that solves small programs from a short past of the short metro."""
    forecast = Forecast(History(load_scenario("metro-small", **SHORTER["metro-small"]), 10), num_nearest=4)
    pricer = DualPricer(forecast, DAY_SECONDS, num_samples=2, max_orders=60)
    return RuleAgent("dual", Rule.SCORE, Pricing.SCHEDULED, pricer=pricer)


def test_no_choice_depends_on_what_is_still_to_come(small):
    """Everything that is not revealed at a decision is redrawn; the past that is forecast from stays."""
    trace, agent = short_trace("metro-small"), small
    before = Witness(agent)
    simulation = simulate(trace, before)
    events = events_of(simulation)
    assert (events[:, 1] == Kind.PRICES_IN).any()
    chosen = decisions_because(events, "an order arrived")
    for decision in (chosen[len(chosen) // 3], chosen[2 * len(chosen) // 3]):
        seen = told_until(simulation, events, decision)
        other = redrawn(trace, seen, decision, size_of(trace))
        assert other.future.orders.tobytes() != trace.future.orders.tobytes()
        after = Witness(agent)
        simulate(other, after)
        assert after.memory[: decision + 1] == before.memory[: decision + 1]


def test_both_clocks_play_the_metro_alike(small):
    one, two = (simulate(short_trace("metro-small"), small, clock) for clock in CLOCKS)
    assert one.events.equals(two.events)
    assert (one.events.to_pandas()["kind"] == Kind.PRICES_IN).sum() > 1


def test_a_forecaster_needs_a_scenario():
    with pytest.raises(InputError, match=r"agent.*dual.*scenario"):
        load_agent("dual")
