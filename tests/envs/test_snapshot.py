"""A router cannot look ahead: no hidden array in a snapshot, and no choice depends on what is still to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from envs.hidden import Hidden
from envs.log import Kind
from envs.prices import Pricing
from envs.protocol import pricer_of
from envs.simulation import Simulation, simulate
from envs.snapshot import Snapshot
from envs.state import KNOWN_RECEIPTS, NONE, Observable, filled
from envs.world import World
from scenarios.network import Network
from scenarios.trace import Future, Trace
from tests.every_agent import EACH_AGENT, agent_of
from tests.named_traces import short_trace
from tests.played import decisions
from tests.redrawn import missing_units, redrawn, under_way, unfinished
from tests.retold import Retold
from tests.worlds import DAY, Sizes, every_trouble, noted, random_trace, size_of, sizes

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
    assert set(Observable._fields) & set(Hidden._fields) == {"lines"}  # of the order asked, and their fate
    assert not {"actual_at", "actual_units"} & set(seen.receipts.dtype.names)
    for array in seen:
        assert not {"luck_key", "delivered_at", "ready_at", "patience_seconds", "starts_at"} & set(array.dtype.names)
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
    """All that a router may see at a decision: state but for blank rows of receipts, and plans."""
    seen, count = world.seen, int(world.plans.counts[0])
    state = [array.tobytes() for name, array in seen._asdict().items() if name not in ("receipts", "lines")]
    state.append(seen.lines[: seen.order["num_lines"][0]].tobytes())
    blank = filled(1, KNOWN_RECEIPTS, next_receipt=NONE).tobytes()
    rows = [row.tobytes() for row in seen.receipts]
    while rows and rows[-1] == blank:
        rows.pop()
    state.append(b"".join(rows))
    plans = [getattr(world.plans, name) for name in PLAN_GROUPS]
    return (*state, *(a[:count].tobytes() if a.shape[:1] == (32,) else a.tobytes() for a in plans[1:]))


class Witness:
    """Lets another agent decide and remembers what was shown and chosen."""

    needs_features = True

    def __init__(self, agent):
        self.agent, self.name, self.pricing, self.pricer = agent, agent.name, agent.pricing, pricer_of(agent)
        self.memory: list[tuple[int, tuple[bytes, ...]]] = []

    def start(self, network):
        self.agent.start(network)

    def choose(self, snapshot):
        slot = self.agent.choose(snapshot)
        self.memory.append((slot, shown(snapshot)))
        return slot


CAUSES = {"an order arrived": (Kind.ORDER_ARRIVED, Kind.JOINED), "a hold ended": (Kind.HOLD_ENDED,)}
CAUSES["a plan broke"] = (Kind.ASKED_AGAIN,)
"""Why a decision is asked, and the event before it."""


def events_of(simulation: Simulation) -> np.ndarray:
    return simulation.events.to_pandas().to_numpy()


def decisions_because(events: np.ndarray, cause: str) -> list[int]:
    """Numbers of the decisions that were asked because of something."""
    kinds = events[np.flatnonzero(events[:, 1] == Kind.DECIDED) - 1, 1]
    return np.flatnonzero(np.isin(kinds, CAUSES[cause])).tolist()


def told_until(simulation: Simulation, events: np.ndarray, decision: int) -> Retold:
    """The story up to a decision."""
    retold = Retold(simulation.world.trace, simulation.world.pricer)
    retold.tell(events[: np.flatnonzero(events[:, 1] == Kind.DECIDED)[decision]])
    return retold


def is_as_before(agent: str, trace: Trace, before: Witness, decision: int) -> bool:
    """Whether all that is shown and chosen up to a decision is the same on another trace."""
    after = Witness(agent_of(agent))
    simulate(trace, after)
    return after.memory[: decision + 1] == before.memory[: decision + 1]


@pytest.mark.parametrize("agent", EACH_AGENT)
@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    sizes(num_orders=30, num_receipts=10, max_lines=4),
    st.floats(0.05, 1.0),
    st.sampled_from(list(CAUSES)),
)
def test_redrawing_what_is_not_revealed_changes_no_choice_up_to_now(agent, seed, size, share, cause):
    trace = noted(random_trace(seed, size))
    before = Witness(agent_of(agent))
    simulation = simulate(trace, before)
    events = events_of(simulation)
    chosen = decisions_because(events, cause) or decisions_because(events, "an order arrived")
    decision = chosen[int(share * (len(chosen) - 1))]
    seen = told_until(simulation, events, decision)
    assert seen.num_decisions == decision
    assert is_as_before(agent, redrawn(trace, seen, seed + 1, size), before, decision)


LEAST_SHARE, LEAST_SHARE_UNDER_WAY = 0.7, 0.45
"""Of the luck keys of orders that have arrived and not ended, and of those that are being picked or on their way: so
many are really redrawn in each world. The others find no other luck that agrees with what has been seen."""

SIZE = Sizes(num_orders=40, num_receipts=12, max_lines=3, **every_trouble())
WORLDS: dict[str, Callable[[], tuple[Trace, Sizes]]] = {
    **{f"random {seed}": partial(lambda seed: (random_trace(seed, SIZE), SIZE), seed) for seed in range(4)},
    **{
        name: partial(lambda name: (short_trace(name), size_of(short_trace(name))), name)
        for name in ("tiny", "metro-small", "metro-disrupted")
    },
}


QUIET = ("tiny", "metro-small")
"""Worlds in which nobody is held and no plan breaks."""


@pytest.mark.parametrize(
    "world", [pytest.param(name, marks=[pytest.mark.slow] * (name == "metro-disrupted")) for name in WORLDS]
)
@pytest.mark.parametrize("agent", EACH_AGENT)
def test_luck_is_really_redrawn_and_no_choice_changes(agent, world):
    (trace, size), before, counts = WORLDS[world](), Witness(agent_of(agent)), Counter()
    simulation = simulate(trace, before)
    events = events_of(simulation)
    for cause in CAUSES:
        chosen = decisions_because(events, cause)
        for decision in sorted({chosen[len(chosen) * i // 3] for i in (1, 2)} if chosen else ()):
            seen = told_until(simulation, events, decision)
            other = redrawn(trace, seen, decision, size)
            assert is_as_before(agent, other, before, decision)
            for name, orders in (("unfinished", unfinished(seen)), ("under way", under_way(seen))):
                keys = [future.orders["luck_key"][orders] for future in (trace.future, other.future)]
                counts[name] += len(orders)
                counts[f"{name}, redrawn"] += int((keys[0] != keys[1]).sum())
            counts[cause] += 1
    print(f"{agent} in {world}: {dict(counts)}")
    assert counts["unfinished"] >= 5, counts
    assert counts["unfinished, redrawn"] >= LEAST_SHARE * counts["unfinished"], counts
    assert counts["under way, redrawn"] >= LEAST_SHARE_UNDER_WAY * counts["under way"], counts
    assert counts["an order arrived"] == 2
    assert counts["a plan broke"] > 0 or world in QUIET
    assert counts["a hold ended"] > 0 or world in QUIET or agent not in ("consolidate", "random")


def test_redrawing_really_changes_what_is_not_revealed():
    """Guards the test above: each kind of secret does change, also of what is under way, and so does what follows."""
    size, changed = Sizes(num_orders=30, num_receipts=20, max_lines=4, **every_trouble()), Counter()
    for seed in range(14):
        trace = random_trace(seed, size)
        simulation = simulate(trace, load_agent("random"))
        place = 3 if seed % 2 else 20
        events = events_of(simulation)
        arrivals = events[events[:, 1] == Kind.ORDER_ARRIVED, 2]
        assert arrivals[place] == place
        is_shown = (
            np.flatnonzero(events[:, 1] == Kind.DECIDED) > np.flatnonzero(events[:, 1] == Kind.ORDER_ARRIVED)[place]
        )
        seen = told_until(simulation, events, int(np.argmax(is_shown)))
        other = redrawn(trace, seen, seed, size)
        old, new = trace.future, other.future
        now = int(old.orders["arrival_seconds"][place])
        public = [name for name in old.orders.dtype.names if name not in ("luck_key", "patience_seconds")]
        assert (old.orders[public][: place + 1] == new.orders[public][: place + 1]).all()
        is_open = [not seen.ended[seen.lines_of(order)].all() for order in range(place + 1)]
        for name in ("luck_key", "patience_seconds"):
            changed[name] += (old.orders[name][: place + 1] != new.orders[name][: place + 1])[is_open].sum()
        known = (old.receipts["announced_at"] <= now).sum()
        for name in ("actual_at", "actual_units"):
            differs = old.receipts[name][:known] != new.receipts[name][:known]
            assert not differs[old.receipts["actual_at"][:known] <= now].any()
            changed[name] += differs.sum()
        changed["suppliers"] += (old.suppliers != new.suppliers).sum()
        is_waited_for = {receipt.warehouse for at, receipt in seen.reorders if receipt.actual_at > now}
        changed["suppliers of open reorders"] += sum(old.suppliers[w] != new.suppliers[w] for w in is_waited_for)
        past = [rows[rows["starts_at"] <= now] for rows in (old.regimes, new.regimes)]
        changed["regimes under way"] += past[0].tobytes() != past[1].tobytes()
        for name in ("orders", "receipts", "outages", "regimes"):
            changed[name] += getattr(old, name).tobytes() != getattr(new, name).tobytes()
        whole = Retold(trace)
        whole.tell(simulation.events.to_pandas().to_numpy())
        for pick in whole.missing.keys() - seen.missing.keys():
            order = seen.tariffs.order[pick[0]]
            keys = [future.orders["luck_key"][order] for future in (old, new) if order <= place]
            changed["short picks"] += len({missing_units(trace, pick, key) for key in keys}) > 1
        end = simulate(other, load_agent("random")).world.hidden.orders["ended_at"][: place + 1]
        changed["ends"] += (end != simulation.world.hidden.orders["ended_at"][: place + 1]).sum()
    assert min(changed.values()) >= 4, changed


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


@pytest.mark.parametrize("pricing", [Pricing.NONE, Pricing.CLOSED_FORM])
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
