"""``demand_hindsight``: knows no luck, and no router beats it in the mean over luck."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents import load_agent
from agents.bounds import demand_hindsight, hindsight
from agents.heuristics import RandomAgent
from envs.many import simulate_many
from scenarios import draw_trace, load_scenario
from scenarios.seeds import VALIDATION
from scenarios.trace import Trace
from tests.named_traces import short_trace
from tests.worlds import TROUBLES, random_trace, with_future

NUM_LUCKS = 60
DEVIATIONS = 4.0


def with_other_luck(trace: Trace, seed: int) -> Trace:
    orders = trace.future.orders.copy()
    orders["luck_key"] = np.random.default_rng(seed).integers(0, 1 << 64, len(orders), np.uint64)
    return with_future(trace, orders=orders)


@pytest.mark.parametrize("name", ["metro-small", "metro-disrupted"])
def test_it_looks_at_no_luck(name):
    trace = short_trace(name)
    other = with_other_luck(trace, 1)
    assert demand_hindsight(trace).value_millicents == demand_hindsight(other).value_millicents
    assert hindsight(trace).value_millicents != hindsight(other).value_millicents


@pytest.mark.slow
@pytest.mark.parametrize("trouble", [None, *sorted(set(TROUBLES) - {"has_reordering"}), "all"])
def test_no_router_beats_it_in_the_mean_over_luck(trouble):
    """For each kind of trouble by itself and for all: the mean is not below the bound by more than chance."""
    found = sorted(set(TROUBLES) - {"has_reordering"}) if trouble == "all" else [trouble] if trouble else []
    for seed in range(4):
        trace = random_trace(seed, num_orders=8, num_regions=1, max_lines=3, **dict.fromkeys(found, True))
        bound = demand_hindsight(trace).value_millicents
        lucks = [with_other_luck(trace, number) for number in range(NUM_LUCKS)]
        for agent in (load_agent("myopic"), load_agent("fastest"), RandomAgent(seed)):
            costs = np.array([simulation.world.totals.sum() for simulation in simulate_many(lucks, agent)], float)
            assert costs.mean() + DEVIATIONS * costs.std(ddof=1) / NUM_LUCKS**0.5 >= bound


def test_it_is_above_the_mean_hindsight_where_no_plan_breaks():
    """Whoever knows luck pays less in the mean: that part of the gap no router can earn."""
    trace = short_trace("metro-small")
    known = [hindsight(with_other_luck(trace, seed)).value_millicents for seed in range(5)]
    assert np.mean(known) < demand_hindsight(trace).value_millicents


@pytest.mark.slow
@pytest.mark.parametrize("name", ["single-warehouse", "two-tier", "ample-stock"])
def test_nothing_is_left_where_nothing_is_scarce_and_nothing_queues(name):
    """A bound that is too low by a thousandth fails, and so does one that is too high."""
    traces = [draw_trace(load_scenario(name), VALIDATION[number]) for number in range(12)]
    costs = np.array([one.world.totals.sum() for one in simulate_many(traces, load_agent("myopic"))])
    gaps = np.array([demand_hindsight(trace).value_millicents for trace in traces]) / costs - 1
    assert abs(gaps.mean()) < 0.001 + DEVIATIONS * gaps.std(ddof=1) / len(gaps) ** 0.5
    assert abs(gaps).max() < 0.01


def test_a_bound_that_counts_the_mean_journey_for_every_journey_would_be_too_low():
    """Lateness is convex: the lateness of the mean journey is less than the mean lateness."""
    trace = short_trace("metro-small")
    tables = trace.network.tables.copy()
    mean = (tables["value"] * tables["weight"]).sum(axis=1) // tables["weight"].sum(axis=1)
    tables["value"] = mean[:, None]
    certain = trace.network._replace(tables=tables)
    assert demand_hindsight(replace(trace, network=certain)).parts_millicents[1] < (
        0.8 * demand_hindsight(trace).parts_millicents[1]
    )
