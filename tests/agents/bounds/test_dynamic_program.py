"""The exact dynamic program on ``tiny``: simulation agrees, nobody beats it, and the bounds lie around it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from agents import load_agent
from agents.bounds import demand_hindsight, hindsight, solve
from agents.bounds.dynamic_program import Optimum
from envs.many import simulate_many
from envs.protocol import Agent
from experiments.scoreboard.optimal import OptimalAgent
from scenarios import draw_trace, load_scenario
from scenarios.demand import Demand, Promise
from scenarios.errors import InputError
from scenarios.patience import Patience
from scenarios.quantiles import constant
from scenarios.stock import Receipt
from scenarios.trace import Trace

NUM_TRACES, NUM_BOUNDED = 800, 100
DEVIATIONS = 4.0


@cache
def optimum() -> Optimum:
    return solve(load_scenario("tiny"))


@cache
def many_traces() -> list[Trace]:
    return [draw_trace(load_scenario("tiny"), seed) for seed in range(NUM_TRACES)]


@cache
def costs_of(agent: str) -> np.ndarray:
    chosen: Agent = OptimalAgent(optimum()) if agent == "optimal" else load_agent(agent)
    return np.array([simulation.world.totals.sum() for simulation in simulate_many(many_traces(), chosen)], float)


@cache
def counts() -> np.ndarray:
    """(traces, regions * SKUs): orders of each kind."""
    rows = []
    for trace in many_traces():
        kinds = trace.future.orders["region"] * 2 + trace.future.lines["sku"]
        rows.append(np.bincount(kinds, minlength=6))
    return np.array(rows, float)


def mean_with_error(costs: np.ndarray) -> tuple[float, float]:
    """Mean over all traces, corrected by how many orders these traces have of each kind, and its standard error.

    How many come in the mean is known: the mean of a Poisson number cut at the largest, by the chances of the kinds.
    """
    world = optimum().world
    mean, chance, expected = world.rate * world.horizon_seconds, np.exp(-world.rate * world.horizon_seconds), 0.0
    for number in range(1, 200):
        chance *= mean / number
        expected += chance * min(number, world.max_orders)
    kinds = expected * np.outer(world.regions, world.skus).ravel()
    known = counts() - kinds
    slopes, *_ = np.linalg.lstsq(known - known.mean(axis=0), costs - costs.mean(), rcond=None)
    rest = costs - known @ slopes
    return float(rest.mean()), float(rest.std(ddof=1) / len(rest) ** 0.5)


def test_what_is_solved_is_tiny():
    world = optimum().world
    assert world.units.tolist() == [[5, 10], [8, 5]]
    assert world.margins.tolist() == [1_500_000, 800_000]
    assert world.costs[0, 0, 0] < world.costs[0, 0, 1]
    assert world.costs[:, :, 0].tolist() == world.costs[::-1, :, 1].tolist()  # east and west mirror each other
    assert optimum().error_millicents < 0.01


@pytest.mark.slow
def test_playing_its_choices_costs_what_it_says():
    mean, error = mean_with_error(costs_of("optimal"))
    assert error < 0.005 * mean
    assert abs(mean - optimum().value_millicents) < DEVIATIONS * error


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["nearest", "fewest-splits", "myopic", "primal-dual", "random"])
def test_no_router_beats_it_in_the_mean(agent):
    extra = costs_of(agent) - costs_of("optimal")
    assert extra.mean() > DEVIATIONS * extra.std(ddof=1) / len(extra) ** 0.5
    mean, error = mean_with_error(costs_of(agent))
    assert mean + DEVIATIONS * error > optimum().value_millicents


def test_it_lies_between_the_bound_and_the_routers():
    bounds = np.array([demand_hindsight(trace).value_millicents for trace in many_traces()[:NUM_BOUNDED]])
    assert [hindsight(trace).value_millicents for trace in many_traces()[:10]] == bounds[
        :10
    ].tolist()  # no luck in tiny
    gap = costs_of("optimal")[:NUM_BOUNDED] - bounds
    assert (gap >= 0).all()
    # What hindsight is worth, on these traces, against the value of all traces.
    assert gap.mean() > 0
    assert costs_of("optimal").mean() < costs_of("primal-dual").mean()


def test_one_order_at_most_takes_the_near_shelf():
    """Solved by hand: with one order to come at most, the cheapest warehouse, at its mean cost times its chance."""
    scenario = load_scenario("tiny")
    assert isinstance(scenario.demand, Demand)
    single = solve(replace(scenario, demand=replace(scenario.demand, max_orders=1)))
    world = single.world
    chance = 1 - np.exp(-world.rate * world.horizon_seconds)
    mean = world.regions @ world.costs.min(axis=2) @ world.skus
    assert single.value_millicents == pytest.approx(chance * mean, rel=1e-9)


def test_empty_shelves_cost_every_margin():
    scenario = load_scenario("tiny")
    assert isinstance(scenario.demand, Demand)
    endless = replace(scenario.demand, max_orders=120)
    bare = tuple(replace(row, on_hand_units=0) for row in scenario.stock)
    roomy = tuple(replace(site, num_stations=120) for site in scenario.warehouses)
    world = solve(replace(scenario, stock=bare, demand=endless, warehouses=roomy))
    assert world.value_millicents == pytest.approx(22.0 * (0.45 * 1_500_000 + 0.55 * 800_000), rel=1e-9)


def test_a_choice_without_goods_is_none():
    assert optimum().choice_costs(0, 0, 0, 0, (0, 0)).tolist() == [np.inf, np.inf]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"receipts": (Receipt("east", "lamp", 1, 0, 3600),)}, "receipts"),
        ({"patience": Patience(constant(3600))}, "patience"),
    ],
)
def test_larger_scenarios_are_refused(change, key):
    with pytest.raises(InputError, match=key):
        solve(replace(load_scenario("tiny"), **change))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"max_orders": None}, "demand"),
        ({"basket_shares": (0.5, 0.5)}, "basket_shares"),
        ({"units_shares": (0.5, 0.5)}, "units_shares"),
        ({"repeat_share": 0.1}, "repeat_share"),
        ({"num_initial_orders": 1}, "num_initial_orders"),
        ({"hour_weights": (2.0, *[1.0] * 23)}, "hour_weights"),
        ({"max_orders": 200}, "capacity"),
        ({"promises": (Promise("today", 1.0, 1),)}, "vary"),
    ],
)
def test_larger_demand_is_refused(change, key):
    scenario = load_scenario("tiny")
    assert isinstance(scenario.demand, Demand)
    with pytest.raises(InputError, match=key):
        solve(replace(scenario, demand=replace(scenario.demand, **change)))


@pytest.mark.parametrize("name", ["metro-small", "toy-nearest"])
def test_other_scenarios_are_refused(name):
    with pytest.raises(InputError, match="worlds like tiny"):
        solve(load_scenario(name))
