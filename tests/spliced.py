"""What a fork on a tail plays as one whole trace, so that a fresh world can play it from second 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from envs.agenda import event
from envs.hidden import OPEN, PICKING, num_reordered
from envs.log import Kind
from envs.ranks import Rank
from envs.tail import Tail
from envs.world import World
from scenarios.network import FOREVER_SECONDS, TABLE_WEIGHT
from scenarios.trace import REGIMES, Trace
from tests.forked import now_of, rows_of
from tests.worlds import (
    DAY,
    GRID,
    Sizes,
    every_trouble,
    random_orders,
    random_outages,
    random_receipts,
    random_trace,
    size_of,
    surprise,
    with_future,
)

SIZE = Sizes(num_orders=30, num_receipts=12, **every_trouble())


def steady(seed: int, kind: str) -> Trace:
    """A random world in which one kind of luck, of picks or of journeys, is the same for all, and so is the weather.

    Where all picks take what is expected, a key may change as long as a journey is under way; where journeys do, as
    long as nothing was picked. There orders have one line, so that not one is picked and another is not.
    """
    is_simple = kind == "journeys"
    trace = random_trace(seed, SIZE, has_short_picks=is_simple, max_lines=1 if is_simple else SIZE.max_lines)
    network, tables, random = trace.network, trace.network.tables.copy(), np.random.default_rng(seed)
    same = {0} if kind == "picks" else set(range(1, len(tables))) - {int(network.warehouses["lead_table"][0])}
    for row in same:
        value = int(tables[row]["moment_up_to"][-1]) // TABLE_WEIGHT
        tables[row]["value"] = value
        tables[row]["moment_up_to"] = tables[row]["weight_up_to"] * value
    regimes = np.zeros(len(network.services), REGIMES)
    regimes["service"] = np.arange(len(regimes))
    regimes["transit_permille"] = random.integers(500, 2000, len(regimes))
    return replace(with_future(trace, regimes=regimes), network=network._replace(tables=tables))


def another(trace: Trace, world: World, seed: int) -> Trace:
    """A trace of the same network with another future, the same weather so far and the same receipts announced so far.

    Suppliers whose goods have come, as the event log has it, keep their luck.
    """
    random, now, network = np.random.default_rng(seed), now_of(world), trace.network
    size = size_of(trace, num_orders=30, max_lines=int(trace.future.orders["num_lines"].max()))
    orders, lines = random_orders(random, network, size)
    orders["customer_id"] = random.integers(0, 2, len(orders))
    patience = random.integers(1, DAY // GRID, len(orders)) * GRID
    orders["patience_seconds"] = np.where(random.random(len(orders)) < 0.4, FOREVER_SECONDS, patience)
    known = trace.future.receipts[trace.future.receipts["announced_at"] <= now].copy()
    surprise(random, known)
    later = random_receipts(random, size, now)
    surprise(random, later)
    regimes = np.zeros(3, REGIMES)
    regimes["starts_at"] = now + np.sort(random.integers(1, DAY, 3))
    regimes["service"] = random.integers(0, len(network.services), 3)
    regimes["transit_permille"] = random.integers(500, 4000, 3)
    suppliers = trace.future.suppliers.copy()
    events = world.hidden.events[: world.hidden.counters["num_events"][0]]
    have_come = events[(events[:, 1] == Kind.RECEIPT_ARRIVED) & (events[:, 6] < num_reordered(network)), 6]
    for warehouse in set(range(len(suppliers))) - set((have_come // network.stock.shape[1]).tolist()):
        suppliers["luck_key"][warehouse] = random.integers(0, 1 << 64, dtype=np.uint64)
    return with_future(
        trace,
        orders=orders,
        lines=lines,
        receipts=np.concatenate([known, later]),
        outages=random_outages(random, size, int(network.settings["end_seconds"][0]), now),
        regimes=np.concatenate([trace.future.regimes, regimes]),
        suppliers=suppliers,
    )


def whole_trace(trace: Trace, world: World, tail: Tail, fork: World, kind: str) -> Trace | None:
    """The past of ``world``, then ``tail``, as a fork of it on the tail has spliced them.

    Orders that have arrived have the luck of the fork if they may (see ``steady``); others have shown theirs. None if
    an order would need both.
    """
    now, count = now_of(world), int(world.hidden.counters["num_arrived"][0])
    num_orders, num_lines, num_receipts = rows_of(fork)
    orders, lines = (rows.copy() for rows in (fork.future.orders[:num_orders], fork.future.lines[:num_lines]))
    salt = np.uint64(tail.rules["salt"][0])
    orders["luck_key"][count:] ^= salt  # what the fork keeps is the key less the salt
    is_known = world.hidden.orders["status"][:count] != OPEN
    if kind == "journeys":
        is_known |= _has_been_picked(world, lines["order"])
        parcel = world.hidden.lines["parcel"][: len(world.future.lines)]
        is_begun = (parcel >= 0) & (world.hidden.parcels["stage"][parcel] > PICKING)
        is_waiting = ~is_begun & (world.hidden.lines["status"] == OPEN)
        if is_known[world.future.lines["order"][is_waiting & (world.future.lines["order"] < count)]].any():
            return None
    orders["luck_key"][:count] ^= np.where(is_known, np.uint64(0), salt)
    pending = dict.fromkeys(range(count), FOREVER_SECONDS)
    for time, rank, entity in map(event, fork.agenda.keys[: fork.agenda.size[0]].tolist()):
        if rank == Rank.IMPATIENCE:
            pending[entity] = time - int(orders["arrival_seconds"][entity])
    has_shown = world.hidden.orders["num_cancelled_lines"][:count] > 0
    orders["patience_seconds"][:count][~has_shown] = np.array(list(pending.values()))[~has_shown]
    return with_future(
        trace,
        orders=orders,
        lines=lines,
        receipts=fork.hidden.arrivals[num_reordered(world.network) : num_receipts].copy(),
        outages=np.concatenate([trace.future.outages[trace.future.outages["starts_at"] <= now], tail.outages]),
        regimes=np.concatenate([trace.future.regimes, tail.regimes]),
        suppliers=tail.suppliers.copy(),
    )


def _has_been_picked(world: World, order_of_line: np.ndarray) -> np.ndarray:
    """bool: of which orders that have arrived a line was picked, or not found."""
    result = np.zeros(int(world.hidden.counters["num_arrived"][0]), bool)
    parcels = world.hidden.parcels[: world.hidden.counters["num_parcels"][0]]
    result[parcels["order"][(parcels["stage"] > PICKING) & (parcels["ready_at"] > 0)]] = True
    parcel = world.hidden.lines["parcel"]
    result[order_of_line[np.flatnonzero((parcel >= 0) & (world.hidden.parcels["stage"][parcel] > PICKING))]] = True
    events = world.hidden.events[: world.hidden.counters["num_events"][0]]
    result[order_of_line[events[events[:, 1] == Kind.SHORT_PICKED, 6]]] = True
    return result
