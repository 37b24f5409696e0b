"""Routers inside the compiled loop choose what they choose when they are asked from Python."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import agent_names, load_agent
from agents.heuristics import ConsolidatingAgent, HoldingOnceAgent, RandomAgent, RuleAgent
from envs import World, simulate
from envs.inner import CHEAP, Code, Inner, consolidating_slot, hold_once_slot
from envs.log import event_table, ledger_table
from envs.loop import play_alone
from envs.plan_table import MAX_BLOCKS, MAX_PLANS, NUM_RULES, OPTIONS, SLOTS, Rule
from envs.prices import Pricing
from envs.protocol import Agent, pricer_of
from envs.snapshot import Snapshot
from envs.state import ASKED_ORDER, filled
from scenarios.network import Network
from tests.named_traces import NAMES
from tests.worlds import every_trouble, random_trace, traces, with_future

INSIDE = [name for name in agent_names() if hasattr(load_agent(name), "inner")]


@dataclass
class FromPython:
    """Another agent, without its form inside the loop; notes the slots."""

    agent: Agent

    def __post_init__(self) -> None:
        self.name, self.pricing, self.needs_features = self.agent.name, self.agent.pricing, self.agent.needs_features
        self.pricer = pricer_of(self.agent)
        self.slots: list[int] = []

    def start(self, network: Network) -> None:
        self.agent.start(network)

    def choose(self, snapshot: Snapshot) -> int:
        self.slots.append(self.agent.choose(snapshot))
        return self.slots[-1]


def assert_same(agent: Agent, trace, **arguments) -> None:
    """Inside the loop, from Python on the compiled clock, and on the SimPy clock."""
    inside = simulate(trace, agent, **arguments)
    for clock in ("compiled", "simpy"):
        asked = FromPython(agent)
        other = simulate(trace, asked, clock, **arguments)
        assert inside.events.equals(other.events)
        assert inside.ledger.equals(other.ledger)
        assert inside.metrics == other.metrics
        assert len(asked.slots) == inside.metrics["num_decisions"]


def test_every_heuristic_decides_inside():
    assert agent_names() == INSIDE


@pytest.mark.parametrize("agent", INSIDE)
@pytest.mark.parametrize("name", NAMES)
def test_named_scenarios(trace_of, name, agent):
    assert_same(load_agent(agent), trace_of(name))


@settings(max_examples=60)
@given(traces(**every_trouble()), st.sampled_from(INSIDE), st.sampled_from([(1.0, 1.0, 1.0), (0.5, 3.0, 0.0)]))
def test_worlds_with_every_trouble(trace, agent, weights):
    assert_same(load_agent(agent), trace, weights=weights)


@settings(max_examples=40)
@given(traces(), st.sampled_from(list(Rule)), st.booleans(), st.sampled_from([Pricing.NONE, Pricing.CLOSED_FORM]))
def test_every_rule_with_and_without_features(trace, rule, needs_features, pricing):
    assert_same(RuleAgent("a rule", rule, pricing, needs_features), trace)


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1])
def test_random_seeds_keep_their_64_bits(seed):
    assert_same(RandomAgent(seed), random_trace(4, num_orders=40))


def test_arrays_that_are_full_grow_inside_the_loop():
    trace, agent = random_trace(1, num_orders=300, **every_trouble()), load_agent("random")
    world = World(trace)
    rooms = {name: getattr(world.hidden, name)[:8].copy() for name in ("parcels", "events", "ledger")}
    world.hidden = world.hidden._replace(**rooms)
    world.rebind()
    play_alone(world, agent.inner)
    ample = simulate(trace, agent)
    assert all(len(getattr(world.hidden, name)) > 512 for name in rooms)
    assert event_table(world.hidden).equals(ample.events)
    assert ledger_table(world.hidden).equals(ample.ledger)


def test_features_are_made_inside_the_loop_if_asked_for(trace_of):
    trace = trace_of("tiny")
    without, with_features = (
        simulate(trace, RuleAgent("myopic", Rule.SCORE, needs_features=needs)) for needs in (False, True)
    )
    assert not without.world.plans.features.any()
    assert with_features.world.plans.features.any()
    assert without.events.equals(with_features.events)


def test_a_rule_inside_the_loop_makes_its_own_best_plan_only(trace_of):
    trace = trace_of("metro-small")
    agent = load_agent("fastest")
    assert simulate(trace, agent).world.plans.counts[0] == 1
    assert simulate(trace, FromPython(agent)).world.plans.counts[0] > 1


def test_without_orders_nothing_is_asked():
    trace = random_trace(3)
    trace = with_future(trace, orders=trace.future.orders[:0], lines=trace.future.lines[:0])
    world = World(trace)
    play_alone(world, Inner(Code.UNIFORM))
    assert int(world.seen.clock["decision_id"][0]) == 0


def table(*holds: int, num_parcels: int = 1, door: int = 1000):
    """A plan in slot 0 that is expected at ``door``, then holds."""
    slots, options = np.zeros(MAX_PLANS, SLOTS), np.zeros(MAX_BLOCKS, OPTIONS)
    chosen = np.full((MAX_PLANS, MAX_BLOCKS), -1, np.int64)
    slots["num_parcels"][0] = num_parcels
    chosen[0, :num_parcels] = np.arange(num_parcels)
    options["mean_at"][:num_parcels] = door - np.arange(num_parcels)
    slots["hold_seconds"][1 : 1 + len(holds)] = holds
    return slots, chosen, options, 1 + len(holds)


@pytest.mark.parametrize(
    ("holds", "promise_at", "expected"),
    [((600, 3600), 4600, 2), ((600, 3600), 4599, 1), ((600, 3600), 1599, 0), ((3600, 600), 9999, 1), ((), 9999, 0)],
)
def test_the_longest_hold_that_the_promise_allows(holds, promise_at, expected):
    assert consolidating_slot(*table(*holds), promise_at) == expected
    assert consolidating_slot(*table(*holds, num_parcels=3), promise_at) == expected


def test_nothing_is_held_if_declining_is_best():
    assert consolidating_slot(*table(600, num_parcels=0), 10**9) == 0


def test_company_is_waited_for():
    """Where customers order again and again, holding makes fewer parcels."""
    sizes = {"num_orders": 60, "most_units_on_shelf": 40, "max_lines": 3, "share_without_lane": 0.0}
    worlds = [random_trace(seed, has_holds=True, **sizes) for seed in range(6)]
    held, taken = (
        sum(int(simulate(trace, agent).world.hidden.counters["num_parcels"][0]) for trace in worlds)
        for agent in (ConsolidatingAgent(), load_agent("myopic"))
    )
    assert held < taken


SCORE, WAITING = 1000, 1000 // CHEAP


def held_once(*holds: int, waiting: int = WAITING, num_parcels: int = 1, **order: int) -> int:
    """The slot taken of a plan in slot 0, expected at second 1000, and holds that cost ``waiting`` each."""
    slots, chosen, options, count = table(*holds, num_parcels=num_parcels)
    rules = np.full((MAX_PLANS, NUM_RULES), SCORE + waiting)
    rules[0] = SCORE
    asked = filled(1, ASKED_ORDER, **{"num_orders": 1, "promise_at": 10**9, **order})
    return int(hold_once_slot(slots, rules, chosen, options, count, asked))


def test_a_new_order_is_held_once_for_the_shortest_time():
    assert held_once(600, 3600) == 1
    assert held_once(3600, 600) == 2
    assert held_once() == 0
    assert held_once(600, num_holds=1) == 0
    assert held_once(600, num_orders=2) == 0


def test_a_hold_that_is_dear_or_late_is_not_taken():
    assert held_once(600, waiting=WAITING + 1) == 0
    assert held_once(600, promise_at=1600) == 1
    assert held_once(600, promise_at=1599) == 0
    assert held_once(600, num_parcels=0) == 0


def test_whoever_holds_once_inside_the_loop_has_two_plans_at_most(trace_of):
    """The same choices, tested above, from far less work."""
    trace, agent = trace_of("hold-consolidate"), load_agent("hold-once")
    inside, asked = simulate(trace, agent), simulate(trace, FromPython(agent))
    assert inside.events.equals(asked.events)
    assert inside.world.hidden.orders["num_holds"].max() == 1
    assert inside.world.plans.counts[0] <= 2 < asked.world.plans.counts[0]


def test_holding_once_with_bid_prices():
    trace = random_trace(7, num_orders=60, **every_trouble())
    assert_same(HoldingOnceAgent("priced", Pricing.CLOSED_FORM), trace)
