"""Books are kept to the millicent, every order ends once, stock is conserved: on every scenario and agent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from envs.costs import COST_PARTS
from envs.hidden import CANCELLED, DECLINED, DELIVERED, PARCELS
from envs.log import Kind
from envs.simulation import simulate
from envs.state import NONE
from envs.world import World
from tests.every_agent import EACH_AGENT, EVERY_AGENT, agent_of
from tests.named_traces import NAMES
from tests.played import decisions, is_over
from tests.priced import Priced, ToyPricer
from tests.retold import LINE_PARTS, Retold
from tests.retold_goods import PICKING, STAGES, STOCK, Parcel
from tests.worlds import TROUBLES, every_trouble, random_trace, traces, with_future

FIELDS = tuple(field.name for field in fields(Parcel) if field.name in PARCELS.names and field.name != "stage")
"""Columns of a parcel that the retold story knows."""


def assert_sound(simulation) -> Retold:
    """Every line and order ends once, the books hold what really happened, and events tell the same story."""
    world, events, ledger = simulation.world, simulation.events.to_pandas(), simulation.ledger.to_pandas()
    hidden = world.hidden
    assert events["time_seconds"].is_monotonic_increasing
    assert ledger["time_seconds"].is_monotonic_increasing
    retold = assert_told(simulation, events.to_numpy())
    assert hidden.lines["status"].tolist() == retold.ended.tolist()
    of_line = pd.Series(retold.ended).groupby(world.future.lines["order"])
    status = np.where(of_line.agg(lambda ends: (ends == DECLINED).any()), DECLINED, DELIVERED)
    status = np.where(of_line.agg(lambda ends: (ends == CANCELLED).any()), CANCELLED, status)
    assert hidden.orders["status"].tolist() == status.tolist()
    for field, end in (("num_declined_lines", DECLINED), ("num_cancelled_lines", CANCELLED)):
        assert hidden.orders[field].tolist() == of_line.agg(lambda ends, end=end: (ends == end).sum()).tolist()
    assert not hidden.orders["num_open_lines"].any()
    for name in ("num_open_orders", "num_waiting_lines", "num_broken", "has_overflown"):
        assert hidden.counters[name] == 0, name
    expected = ledger[ledger["is_settlement"] == 0].groupby("decision_id")["amount_millicents"].sum()
    decided = events[events["kind"] == Kind.DECIDED]["value"].tolist()
    assert expected.reindex(range(retold.num_decisions), fill_value=0).tolist() == decided
    totals = [ledger["amount_millicents"][ledger["part"] == part].sum() for part in range(len(COST_PARTS))]
    assert totals == world.totals.tolist() == hidden.order_costs.sum(axis=0).tolist()
    by_order = ledger.groupby(["order", "part"])["amount_millicents"].sum()
    assert all(hidden.order_costs[key] == amount for key, amount in by_order.items())
    return retold


def assert_told(simulation, events: np.ndarray) -> Retold:
    """The events can have happened, and lead to the state and the costs of the rules."""
    retold = Retold(simulation.world.trace, simulation.world.pricer)
    retold.tell(events)
    retold.finish()
    assert_same_state(simulation.world, retold)
    assert_actual_costs(retold, simulation.ledger.to_pandas())
    return retold


def assert_actual_costs(retold: Retold, ledger) -> None:
    """In the end the ledger holds what really happened, by decision: by order for lines."""
    amounts = ledger.groupby(["decision_id", "order", "part"])["amount_millicents"].sum()
    booked = {key: int(amount) for key, amount in amounts.items() if amount}
    by_line = {key: amount for key, amount in booked.items() if key[2] in LINE_PARTS}
    assert by_line == {key: amount for key, amount in retold.costs.items() if amount}
    by_parcel: dict[tuple[int, int], int] = defaultdict(int)
    for life in retold.parcels:
        for part, amount in retold.parcel_costs(life).items():
            by_parcel[life.decision_id, part] += amount
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for (decision_id, _, part), amount in booked.items():
        if part not in LINE_PARTS:
            shared[decision_id, part] += amount
    assert {key: amount for key, amount in shared.items() if amount} == {k: a for k, a in by_parcel.items() if a}


def assert_same_state(world: World, retold: Retold) -> None:
    """Stock, lists and counters of the rules are those of the retold story; nothing is negative."""
    seen, hidden, cell = world.seen, world.hidden, world.seen.stock
    for name in STOCK:
        assert (cell[f"{name}_units"] == retold.stock[name]).all(), name
        assert (cell[f"{name}_units"] >= 0).all(), name
    assert (cell["allocated_units"] <= cell["on_hand_units"]).all()
    gone = cell["shipped_units"] + cell["written_off_units"]
    initial = world.network.stock["on_hand_units"]
    assert (cell["on_hand_units"] + gone == initial + cell["received_units"]).all()
    count = int(hidden.counters["num_parcels"][0])
    assert [STAGES[stage - 1] for stage in hidden.parcels["stage"][:count]] == [life.stage for life in retold.parcels]
    arrived = int(hidden.counters["num_arrived"][0])
    num_lines = int(world.future.orders["num_lines"][:arrived].sum())
    assert (hidden.lines["status"] == retold.ended).all()
    is_out = retold.ended[:num_lines] == DECLINED
    assert (is_out | (hidden.lines["parcel"][:num_lines] == retold.parcel_of[:num_lines])).all()
    assert (seen.bookings["booked_parcels"] == retold.booked).all()
    for parcel, life in enumerate(retold.parcels):
        assert linked(hidden.parcels["first_line"][parcel], hidden.lines["next_line"]) == life.lines
        for field in FIELDS:
            assert hidden.parcels[field][parcel] == getattr(life, field), field
        for field, of_line in (("grams", retold.tariffs.grams), ("units", retold.tariffs.units)):
            assert hidden.parcels[field][parcel] == sum(of_line[line] for line in life.lines)
    following = hidden.parcels["next_parcel"]
    for warehouse in range(len(world.network.warehouses)):
        queue, row = retold.queue(warehouse), seen.stations[warehouse]
        assert linked(hidden.queues["first_parcel"][warehouse], following) == queue
        assert hidden.queues["last_parcel"][warehouse] == (queue[-1] if queue else NONE)
        expected = [retold.tariffs.pick_seconds(warehouse, retold.parcels[parcel].lines) for parcel in queue]
        assert (row["num_queued"], row["queued_seconds"]) == (len(queue), sum(expected))
        picked = retold.in_stage[PICKING, warehouse]
        assert row["num_busy"] == len(picked) <= row["num_open"]
        assert set(seen.picks["parcel"][warehouse].tolist()) - {NONE} == picked
        for service in range(len(world.network.services)):
            dock, docked = hidden.docks[warehouse, service], retold.dock(warehouse, service)
            assert linked(dock["first_parcel"], following) == docked
            assert dock["last_parcel"] == (docked[-1] if docked else NONE)
    assert np.flatnonzero(seen.receipts["is_open"]).tolist() == sorted(retold.receipts)
    for number, receipt in retold.receipts.items():
        row = seen.receipts[number]
        assert linked(hidden.claims["first_parcel"][number], following) == receipt.claims
        assert row["claimed_units"] == retold.claimed_units(receipt) <= row["expected_units"]
        assert row["expected_units"] == receipt.expected_units
        announced = linked(cell["first_receipt"][receipt.warehouse, receipt.sku], seen.receipts["next_receipt"])
        assert announced.count(number) == 1
    assert (cell["first_receipt"] != NONE).sum() == len({(r.warehouse, r.sku) for r in retold.receipts.values()})


def linked(first: int, following: np.ndarray) -> list[int]:
    """A linked list, written out."""
    result = []
    while first != NONE:
        result.append(int(first))
        first = following[first]
    return result


@pytest.mark.parametrize("agent", EACH_AGENT)
@pytest.mark.parametrize("name", NAMES)
def test_named_scenarios_keep_their_books(trace_of, name, agent):
    assert_sound(simulate(trace_of(name), agent_of(agent)))


@settings(max_examples=150)
@given(traces(), st.sampled_from(EVERY_AGENT))
def test_random_worlds_keep_their_books(trace, agent):
    assert_sound(simulate(trace, agent_of(agent)))


@settings(max_examples=80)
@given(traces(), st.integers(0, 99))
def test_stock_and_lists_agree_with_the_events_at_every_decision(trace, seed):
    retold = Retold(trace)
    for world in decisions(trace, seed):
        retold.tell(world.hidden.events[: world.hidden.counters["num_events"][0]])
        assert_same_state(world, retold)
    assert is_over(world)
    assert not world.seen.stock["allocated_units"].any()
    assert not world.seen.stations["num_busy"].any()
    assert not world.seen.stations["num_queued"].any()


@pytest.mark.parametrize("trouble", TROUBLES)
@settings(max_examples=15)
@given(data=st.data())
def test_each_trouble_alone_keeps_the_books(trouble, data):
    alone = {**dict.fromkeys(TROUBLES, False), trouble: True}
    assert_sound(simulate(data.draw(traces(**alone)), load_agent("random")))


def priced_at_random() -> Priced:
    """Any plan, with bid prices solved on a schedule."""
    return Priced(load_agent("random"), ToyPricer())


@pytest.mark.parametrize("kind", list(Kind), ids=[kind.name.lower() for kind in Kind])
def test_a_story_without_an_event_is_not_believed(kind):
    """Guards the tests above: with a row of any kind left out, the story breaks off or ends otherwise."""
    for seed in range(20):
        simulation = simulate(random_trace(seed, **every_trouble()), priced_at_random())
        events = simulation.events.to_pandas().to_numpy()
        rows = np.flatnonzero(events[:, 1] == kind)
        if len(rows):
            break
    with pytest.raises((AssertionError, KeyError, IndexError)):
        assert_told(simulation, np.delete(events, rows[0], axis=0))


@pytest.mark.parametrize("part", range(len(COST_PARTS)))
def test_books_that_are_a_millicent_off_are_noticed(part):
    simulation = simulate(random_trace(3, **every_trouble()), load_agent("random"))
    ledger = simulation.ledger.to_pandas()
    retold = assert_sound(simulation)
    ledger.loc[ledger.index[ledger["part"] == part][0], "amount_millicents"] += 1
    with pytest.raises(AssertionError):
        assert_actual_costs(retold, ledger)


def test_random_worlds_are_unpleasant_enough():
    """The properties above mean something: worlds see backorders, splits, roll-overs, declines and late parcels."""
    kinds: set[int] = set()
    split = late = 0
    for seed in range(20):
        simulation = simulate(random_trace(seed, **every_trouble()), priced_at_random())
        kinds |= set(simulation.events["kind"].to_pylist())
        split += simulation.metrics["split_rate"] > 0
        late += simulation.metrics["late_line_rate"] > 0
    assert kinds == {int(kind) for kind in Kind}
    assert split > 5
    assert late > 5


def test_bug_early_receipts_let_presale_goods_leave_before_their_date():
    num_early = 0
    for seed in range(20):
        trace = random_trace(seed, num_orders=40, num_receipts=40, most_units_on_shelf=0)
        receipts, lines = trace.future.receipts.copy(), trace.future.lines.copy()
        receipts["actual_at"] = (3 * receipts["announced_at"] + receipts["expected_at"]) // 4
        lines["ship_from_seconds"] = trace.future.orders["arrival_seconds"][lines["order"]] + 5 * 3600
        trace = with_future(trace, receipts=receipts, lines=lines)
        hidden = simulate(trace, load_agent("random"), level="none").world.hidden
        is_picked = hidden.lines["parcel"] >= 0
        parcels, dates = hidden.parcels[hidden.lines["parcel"][is_picked]], lines["ship_from_seconds"][is_picked]
        assert (parcels["started_at"] >= dates).all()
        came = receipts[np.maximum(parcels["receipt"], 0)]
        num_early += ((parcels["receipt"] >= 0) & (came["actual_at"] < dates) & (dates <= came["expected_at"])).sum()
    assert num_early > 5
