"""Two clocks, one model: the same event log, ledger and metrics, also in another process."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from envs.luck import PICK, TRANSIT, luck
from envs.simulation import simulate
from envs.tables import draw
from envs.world import World
from scenarios.errors import InputError
from tests.every_agent import EVERY_AGENT, agent_of
from tests.named_traces import NAMES
from tests.worlds import random_trace, traces, with_future


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


@pytest.mark.parametrize("agent", EVERY_AGENT)
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


@settings(max_examples=40)
@given(traces(num_warehouses=1, num_services=1, max_lines=1, num_orders=40, share_without_lane=0.0), st.booleans())
def test_clocks_agree_when_everything_happens_at_once(trace, is_early):
    """All orders in the second in which shifts open, trucks come and receipts arrive."""
    times = trace.network.collections["time_seconds"]
    at = int(times[0]) if len(times) and not is_early else 0
    orders, receipts = trace.future.orders.copy(), trace.future.receipts.copy()
    orders["arrival_seconds"] = at
    for name in ("announced_at", "expected_at", "actual_at"):
        receipts[name] = at
    trace = with_future(trace, orders=orders, receipts=receipts)
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


@pytest.mark.parametrize("name", ["tiny", "metro-small"])
def test_agents_leave_the_trace_untouched_and_meet_the_same_luck(trace_of, name):
    """What happens to a parcel follows from (order, warehouse, service, attempt) alone."""
    trace = trace_of(name)
    before = trace.sha256
    seen: dict[tuple[int, ...], tuple[int, int]] = {}
    num_met_twice = 0
    for agent in EVERY_AGENT:
        hidden = simulate(trace, agent_of(agent)).world.hidden
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
            assert parcel["ready_at"] - parcel["started_at"] == max(1, parcel["pick_seconds"] * factor // 1000)
            assert parcel["delivered_at"] - parcel["departed_at"] == max(1, transit)
            num_met_twice += identity in seen
            assert seen.setdefault(identity, (int(factor), int(transit))) == (factor, transit)
    assert num_met_twice
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


class Stubborn:
    """Chooses an empty slot."""

    name, needs_features = "stubborn", False
    pricing = load_agent("myopic").pricing

    def __init__(self, slot: int) -> None:
        self.slot = slot

    def start(self, network):
        pass

    def choose(self, snapshot):
        return self.slot


@pytest.mark.parametrize("slot", [-1, 31, 32])
@pytest.mark.parametrize("clock", ["compiled", "simpy"])
def test_an_empty_slot_is_refused(trace_of, slot, clock):
    with pytest.raises(InputError, match=r"slot of decision 0.*stubborn"):
        simulate(trace_of("toy-nearest"), Stubborn(slot), clock)


@pytest.mark.parametrize(("field", "change"), [("actual_units", -1), ("actual_at", 60)])
def test_a_receipt_that_differs_from_its_announcement_is_refused(field, change):
    trace = random_trace(2)
    receipts = trace.future.receipts.copy()
    receipts[field][1] += change
    with pytest.raises(InputError, match=rf"receipts\[1\].{field}"):
        World(with_future(trace, receipts=receipts))


def test_bug_receipt_announced_after_its_arrival_hangs_the_compiled_clock():
    trace = random_trace(2)
    receipts = trace.future.receipts.copy()
    receipts["announced_at"][-1] = receipts["actual_at"][-1] + 1
    with pytest.raises(InputError, match="announced_at"):
        World(with_future(trace, receipts=receipts))
