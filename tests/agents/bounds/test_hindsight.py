"""``hindsight``: no router beats it on any trace, and on the toys it is what the best one pays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from agents.bounds import demand_hindsight, hindsight, relaxation
from agents.heuristics import RandomAgent
from envs.compiled_clock import CompiledClock
from envs.costs import OBJECTIVE_OF_PART
from envs.fork import fork
from envs.many import simulate_many
from envs.protocol import Agent
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.catalogue import toys, toys_disruptions
from scenarios.errors import InputError
from scenarios.network import FOREVER_SECONDS
from scenarios.trace import Trace
from tests.every_agent import EVERY_AGENT, agent_of
from tests.named_traces import BOARD, short_trace
from tests.worlds import Sizes, every_trouble, random_trace, traces, with_future, with_settings

OPTIMUM_MILLICENTS = {**toys.OPTIMUM_MILLICENTS, **toys_disruptions.OPTIMUM_MILLICENTS}
BOUNDED_TOYS = sorted(set(OPTIMUM_MILLICENTS) - {"toy-reorder"})
BOARD_ROUTERS = ("random", "fewest-splits", "myopic", "primal-dual", "consolidate")
NAMED = ("tiny", "toy-mmc", "metro-small", "metro", "metro-disrupted")
WEIGHTS = st.tuples(*[st.sampled_from([0.0, 0.5, 1.0, 3.0])] * 3)


def toy(name: str) -> Trace:
    return draw_trace(load_scenario(name), 1)


def weighted(world: World, weights: tuple[float, float, float]) -> float:
    """Millicents booked, weighted in thousandths as the simulation does."""
    return (
        sum(
            round(1000 * weights[owner]) * int(total)
            for owner, total in zip(OBJECTIVE_OF_PART, world.totals, strict=True)
        )
        / 1000
    )


def ledger(trace: Trace, agent: Agent) -> int:
    """Millicents that the router pays on the trace, the warm-up included."""
    return int(simulate_many([trace], agent)[0].world.totals.sum())


@pytest.mark.parametrize("bound", [hindsight, demand_hindsight])
@pytest.mark.parametrize("name", BOUNDED_TOYS)
def test_toys_are_bounded_by_their_optimum(name, bound):
    """Equality: a bound that is too low fails here as much as one that is too high. All toys are without luck."""
    assert bound(toy(name)).value_millicents == OPTIMUM_MILLICENTS[name]


MUTANTS = {
    "receipts are ignored": ("toy-backorder", +1),
    "nobody can be held": ("toy-hold", +1),
    "lateness is free": ("toy-cutoff", -1),
    "waiting is free": ("toy-presale", -1),
    "shelves are full": ("toy-scarce", -1),
    "nobody loses patience": ("toy-cancel", -1),
    "carriers never strike": ("toy-outage", -1),
    "carriers are never slow": ("toy-regime", -1),
}


def mutated(trace: Trace, change: str) -> Trace:
    future, stock = trace.future, trace.network.stock.copy()
    patience = future.orders.copy()
    patience["patience_seconds"] = FOREVER_SECONDS
    stock["on_hand_units"] = 9
    ways = {
        "receipts are ignored": lambda: with_future(trace, receipts=future.receipts[:0]),
        "nobody can be held": lambda: with_settings(trace, hold_short_seconds=0),
        "lateness is free": lambda: with_settings(trace, lateness_step_millicents=0, lateness_hour_millicents=0),
        "waiting is free": lambda: with_settings(trace, waiting_hour_millicents=0),
        "shelves are full": lambda: replace(trace, network=trace.network._replace(stock=stock)),
        "nobody loses patience": lambda: with_future(trace, orders=patience),
        "carriers never strike": lambda: with_future(trace, outages=future.outages[:0]),
        "carriers are never slow": lambda: with_future(trace, regimes=future.regimes[:0]),
    }
    return ways[change]()


@pytest.mark.parametrize("change", MUTANTS)
def test_the_toys_would_notice_a_bound_that_forgets_something(change):
    name, sign = MUTANTS[change]
    value = hindsight(mutated(toy(name), change)).value_millicents
    assert np.sign(value - OPTIMUM_MILLICENTS[name]) == sign


@pytest.mark.parametrize("name", NAMED)
def test_no_agent_beats_it_in_a_named_scenario(name):
    trace = short_trace(name)
    bound = hindsight(trace)
    costs = {agent: ledger(trace, agent_of(agent)) for agent in EVERY_AGENT}
    assert 0 < bound.value_millicents <= min(costs.values()), costs
    assert bound.num_orders == trace.num_orders
    # What the dual proves is what the primal found, but for rounding.
    assert bound.value_millicents == pytest.approx(sum(bound.parts_millicents), rel=1e-9, abs=2.0)


def check_board_routers(trace: Trace) -> None:
    bound = hindsight(trace).value_millicents
    costs = {router: ledger(trace, load_agent(router)) for router in BOARD_ROUTERS}
    assert 0 < bound <= min(costs.values()), costs


@pytest.mark.parametrize("name", [*BOARD, "jasin-sinha"])
def test_no_router_beats_it_on_the_board(name):
    check_board_routers(short_trace(name))


def test_no_router_beats_it_where_stock_runs_out():
    """A whole trace: the short one ends before shelves are empty."""
    check_board_routers(draw_trace(load_scenario("misplaced-scarce"), 3))


@pytest.mark.slow
def test_no_router_that_forecasts_beats_it():
    trace = short_trace("tiny")
    assert 0 < hindsight(trace).value_millicents <= ledger(trace, load_agent("static-dual", load_scenario("tiny")))


@pytest.mark.parametrize("name", ["tiny", "metro"])
def test_it_is_close_where_nothing_queues(name):
    trace = short_trace(name)
    best = min(ledger(trace, load_agent(agent)) for agent in ("myopic", "primal-dual"))
    assert hindsight(trace).value_millicents > 0.9 * best
    assert demand_hindsight(trace).value_millicents > 0.95 * best


def test_real_orders_are_bounded(real_data):
    trace = short_trace("olist-pooled", data=real_data / "olist_sample")
    bound = hindsight(trace).value_millicents
    for agent in ("random", "cheapest", "myopic", "primal-dual"):
        assert 0 < bound <= ledger(trace, load_agent(agent))


@given(trace=traces(has_reordering=False), weights=WEIGHTS, seed=st.integers(0, 99))
@settings(max_examples=80)
def test_no_router_beats_it_in_a_random_world(trace, weights, seed):
    bound = hindsight(trace, weights).value_millicents
    for agent in (RandomAgent(seed), load_agent("myopic"), load_agent("cheapest"), load_agent("fastest")):
        (simulation,) = simulate_many([trace], agent, weights=weights)
        assert bound <= weighted(simulation.world, weights)


def least(clock: CompiledClock, weights: tuple[float, float, float]) -> float:
    """Least weighted total over all sequences of slots from here on."""
    found = []
    for slot in range(int(clock.world.plans.counts[0])):
        branch = CompiledClock(fork(clock.world))
        found.append(least(branch, weights) if branch.answer(slot) else weighted(branch.world, weights))
    return min(found)


@pytest.mark.parametrize("seed", range(12))
def test_no_sequence_of_choices_beats_it_whatever_goes_wrong(seed):
    """All that any router could choose, in worlds with every trouble."""
    size = Sizes(num_warehouses=2, num_services=1, num_regions=1, num_skus=2, num_orders=2, num_receipts=3, max_lines=2)
    trace = random_trace(
        seed, size, **every_trouble(has_reordering=False, share_without_lane=0.0, most_units_on_shelf=2)
    )
    clock, weights = CompiledClock(World(trace, "none")), (1.0, 2.0, 0.5)
    assert clock.start()
    assert hindsight(trace, weights).value_millicents <= least(clock, weights)


def test_more_stock_never_costs_more():
    for seed in range(10):
        trace = random_trace(seed, share_with_requirements=0.0)
        stock = trace.network.stock.copy()
        stock["on_hand_units"] += 1
        richer = replace(trace, network=trace.network._replace(stock=stock))
        assert hindsight(richer).value_millicents <= hindsight(trace).value_millicents


def test_long_orders_share_a_parcel():
    """Orders with more lines than subsets are made for are bounded, too."""
    for seed in range(6):
        trace = random_trace(seed, num_skus=10, max_lines=9, share_without_lane=0.0)
        assert trace.future.orders["num_lines"].max() > 6
        assert hindsight(trace).value_millicents > 0
        for agent in (RandomAgent(seed), load_agent("myopic")):
            assert hindsight(trace).value_millicents <= simulate_many([trace], agent)[0].world.totals.sum()


def test_no_orders_cost_nothing():
    trace = short_trace("tiny")
    empty = with_future(trace, orders=trace.future.orders[:0], lines=trace.future.lines[:0])
    assert hindsight(empty).value_millicents == demand_hindsight(empty).value_millicents == 0


def test_weights_count():
    trace = short_trace("metro-small")
    whole, halved = (hindsight(trace, (weight,) * 3).value_millicents for weight in (1.0, 0.5))
    assert halved == pytest.approx(whole / 2, rel=1e-6)
    assert hindsight(trace, (0.0, 0.0, 0.0)).value_millicents == 0
    dear, cheap = (hindsight(trace, (1.0, weight, 1.0)).parts_millicents[0] for weight in (5.0, 0.1))
    assert dear > cheap


@pytest.mark.parametrize("bound", [hindsight, demand_hindsight])
def test_what_cannot_be_bounded_is_refused(bound):
    with pytest.raises(InputError, match="review_seconds"):
        bound(short_trace("metro-reorder"))
    with pytest.raises(InputError, match="weights"):
        bound(short_trace("tiny"), (1.0, -1.0, 1.0))


def test_a_program_without_an_optimum_is_told(monkeypatch):
    """If a rule for declining were wrong, no plan would be left for an order: never a silent number."""
    trace = short_trace("tiny")
    nothing = relaxation.make_declines(trace.network, trace.future, knows_luck=True)
    nothing = nothing._replace(whole=np.zeros_like(nothing.whole))
    monkeypatch.setattr(relaxation, "make_declines", lambda *_, **__: nothing)
    stock = trace.network.stock.copy()
    stock["on_hand_units"] = 0
    with pytest.raises(InputError, match="linear program"):
        hindsight(replace(trace, network=trace.network._replace(stock=stock)))
