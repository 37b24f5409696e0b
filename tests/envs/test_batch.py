"""Replications side by side: each is played as it would be alone, whoever plays it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from agents.heuristics import RandomAgent, RuleAgent
from envs import World, simulate, simulate_many
from envs.batch import SHOWN, Batch, choose_for_all
from envs.loop import FULL
from envs.many import simulations
from envs.plan_table import MAX_PLANS, SCRATCH, Rule
from envs.prices import Pricing
from envs.protocol import pricer_of
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError
from tests.envs.test_inner import FromPython
from tests.every_agent import EVERY_AGENT, agent_of
from tests.played import decisions
from tests.worlds import every_trouble, random_trace, with_future

SIZES = ((0, 12), (1, 40), (2, 1), (3, 25), (4, 7), (5, 33), (6, 18))
TRACES = [random_trace(seed, num_orders=count, **every_trouble()) for seed, count in SIZES]


class OnlyInBatches:
    """Another agent, asked for whole batches only."""

    def __init__(self, agent) -> None:
        self.agent, self.name, self.pricing, self.pricer = agent, agent.name, agent.pricing, pricer_of(agent)
        self.needs_features = agent.needs_features

    def start(self, network) -> None:
        self.agent.start(network)

    def choose(self, snapshot):
        raise AssertionError("asked for one decision")

    def choose_batch(self, batch):
        return choose_for_all(self.agent, batch)


def new_batch(num_workers: int = 1, traces=TRACES, **arguments) -> Batch:
    return Batch([World(trace, **arguments) for trace in traces], num_workers)


def assert_same(ones, others) -> None:
    for one, other in zip(ones, others, strict=True):
        assert one.events.equals(other.events)
        assert one.ledger.equals(other.ledger)
        assert one.metrics == other.metrics


def test_what_is_shown_is_the_plan_table_itself():
    batch = new_batch()
    for row, world in enumerate(batch.worlds):
        for name in SHOWN:
            assert np.shares_memory(getattr(batch, name), getattr(world.plans, name))
            assert getattr(batch, name)[row].tobytes() == getattr(world.plans, name).tobytes()
    snapshot = batch.snapshot()
    with pytest.raises(ValueError, match="read-only"):
        snapshot.features[0, 0, 0] = 1.0


def test_scratch_space_is_shared_and_holds_nothing_between_decisions():
    """Rows share it; whatever stands there when a slot is carried out and the next table is made, nothing changes."""
    batch, clean = new_batch(), new_batch()
    assert len({id(world.plans.priced) for world in batch.worlds}) == 1
    while batch.is_due().any():
        assert batch.features.tobytes() == clean.features.tobytes()
        for name in SCRATCH:
            getattr(batch.worlds[0].plans, name).fill(77)
        slots = np.random.default_rng(len(TRACES)).integers(0, batch.num_plans())
        batch.step(slots)
        clean.step(slots)
        assert batch.counts.tobytes() == clean.counts.tobytes()
    assert batch.totals.tobytes() == clean.totals.tobytes()


def test_a_larger_network_keeps_scratch_space_of_its_own():
    small, large = draw_trace(load_scenario("tiny"), 1), draw_trace(load_scenario("metro-small"), 1)
    batch = Batch([World(trace, "none") for trace in (small, large, small)])
    rows = [len(world.plans.priced) for world in batch.worlds]
    assert rows[0] == rows[2] < rows[1]
    assert batch.worlds[0].plans.priced is batch.worlds[2].plans.priced


def test_a_released_replication_shares_nothing():
    batch = new_batch()
    world = batch.release(0)
    for name in (*SHOWN, *SCRATCH):
        assert not np.shares_memory(getattr(world.plans, name), getattr(batch.worlds[1].plans, name))


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3]))
def test_each_row_is_what_it_would_be_alone(seed, num_workers):
    """Random slots, the same ones: the same tables at every decision, and the same end."""
    batch = new_batch(num_workers, pricing=Pricing.CLOSED_FORM)
    alone = [decisions(trace, seed + row, share_of_best=0.3) for row, trace in enumerate(TRACES)]
    randoms = [np.random.default_rng(seed + row) for row in range(len(TRACES))]
    while batch.is_due().any():
        snapshot, slots = batch.snapshot(), np.full(len(TRACES), 99)
        for row in np.flatnonzero(snapshot.is_due):
            world = next(alone[row])
            for name in SHOWN:
                assert getattr(batch, name)[row].tobytes() == getattr(world.plans, name).tobytes()
            assert snapshot.decision_ids[row] == world.seen.clock["decision_id"][0]
            assert snapshot.masks()[row].sum() == snapshot.num_plans[row] == world.plans.counts[0]
            is_best = randoms[row].random() < 0.3
            slots[row] = 0 if is_best else int(randoms[row].integers(world.plans.counts[0]))
        batch.step(slots)
    for row, (world, story) in enumerate(zip(batch.worlds, alone, strict=True)):
        (last,) = story
        assert world.hidden.events.tobytes() == last.hidden.events.tobytes()
        assert batch.totals[row].tolist() == last.totals.tolist()
    batch.close()


@pytest.mark.parametrize("name", EVERY_AGENT)
def test_a_whole_batch_is_chosen_as_one_by_one(name):
    agent = agent_of(name)
    batch, num_rounds = new_batch(pricing=agent.pricing, pricer=pricer_of(agent)), 0
    while batch.is_due().any():
        snapshot = batch.snapshot()
        slots = choose_for_all(agent, snapshot)
        for row in np.flatnonzero(snapshot.is_due).tolist():
            assert slots[row] == agent.choose(snapshot.row(row))
        num_rounds += 1
        batch.step(slots)
    assert num_rounds > 30


@pytest.mark.parametrize("rule", list(Rule))
def test_rules_break_ties_in_a_batch_as_alone(rule):
    agent = RuleAgent("a rule", rule)
    batch = new_batch()
    while batch.is_due().any():
        snapshot = batch.snapshot()
        slots = agent.choose_batch(snapshot)
        assert all(slots[row] == agent.choose(snapshot.row(row)) for row in np.flatnonzero(snapshot.is_due).tolist())
        batch.step(RandomAgent(1).choose_batch(snapshot))


@pytest.mark.parametrize("name", EVERY_AGENT)
def test_many_traces_as_one_by_one_whatever_the_number_of_workers(name):
    agent = agent_of(name)
    alone = [simulate(trace, agent, weights=(1.0, 2.0, 1.0)) for trace in TRACES]
    for num_workers in (1, 2, 3):
        arguments = {"level": "events", "weights": (1.0, 2.0, 1.0), "num_workers": num_workers}
        assert_same(simulate_many(TRACES, agent, **arguments), alone)
        assert_same(simulate_many(TRACES, OnlyInBatches(agent), batch_size=3, **arguments), alone)
    assert_same(simulate_many(TRACES[:2], FromPython(agent), level="events", weights=(1.0, 2.0, 1.0)), alone[:2])


def test_traces_may_be_drawn_as_they_are_asked_for():
    drawn: list[int] = []

    def draw():
        for seed in range(40):
            drawn.append(seed)
            yield random_trace(seed, num_orders=3)

    for agent in (load_agent("myopic"), OnlyInBatches(load_agent("myopic"))):
        drawn.clear()
        stream = simulations(draw(), agent, num_workers=2, batch_size=4)
        first = next(stream)
        assert len(drawn) < 20
        assert first.metrics == simulate(random_trace(0, num_orders=3), agent_of("myopic")).metrics
        assert len(list(stream)) == 39


def test_no_traces_and_traces_without_orders():
    empty = with_future(TRACES[0], orders=TRACES[0].future.orders[:0], lines=TRACES[0].future.lines[:0])
    for agent in (load_agent("random"), OnlyInBatches(load_agent("random"))):
        assert simulate_many([], agent) == []
        some = simulate_many([empty, TRACES[1], empty], agent, batch_size=2)
        assert [one.metrics["num_orders"] for one in some] == [0, 40, 0]


def test_a_row_takes_another_replication_and_the_old_one_keeps_its_table():
    batch = new_batch()
    old, features = batch.worlds[1], batch.features[1].copy()
    batch.begin({1: World(TRACES[5])})
    assert old.plans.features.tobytes() == features.tobytes()
    assert not np.shares_memory(old.plans.features, batch.features)
    fresh = new_batch(traces=[TRACES[5]])
    assert batch.features[1].tobytes() == fresh.features[0].tobytes()
    assert batch.decision_ids[1] == 0


def test_arrays_that_are_full_grow_in_their_rows():
    batch, ample = new_batch(2), new_batch()
    world = batch.worlds[3]
    world.hidden = world.hidden._replace(parcels=world.hidden.parcels[:8].copy())
    world.rebind()
    batch._handles.put(3, world)
    agent = load_agent("random")
    while ample.is_due().any():
        slots = choose_for_all(agent, ample.snapshot())
        batch.step(slots)
        ample.step(slots)
        assert not (batch._results[0] == FULL).any()
    assert len(world.hidden.parcels) > 512
    assert batch.totals.tobytes() == ample.totals.tobytes()
    batch.close()


def test_pickled_in_the_middle():
    batch, agent = new_batch(2), load_agent("random")
    for _ in range(5):
        batch.step(choose_for_all(agent, batch.snapshot()))
    other = pickle.loads(pickle.dumps(batch))
    assert other.features.tobytes() == batch.features.tobytes()
    assert np.shares_memory(other.features, other.worlds[0].plans.features)
    while batch.is_due().any():
        for one in (batch, other):
            one.step(choose_for_all(agent, one.snapshot()))
        assert other.rules.tobytes() == batch.rules.tobytes()
    assert other.totals.tobytes() == batch.totals.tobytes()
    batch.close()
    other.close()


class Stubborn(OnlyInBatches):
    """Chooses an empty slot in one row."""

    def choose_batch(self, batch):
        slots = np.zeros(len(batch), np.int64)
        slots[2] = MAX_PLANS
        return slots


def test_an_empty_slot_is_refused():
    with pytest.raises(InputError, match=r"slot of decision 0 in row 2.*random"):
        simulate_many(TRACES, Stubborn(load_agent("random")))


@pytest.mark.parametrize("argument", ["num_workers", "batch_size"])
def test_bad_arguments(argument):
    with pytest.raises(InputError, match=argument):
        simulate_many(TRACES, load_agent("random"), **{argument: 0})
