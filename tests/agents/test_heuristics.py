"""Each heuristic follows its rule over all plans there are, not only those it is shown."""

from __future__ import annotations

import numpy as np
import pytest

from agents import agent_names, load_agent
from agents.heuristics import RandomAgent, best_by_rule
from envs.plan_table import MAX_PLANS, NUM_RULES, Rule
from envs.prices import Pricing
from envs.simulation import simulate
from envs.snapshot import Snapshot
from scenarios import draw_trace, load_scenario
from tests.exhaustive import Exhaustive, plan_in_slot
from tests.played import decisions, is_over
from tests.worlds import random_trace

RULES = {
    "nearest": Rule.NEAREST,
    "cheapest": Rule.CHEAPEST,
    "fastest": Rule.FASTEST,
    "fewest-splits": Rule.FEWEST_SPLITS,
    "myopic": Rule.MYOPIC,
}


@pytest.mark.parametrize("name", sorted(RULES))
def test_no_plan_there_is_beats_the_choice(name):
    agent, num_decisions = load_agent(name), 0
    for seed in range(12):
        trace = random_trace(seed, num_orders=10, max_lines=3, num_skus=5)
        for world in decisions(trace, seed, pricing=agent.pricing):
            if is_over(world):
                break
            snapshot = Snapshot(world.network, world.seen, world.plans)
            plan = plan_in_slot(world.plans, agent.choose(snapshot))
            every = Exhaustive(world.network, world.seen)
            best = min((tuple(every.ranks(other)[[RULES[name], Rule.MYOPIC]]) for other in every.plans()), default=None)
            if plan:
                assert tuple(every.ranks(plan)[[RULES[name], Rule.MYOPIC]]) == best, (
                    seed,
                    int(world.seen.clock["decision_id"][0]),
                )
            else:
                margin = world.seen.order["margin_millicents"][0]
                assert best is None or (name == "myopic" and margin <= best[0])
            num_decisions += 1
    assert num_decisions > 100


def test_primal_dual_minimises_cost_plus_bid_prices():
    agent, num_different = load_agent("primal-dual"), 0
    assert agent.pricing == Pricing.CLOSED_FORM
    for seed in range(12):
        trace = random_trace(seed, num_orders=10, max_lines=3, num_skus=5)
        for world in decisions(trace, seed, pricing=agent.pricing):
            every = Exhaustive(world.network, world.seen)
            if is_over(world):
                break
            slot = agent.choose(Snapshot(world.network, world.seen, world.plans))
            plan = plan_in_slot(world.plans, slot)
            ranks = [every.ranks(other) for other in every.plans()]
            if plan and ranks:
                assert every.ranks(plan)[Rule.SCORE] == min(rank[Rule.SCORE] for rank in ranks)
                num_different += every.ranks(plan)[Rule.MYOPIC] > min(rank[Rule.MYOPIC] for rank in ranks)
    assert num_different > 0


def test_ties_go_to_the_cheapest_then_the_lowest_slot():
    rules = np.zeros((MAX_PLANS, NUM_RULES), np.int64)
    rules[:, Rule.NEAREST] = 5
    rules[:, Rule.MYOPIC] = 9
    assert best_by_rule(rules, 10, Rule.NEAREST) == 0
    rules[4, Rule.MYOPIC] = rules[6, Rule.MYOPIC] = 8
    assert best_by_rule(rules, 10, Rule.NEAREST) == 4
    rules[7, Rule.NEAREST] = 4
    assert best_by_rule(rules, 10, Rule.NEAREST) == 7
    assert best_by_rule(rules, 7, Rule.NEAREST) == 4  # slots that are not real are never chosen


def test_random_choices_are_uniform_and_depend_on_seed_and_decision_only():
    trace = random_trace(3, num_orders=300, most_units_on_shelf=60, is_decline_a_choice=True)
    runs = {seed: [] for seed in (0, 1)}
    for seed, shares in runs.items():
        agent = RandomAgent(seed)
        for world in decisions(trace):
            snapshot = Snapshot(world.network, world.seen, world.plans)
            slot = agent.choose(snapshot)
            assert slot == agent.choose(snapshot) == RandomAgent(seed).choose(snapshot)
            shares.append((slot + 0.5) / snapshot.num_plans)
    assert np.mean(runs[0]) == pytest.approx(0.5, abs=0.06)
    assert runs[0] != runs[1]


@pytest.mark.parametrize("agent", agent_names())
def test_agents_keep_no_memory_of_earlier_episodes(agent):
    decider, trace = load_agent(agent), random_trace(9)
    first = simulate(trace, decider)
    simulate(random_trace(10), decider)
    assert simulate(trace, decider).events.equals(first.events)


def test_each_rule_is_good_at_what_it_minimises():
    """On metro-small's stock-rich first day: fastest is fastest, cheapest pays the carriers least, and so on."""
    trace = draw_trace(load_scenario("metro-small", horizon_days=1), 2)
    runs = {name: simulate(trace, load_agent(name), level="none").metrics for name in agent_names()}
    money = {
        name: run["shipping_per_order"] + run["handling_per_order"] + run["packaging_per_order"]
        for name, run in runs.items()
    }
    assert min(money, key=money.__getitem__) == "cheapest"
    assert min(runs, key=lambda name: runs[name]["hours_to_door"]) == "fastest"
    assert min(run["parcels_per_order"] for run in runs.values()) == runs["fewest-splits"]["parcels_per_order"]
    assert min(runs, key=lambda name: runs[name]["cost_per_order"]) in ("myopic", "primal-dual")
    assert max(runs, key=lambda name: runs[name]["cost_per_order"]) == "random"
