"""Two clocks, one model: the same event log, ledger and metrics, also in another process."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from envs.hidden import DEPARTED
from envs.luck import PICK, TRANSIT, luck
from envs.simulation import CLOCKS, simulate
from envs.tables import draw
from envs.world import World
from scenarios.errors import InputError
from tests.every_agent import EACH_AGENT, EVERY_AGENT, agent_of
from tests.named_traces import NAMES
from tests.retold import Retold
from tests.worlds import endless_search, every_trouble, random_trace, traces, with_future


def assert_equal(one, other):
    """Row for row, with a useful message."""
    for name in ("events", "ledger"):
        a, b = getattr(one, name).to_pandas().to_numpy(), getattr(other, name).to_pandas().to_numpy()
        rows = min(len(a), len(b))
        differs = np.flatnonzero((a[:rows] != b[:rows]).any(axis=1))
        if len(differs):
            raise AssertionError(f"{name} row {differs[0]}: {a[differs[0]]} against {b[differs[0]]}")
        assert len(a) == len(b), name
        assert getattr(one, name).equals(getattr(other, name))
    assert one.metrics == other.metrics


@pytest.mark.parametrize("agent", EACH_AGENT)
@pytest.mark.parametrize("name", NAMES)
def test_clocks_agree_on_named_scenarios(trace_of, name, agent):
    trace = trace_of(name)
    one, other = (simulate(trace, agent_of(agent), clock) for clock in ("compiled", "simpy"))
    assert len(one.events) >= 3 * trace.num_orders
    assert_equal(one, other)


@settings(max_examples=150)
@given(traces(), st.sampled_from(EVERY_AGENT))
def test_clocks_agree_on_random_worlds(trace, agent):
    assert_equal(*(simulate(trace, agent_of(agent), clock) for clock in ("compiled", "simpy")))


@settings(max_examples=60)
@given(traces(**every_trouble()), st.sampled_from(EVERY_AGENT))
def test_clocks_agree_with_every_trouble_at_once(trace, agent):
    assert_equal(*(simulate(trace, agent_of(agent), clock) for clock in ("compiled", "simpy")))


@settings(max_examples=40)
@given(traces(num_warehouses=1, num_services=1, max_lines=1, num_orders=40, share_without_lane=0.0), st.booleans())
def test_clocks_agree_when_everything_happens_at_once(trace, is_early):
    """All orders in the second in which shifts open, trucks come, receipts arrive and carriers stop."""
    times = trace.network.collections["time_seconds"]
    at = int(times[0]) if len(times) and not is_early else 0
    orders, receipts = trace.future.orders.copy(), trace.future.receipts.copy()
    orders["arrival_seconds"] = at
    for name in ("announced_at", "expected_at", "actual_at"):
        receipts[name] = at
    outages, regimes = trace.future.outages.copy(), trace.future.regimes.copy()
    outages["starts_at"] = regimes["starts_at"] = at
    trace = with_future(trace, orders=orders, receipts=receipts, outages=outages, regimes=regimes)
    assert_equal(*(simulate(trace, load_agent("random"), clock) for clock in ("compiled", "simpy")))


def test_a_trace_without_orders_ends():
    trace = random_trace(1)
    trace = with_future(trace, orders=trace.future.orders[:0], lines=trace.future.lines[:0])
    one, other = (simulate(trace, load_agent("myopic"), clock) for clock in ("compiled", "simpy"))
    assert_equal(one, other)
    assert one.metrics["num_orders"] == one.metrics["num_decisions"] == 0


_IN_ANOTHER_PROCESS = """
import sys
from agents import load_agent
from envs.simulation import simulate
from scenarios import load_trace
from tests.envs.test_clocks import digest
trace = load_trace(sys.argv[1])
for clock in ("compiled", "simpy"):
    print(digest(simulate(trace, load_agent(sys.argv[2]), clock)))
"""


def digest(simulation) -> str:
    """SHA-256 over event log and ledger as Arrow IPC bytes."""
    result = hashlib.sha256()
    for table in (simulation.events, simulation.ledger):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        result.update(sink.getvalue().to_pybytes())
    return result.hexdigest()


@pytest.mark.parametrize("agent", ["random", "primal-dual"])
def test_another_process_writes_the_same_bytes(trace_of, fresh_process, tmp_path, agent):
    trace = trace_of("metro-small")
    path = trace.save(tmp_path / "trace.npz")
    here = digest(simulate(trace, agent_of(agent)))
    assert fresh_process(_IN_ANOTHER_PROCESS, str(path), agent, PYTHONHASHSEED="7").split() == [here, here]


TROUBLED = "random world with every trouble"


@pytest.mark.parametrize("name", ["tiny", "metro-small", "metro-disrupted", TROUBLED])
def test_agents_leave_the_trace_untouched_and_meet_the_same_luck(trace_of, name):
    """What happens to a parcel follows from (order, warehouse, service, attempt), its departure and its lines."""
    trace = random_trace(6, num_orders=60, **every_trouble()) if name == TROUBLED else trace_of(name)
    before, regimes = trace.sha256, trace.future.regimes
    seen: dict[tuple[int, ...], tuple[int, int]] = {}
    missing: dict[tuple[int, ...], int] = {}
    num_met_twice = num_short_twice = num_stretched = 0
    for agent in EVERY_AGENT:
        simulation = simulate(trace, agent_of(agent))
        hidden = simulation.world.hidden
        for parcel in hidden.parcels[: hidden.counters["num_parcels"][0]]:
            identity = tuple(int(parcel[field]) for field in ("order", "warehouse", "service", "attempt"))
            w, s, row = identity[1], identity[2], trace.future.orders[identity[0]]
            operands = [(row["luck_key"], stream, w, s, identity[3]) for stream in (PICK, TRANSIT)]
            lane = trace.network.lanes[w, s, row["region"]]
            tables = (trace.network.warehouses["pick_table"][w], lane["transit_table"])
            factor, transit = (
                draw(trace.network.tables, table, np.uint64(luck(*hashed)))
                for table, hashed in zip(tables, operands, strict=True)
            )
            num_met_twice += identity in seen
            assert seen.setdefault(identity, (int(factor), int(transit))) == (factor, transit)
            if parcel["ready_at"]:
                assert parcel["ready_at"] - parcel["started_at"] == max(1, parcel["pick_seconds"] * factor // 1000)
            if parcel["stage"] == DEPARTED:
                past = regimes[(regimes["service"] == s) & (regimes["starts_at"] <= parcel["departed_at"])]
                permille = past["transit_permille"][-1] if len(past) else 1000
                num_stretched += permille != 1000
                assert parcel["delivered_at"] - parcel["departed_at"] == max(1, transit * permille // 1000)
        retold = Retold(trace, simulation.world.pricer)
        retold.tell(simulation.events.to_pandas().to_numpy())
        for line, units in retold.missing.items():
            num_short_twice += units > 0 and line in missing
            assert missing.setdefault(line, units) == units
    assert num_met_twice
    assert bool(num_short_twice) == bool(trace.network.warehouses["short_weight"].any())
    assert bool(num_stretched) == bool(len(regimes))
    assert trace.sha256 == before


def test_attempts_number_parcels_alike():
    """Backorders of one order from one warehouse by one service: each has luck of its own."""
    hidden = None
    for seed in range(30):
        trace = random_trace(
            seed, num_warehouses=1, num_services=1, max_lines=4, most_units_on_shelf=1, num_receipts=30
        )
        hidden = simulate(trace, load_agent("random")).world.hidden
        parcels = hidden.parcels[: hidden.counters["num_parcels"][0]]
        names = ["order", "warehouse", "service", "attempt"]
        identities = np.unique(parcels[names])
        assert len(identities) == len(parcels)
        if (parcels["attempt"] > 0).any():
            return
    raise AssertionError("no world had two such parcels")


def test_log_levels(trace_of):
    trace = trace_of("tiny")
    full = simulate(trace, load_agent("myopic"))
    ledger = simulate(trace, load_agent("myopic"), level="ledger")
    silent = simulate(trace, load_agent("myopic"), level="none")
    assert len(ledger.events) == len(silent.events) == len(silent.ledger) == 0
    assert full.ledger.equals(ledger.ledger)
    assert full.metrics == ledger.metrics == silent.metrics


def test_weights_change_choices_but_not_what_is_booked(trace_of):
    trace = trace_of("metro-small")
    plain, green = (
        simulate(trace, load_agent("myopic"), weights=weights) for weights in ((1.0, 1.0, 1.0), (1.0, 1.0, 200.0))
    )
    assert green.metrics["carbon_kg_per_order"] < plain.metrics["carbon_kg_per_order"]
    total = np.sum(green.ledger["amount_millicents"].to_numpy())
    assert total == green.world.totals.sum()


@pytest.mark.parametrize(
    ("argument", "value"), [("clock", "simply"), ("level", "event"), ("weights", (1.0, -1.0, 1.0)), ("weights", (1.0,))]
)
def test_bad_arguments(trace_of, argument, value):
    with pytest.raises(InputError, match=argument.replace("level", "log level")):
        simulate(trace_of("tiny"), load_agent("myopic"), **{argument: value})


def test_arrays_that_grow_keep_what_they_hold():
    trace = endless_search(5)
    before = World(trace).hidden
    one, other = (simulate(trace, load_agent("nearest"), clock) for clock in CLOCKS)
    for name in ("parcels", "events", "ledger"):
        assert len(getattr(one.world.hidden, name)) >= 2 * len(getattr(before, name)), name
    assert one.world.hidden.counters["has_overflown"] == other.world.hidden.counters["has_overflown"] == 0
    assert_equal(one, other)
    retold = Retold(trace)
    retold.tell(one.events.to_pandas().to_numpy())
    retold.finish()
    assert len(retold.parcels) == one.world.hidden.counters["num_parcels"]
