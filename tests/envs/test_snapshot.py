"""A router cannot look ahead: no hidden array in a snapshot, and no choice depends on what is still to come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from envs.hidden import Hidden
from envs.luck import PICK, TRANSIT, luck
from envs.prices import Pricing
from envs.simulation import simulate
from envs.snapshot import Snapshot
from envs.state import Observable
from envs.tables import draw
from envs.world import World
from scenarios.network import Network
from scenarios.trace import Future, Trace
from tests.every_agent import EVERY_AGENT, agent_of
from tests.played import decisions
from tests.worlds import DAY, Sizes, random_orders, random_receipts, random_trace, sizes, with_future

PLAN_GROUPS = ("counts", "slots", "costs", "rules", "features", "context", "start_at")


def snapshot_of(world: World) -> Snapshot:
    return Snapshot(world.network, world.seen, world.plans)


def test_a_snapshot_shares_no_memory_with_anything_hidden(trace_of):
    world = next(iter(decisions(trace_of("metro-small"))))
    snapshot = snapshot_of(world)
    groups = [getattr(snapshot, group) for group in Snapshot.__slots__]
    assert len(groups) == 3
    for shown_group in groups:
        for secret_group in (world.future, world.hidden):
            for name, array in shown_group._asdict().items():
                for other, hidden in secret_group._asdict().items():
                    assert not np.shares_memory(array, hidden), (name, other)


def test_public_and_hidden_nouns_are_apart():
    """A noun known by one name on both sides has different columns: receipts do not show what really comes."""
    assert not set(Network._fields) & set(Future._fields)
    seen, future = next(iter(decisions(random_trace(1)))).seen, random_trace(1).future
    assert set(Observable._fields) & set(Hidden._fields) <= {"orders"}
    assert not {"actual_at", "actual_units"} & set(seen.receipts.dtype.names)
    for array in seen:
        assert not {"luck_key", "delivered_at", "ready_at"} & set(array.dtype.names)
    assert {"actual_at", "actual_units"} <= set(future.receipts.dtype.names)


def test_a_snapshot_is_read_only():
    snapshot = snapshot_of(next(iter(decisions(random_trace(1)))))
    for group in (snapshot.network, snapshot.seen, snapshot.plans):
        for array in group:
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_the_mask_is_the_real_slots():
    for world in decisions(random_trace(4)):
        snapshot = snapshot_of(world)
        assert snapshot.mask().sum() == snapshot.num_plans >= 1
        assert snapshot.mask()[: snapshot.num_plans].all()
        assert (world.plans.features[:, 0] == snapshot.mask()).all()


def shown(world: World) -> tuple[bytes, ...]:
    """All that a router may see at a decision: state without the rows of receipts not yet announced, and plans."""
    seen, count = world.seen, int(world.plans.counts[0])
    state = [array.tobytes() for name, array in seen._asdict().items() if name != "receipts"]
    state.append(seen.receipts[: seen.clock["num_receipts"][0]].tobytes())
    plans = [getattr(world.plans, name) for name in PLAN_GROUPS]
    return (*state, *(a[:count].tobytes() if a.shape[:1] == (32,) else a.tobytes() for a in plans[1:]))


class Witness:
    """Lets another agent decide and remembers what was shown and chosen."""

    needs_features = True

    def __init__(self, agent):
        self.agent, self.name, self.pricing = agent, agent.name, agent.pricing
        self.memory: list[tuple[int, tuple[bytes, ...]]] = []

    def start(self, network):
        self.agent.start(network)

    def choose(self, snapshot):
        slot = self.agent.choose(snapshot)
        self.memory.append((slot, shown(snapshot)))
        return slot


def redrawn(trace: Trace, world: World, place: int, seed: int, size: Sizes) -> Trace:
    """The trace with all that is not revealed at the decision of order ``place`` drawn anew.

    New orders after it, new receipts not announced by then, and new luck for unfinished work wherever the new luck
    agrees with what has been seen of it.
    """
    random = np.random.default_rng(seed)
    now = int(trace.future.orders["arrival_seconds"][place])
    orders = trace.future.orders[: place + 1].copy()
    lines = trace.future.lines[: orders["first_line"][-1] + orders["num_lines"][-1]]
    size = replace(size, num_orders=int(random.integers(0, 30)))
    new_orders, new_lines = random_orders(random, trace.network, size)
    late = now + (new_orders["arrival_seconds"] - new_orders["arrival_seconds"].min(initial=0))
    new_orders["promise_at"] += late - new_orders["arrival_seconds"]
    new_orders["arrival_seconds"] = late
    new_orders["first_line"] += len(lines)
    new_lines["order"] += place + 1
    parcels = world.hidden.parcels[: world.hidden.counters["num_parcels"][0]]
    for order in range(place + 1):
        own = parcels[(parcels["order"] == order) & (parcels["planned_at"] <= now)]
        for _ in range(300):
            key = random.integers(0, 1 << 64, dtype=np.uint64)
            if all(agrees(trace, parcel, key, now) for parcel in own):
                orders["luck_key"][order] = key
                break
    known = trace.future.receipts[trace.future.receipts["announced_at"] <= now]
    new_receipts = random_receipts(random, replace(size, num_receipts=int(random.integers(0, 10))), now)
    return with_future(
        trace,
        orders=np.concatenate([orders, new_orders]),
        lines=np.concatenate([lines, new_lines]),
        receipts=np.concatenate([known, new_receipts]),
    )


def agrees(trace: Trace, parcel, key: np.uint64, now: int) -> bool:
    """Whether other luck tells the same story about a parcel up to now."""
    w, s, attempt = (int(parcel[name]) for name in ("warehouse", "service", "attempt"))
    tables, region = trace.network.tables, trace.future.orders["region"][parcel["order"]]
    if parcel["started_at"] > now or parcel["ready_at"] == 0:
        return True
    factor = draw(tables, trace.network.warehouses["pick_table"][w], np.uint64(luck(key, PICK, w, s, attempt)))
    ready = parcel["started_at"] + max(1, parcel["pick_seconds"] * factor // 1000)
    if parcel["ready_at"] > now:
        return ready > now
    if ready != parcel["ready_at"]:
        return False
    if parcel["departed_at"] > now:
        return True
    table = trace.network.lanes["transit_table"][w, s, region]
    arrival = parcel["departed_at"] + max(1, draw(tables, table, np.uint64(luck(key, TRANSIT, w, s, attempt))))
    return arrival == parcel["delivered_at"] if parcel["delivered_at"] <= now else arrival > now


@pytest.mark.parametrize("agent", EVERY_AGENT)
@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), sizes(num_orders=30, num_receipts=10, max_lines=4), st.floats(0.05, 1.0))
def test_redrawing_what_is_to_come_changes_no_present_choice(agent, seed, size, share):
    trace = random_trace(seed, size)
    before = Witness(agent_of(agent))
    world = simulate(trace, before).world
    place = int(share * (trace.num_orders - 1))
    after = Witness(agent_of(agent))
    simulate(redrawn(trace, world, place, seed + 1, size), after)
    assert after.memory[: place + 1] == before.memory[: place + 1]


def test_redrawing_really_changes_the_luck_of_unfinished_work():
    """Guards the test above: keys of orders under way do change, and with them what happens later."""
    size = Sizes(num_orders=30, num_receipts=10, max_lines=4)
    num_changed = num_different_ends = 0
    for seed in range(10):
        trace = random_trace(seed, size)
        world = simulate(trace, load_agent("myopic")).world
        other = redrawn(trace, world, 20, seed, size)
        now = trace.future.orders["arrival_seconds"][20]
        assert (
            other.future.orders["arrival_seconds"][:21].tolist() == trace.future.orders["arrival_seconds"][:21].tolist()
        )
        is_open = world.hidden.orders["ended_at"][:21] > now
        num_changed += (other.future.orders["luck_key"][:21] != trace.future.orders["luck_key"][:21])[is_open].sum()
        end = simulate(other, load_agent("myopic")).world.hidden.orders["ended_at"][:21]
        num_different_ends += (end != world.hidden.orders["ended_at"][:21]).sum()
    assert num_changed > 20
    assert num_different_ends > 10


def test_a_receipt_is_unknown_until_it_is_announced():
    trace = random_trace(7, num_receipts=12)
    receipts = trace.future.receipts
    for world in decisions(trace):
        now = int(world.seen.clock["now_seconds"][0])
        if now >= 2 * DAY:
            break
        known = int(world.seen.clock["num_receipts"][0])
        assert known == (receipts["announced_at"] <= now).sum()
        assert (world.seen.receipts["expected_units"][known:] == 0).all()


@pytest.mark.parametrize("pricing", list(Pricing))
def test_bid_prices_follow_what_is_left(pricing):
    """M (e^w - 1)/(e - 1), w the share of the reference stock that is gone."""
    trace = random_trace(8, num_receipts=0, most_units_on_shelf=8)
    for world in decisions(trace, pricing=pricing):
        cell = world.seen.stock
        left = cell["on_hand_units"] - cell["allocated_units"]
        gone = 1 - left / np.maximum(1, cell["reference_units"])
        level = np.where(
            world.network.stock["price_level_millicents"], world.network.stock["price_level_millicents"], 400_000
        )
        wanted = np.where(cell["reference_units"] > 0, level * np.expm1(gone) / (np.e - 1), 0)
        if pricing == Pricing.NONE:
            wanted[:] = 0
        assert cell["bid_price_millicents"] == pytest.approx(wanted, abs=level.max() * 2 / 1024)
