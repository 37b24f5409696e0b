"""Bid prices solved on a schedule: when they are solved and in force, on both clocks and in many worlds."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from envs import World, simulate, simulate_many, story
from envs.compiled_clock import CompiledClock
from envs.log import Kind
from envs.prices import Pricing
from envs.ranks import Rank
from envs.routing_env import OrderRoutingEnv
from envs.simulation import CLOCKS, make_clock
from envs.snapshot import Snapshot
from envs.state import NONE
from envs.vector_env import OrderRoutingVectorEnv
from tests.envs.test_batch import TRACES, OnlyInBatches, assert_same
from tests.envs.test_clocks import assert_equal
from tests.envs.test_inner import FromPython
from tests.priced import ONE_STEP, Noting, Priced, ToyPricer, closed_form
from tests.worlds import DAY, every_trouble, random_trace, traces

SCHEDULES = [
    ToyPricer(),
    ToyPricer(delay_seconds=0),
    ToyPricer(3600, 3599, 3599),
    ToyPricer(DAY, 600, 4000),  # stale for most of the day
    ToyPricer(600, 1, 600),
]


class Listener:
    """Lets another agent decide and notes the price table at each decision."""

    def __init__(self, agent) -> None:
        self.agent, self.name, self.pricing, self.pricer = agent, "listener", agent.pricing, agent.pricer
        self.needs_features = agent.needs_features
        self.heard: list[tuple[int, int, np.ndarray, np.ndarray]] = []

    def start(self, network) -> None:
        self.network = network

    def choose(self, snapshot: Snapshot) -> int:
        clock, stock = snapshot.seen.clock[0], snapshot.seen.stock
        table = stock["bid_price_millicents"].copy()
        self.heard.append((int(clock["now_seconds"]), int(clock["prices_solved_at"]), stock.copy(), table))
        return self.agent.choose(snapshot)


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("pricer", SCHEDULES, ids=str)
def test_prices_are_in_force_from_the_end_of_their_job_until_they_are_stale(clock, pricer):
    trace = random_trace(3, num_orders=60, **every_trouble())
    noting = Noting(pricer)
    listener = Listener(Priced(load_agent("random"), noting))
    simulation = simulate(trace, listener, clock)
    jobs, num_closed = noting.jobs, 0
    begun = [second for second, _, _ in jobs]
    assert begun == list(range(0, begun[-1] + 1, pricer.interval_seconds))
    in_force = [second + pricer.delay_seconds if second else 0 for second in begun]
    for now, solved_at, stock, table in listener.heard:
        latest = max(i for i, second in enumerate(in_force) if second <= now)
        if now - begun[latest] > pricer.stale_seconds:
            assert solved_at == NONE
            assert table == pytest.approx(closed_form(trace.network, stock), abs=ONE_STEP)
            num_closed += 1
        else:
            assert solved_at == begun[latest]
            assert table.tolist() == jobs[latest][1].tolist()
    assert bool(num_closed) == (pricer.stale_seconds < pricer.interval_seconds + pricer.delay_seconds - 1)
    events = simulation.events.to_pandas()
    told = events[events["kind"] == Kind.PRICES_IN]
    last = len(told)
    assert len(jobs) - 1 <= last <= len(jobs)
    assert told["time_seconds"].tolist() == in_force[:last]
    assert told["value"].tolist() == begun[:last]


def test_a_pricer_is_shown_what_has_happened_and_nobody_asks():
    trace = random_trace(3, num_orders=60, **every_trouble())
    seen_at: dict[int, int] = {}

    class Looking(Noting):
        def prices(self, network, seen):
            now = int(seen.clock["now_seconds"][0])
            seen_at[now] = int(seen.demand["num_orders"].sum())
            assert seen.clock["hour"][0] == now // 3600
            assert seen.order["order"][0] == NONE
            assert not seen.order["num_lines"][0]
            assert (seen.lines["line"] == NONE).all()
            for array in (*seen, *network):
                assert not array.flags.writeable
            return super().prices(network, seen)

    noting = Looking()
    simulate(trace, Priced(load_agent("random"), noting))
    arrivals = trace.future.orders["arrival_seconds"]
    # Orders come after the job of their second.
    assert seen_at == {now: int((arrivals < now).sum()) for now, _, _ in noting.jobs}


def test_what_is_announced_at_the_start_is_known_to_the_first_job():
    """Goods that the first review orders, too."""
    trace, shown = random_trace(3, num_orders=60, has_reordering=True), []
    assert trace.network.settings["review_seconds"][0] > 0

    class Looking(Noting):
        def prices(self, network, seen):
            shown.append(int(seen.clock["num_receipts"][0]))
            return super().prices(network, seen)

    world = simulate(trace, Priced(load_agent("random"), Looking())).world
    events = world.hidden.events[: world.hidden.counters["num_events"][0]]
    at_start = (events[:, 0] == 0) & (events[:, 1] == Kind.RECEIPT_ANNOUNCED)
    assert shown[0] == at_start.sum() > 0


@pytest.mark.parametrize("pricer", SCHEDULES, ids=str)
@settings(max_examples=12)
@given(traces(**every_trouble()), st.sampled_from(["random", "myopic", "consolidate", "hold-once"]))
def test_clocks_agree_on_every_schedule(pricer, trace, name):
    agent = Priced(load_agent(name), pricer)
    assert_equal(*(simulate(trace, agent, clock) for clock in CLOCKS))
    assert_equal(simulate(trace, agent), simulate(trace, FromPython(agent)))


@pytest.mark.parametrize("agent", ["random", "consolidate", "myopic"])
@pytest.mark.parametrize("name", ["toy-scarce", "toy-backorder", "tiny", "metro-small", "metro-disrupted"])
def test_clocks_agree_on_named_scenarios(trace_of, name, agent):
    trace, priced = trace_of(name), Priced(load_agent(agent), ToyPricer(4 * 3600, 1200, 5 * 3600))
    one, other = (simulate(trace, priced, clock) for clock in CLOCKS)
    assert_equal(one, other)
    assert (one.events["kind"].to_numpy() == Kind.PRICES_IN).any()
    if name.startswith("metro") and agent == "myopic":
        assert one.metrics != simulate(trace, load_agent(agent)).metrics


class Nothing(ToyPricer):
    """Every unit is worth nothing."""

    def prices(self, network, seen):
        return np.zeros(network.stock.shape, np.int64)


@pytest.mark.parametrize("clock", CLOCKS)
@settings(max_examples=20)
@given(traces(**every_trouble()), st.sampled_from([600, 6000, 100 * DAY]))
def test_pricing_itself_changes_nothing_least_of_all_the_end(clock, trace, interval):
    """Prices of zero: the same events, books and last second as without prices."""
    pricer = Nothing(interval, 599, 2 * interval)
    priced = simulate(trace, Priced(load_agent("random"), pricer), clock)
    plain = simulate(trace, load_agent("random"), clock)
    events = priced.events.to_pandas()
    assert (events["kind"] == Kind.PRICES_IN).any()
    assert events[events["kind"] != Kind.PRICES_IN].to_numpy().tolist() == plain.events.to_pandas().to_numpy().tolist()
    assert priced.ledger.equals(plain.ledger)
    assert priced.metrics == plain.metrics
    assert priced.world.seen.clock["now_seconds"] == plain.world.seen.clock["now_seconds"]


def all_pickers_leave(clock):
    """At noon, for ever."""
    yield clock.at(12 * 3600, Rank.SHIFT_OPENED, 0)
    for warehouse, row in enumerate(clock.world.network.warehouses):
        story.change_stations(clock.world.handle, clock.sim.now, warehouse, -int(row["num_stations"]))


def test_pricing_ends_with_a_story_in_which_orders_never_do():
    seconds = []
    for pricing, pricer in ((Pricing.NONE, None), (Pricing.SCHEDULED, Nothing())):
        world = World(random_trace(1), pricing=pricing, pricer=pricer)
        clock = make_clock(world, "simpy", [all_pickers_leave])
        is_due = clock.start()
        while is_due:
            is_due = clock.answer(0)
        assert world.hidden.counters["num_open_orders"][0] > 0
        seconds.append(int(world.seen.clock["now_seconds"][0]))
    assert seconds[0] == seconds[1]


@pytest.mark.parametrize("num_workers", [1, 2])
def test_many_worlds_are_priced_each_for_itself(num_workers):
    agent = Priced(load_agent("myopic"), ToyPricer())
    alone = [simulate(trace, agent) for trace in TRACES]
    arguments = {"level": "events", "num_workers": num_workers}
    assert_same(simulate_many(TRACES, agent, **arguments), alone)
    assert_same(simulate_many(TRACES, OnlyInBatches(agent), batch_size=3, **arguments), alone)
    myopic = [simulate(trace, load_agent("myopic")) for trace in TRACES]
    assert any(
        one.world.totals.tolist() != other.world.totals.tolist() for one, other in zip(alone, myopic, strict=True)
    )


def test_environments_are_priced():
    """Single and batched ones, with the totals of a simulation."""
    trace, pricer = random_trace(1, num_orders=40), ToyPricer()
    wanted = simulate(trace, Priced(load_agent("myopic"), pricer), level="none").world.totals.sum()
    plain = simulate(trace, load_agent("myopic"), level="none").world.totals.sum()
    assert wanted != plain
    options = {"trace": trace}
    for clock in CLOCKS:
        env = OrderRoutingEnv("tiny", clock, pricing="SCHEDULED", pricer=pricer)
        env.reset(options=options)
        is_over, total = False, 0
        while not is_over:
            _, _, is_over, _, info = env.step(0)
            total += info["reward_millicents"].sum()
        assert -total == wanted
    many = OrderRoutingVectorEnv(
        3, "tiny", pricing="SCHEDULED", pricer=pricer, autoreset_mode="Disabled", num_workers=2
    )
    many.reset(options=options)
    is_over, total = np.zeros(3, bool), np.zeros(3, np.int64)
    while not is_over.any():
        _, _, is_over, _, info = many.step(np.zeros(3, np.int64))
        total += info["reward_millicents"].sum(axis=1)
    assert is_over.all()
    assert (-total).tolist() == [wanted] * 3
    many.close()


def test_a_priced_world_is_pickled_and_goes_on():
    agent = Priced(load_agent("myopic"), ToyPricer())
    wanted = simulate(TRACES[1], agent)
    clock = CompiledClock(World(TRACES[1], pricing=Pricing.SCHEDULED, pricer=agent.pricer))
    is_due = clock.start()
    while is_due:
        clock = CompiledClock(pickle.loads(pickle.dumps(clock.world)))
        is_due = clock.answer(0)
    assert clock.world.hidden.events.tobytes() == wanted.world.hidden.events.tobytes()


def test_simpy_asks_a_pricer_no_longer_than_the_compiled_clock():
    jobs = []
    for name in CLOCKS:
        noting = Noting()
        world = World(TRACES[1], pricing=Pricing.SCHEDULED, pricer=noting)
        clock = make_clock(world, name)
        is_due = clock.start()
        while is_due:
            is_due = clock.answer(0)
        jobs.append([(second, table.tolist()) for second, table, _ in noting.jobs])
    assert jobs[0] == jobs[1]
