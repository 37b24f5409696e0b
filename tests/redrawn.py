"""Traces that differ from another in all that is not revealed at one of its decisions, and in nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import TypeVar

import numpy as np

from envs.luck import LEAD, PICK, SHORT, TRANSIT, luck
from envs.tables import draw
from scenarios.network import FOREVER_SECONDS
from scenarios.trace import REGIMES, Trace
from tests.retold import Retold
from tests.retold_goods import CLAIMED, DEPARTED, LATER, PICKING, QUEUED, Parcel
from tests.worlds import DAY, GRID, Sizes, random_orders, random_outages, random_receipts, with_future

TRIES = 200
"""How often luck is drawn that might agree with what has been seen."""

Drawn = TypeVar("Drawn")


def first_that(agrees: Callable[[Drawn], bool], draws: Iterator[Drawn], otherwise: Drawn) -> Drawn:
    """The first draw that agrees, within so many tries."""
    return next((value for _, value in zip(range(TRIES), draws, strict=False) if agrees(value)), otherwise)


def redrawn(trace: Trace, seen: Retold, seed: int, size: Sizes) -> Trace:
    """The trace with all that is not revealed at a decision drawn anew.

    Orders, receipts, outages to come; what really comes of announced receipts, and when; regimes, luck of picks,
    short picks, journeys and suppliers, wherever the new ones agree with what has been seen; and the patience of
    customers who have not cancelled anything.

    Args:
        trace: what was played.
        seen: its events, told up to that decision: at an arrival, at the end of a hold, or because plans broke.
        seed: of the new draws.
        size: what the trace was made with.
    """
    random, now, num_arrived = np.random.default_rng(seed), seen.now, len(seen.group_of)
    future = trace.future
    orders, lines = _new_orders(random, trace, now, num_arrived, size)
    orders["patience_seconds"] = _new_patience(random, orders, seen, now)
    trace = with_future(trace, regimes=_new_regimes(random, trace, seen, now))
    keys = (random.integers(0, 1 << 64, dtype=np.uint64) for _ in count())
    for order in range(num_arrived):
        own = [life for life in seen.parcels if life.order == order]
        picks = [(pick, units) for pick, units in seen.missing.items() if seen.tariffs.order[pick[0]] == order]
        old = orders["luck_key"][order]

        def agrees(key: np.uint64, own=own, picks=picks) -> bool:
            same = (missing_units(trace, pick, key) == units for pick, units in picks)
            return all(same) and all(parcel_agrees(trace, life, key, now) for life in own)

        orders["luck_key"][order] = first_that(agrees, keys, old)
    suppliers = future.suppliers.copy()
    for warehouse, row in enumerate(suppliers):
        own = [(at, receipt) for at, receipt in seen.reorders if receipt.warehouse == warehouse]

        def comes_alike(key: np.uint64, own=own) -> bool:
            return all(reorder_agrees(trace, at, receipt, key, now) for at, receipt in own)

        row["luck_key"] = first_that(comes_alike, keys, row["luck_key"])
    receipts = future.receipts[future.receipts["announced_at"] <= now].copy()
    is_open = receipts["actual_at"] > now
    receipts["actual_at"][is_open] = now + random.integers(1, DAY, is_open.sum())
    receipts["actual_units"][is_open] = random.integers(0, receipts["expected_units"][is_open] + 2)
    new_receipts = random_receipts(random, replace(size, num_receipts=int(random.integers(0, 10))), now)
    end = int(trace.network.settings["end_seconds"][0])
    outages = future.outages[future.outages["starts_at"] <= now]
    if random.random() < 0.5:
        outages = np.concatenate([outages, random_outages(random, size, end, now)])
    return with_future(
        trace,
        orders=orders,
        lines=lines,
        receipts=np.concatenate([receipts, new_receipts]),
        outages=outages,
        suppliers=suppliers,
    )


def unfinished(seen: Retold) -> list[int]:
    """Orders that have arrived and have not ended."""
    return [order for order in seen.group_of if not seen.ended[seen.lines_of(order)].all()]


def under_way(seen: Retold) -> list[int]:
    """Orders of parcels that are being picked or are on their way: luck has decided and has not shown all of it."""
    return sorted(
        {
            life.order
            for life in seen.parcels
            if life.stage == PICKING or (life.stage == DEPARTED and life.delivered_at > seen.now)
        }
    )


def _new_orders(
    random: np.random.Generator, trace: Trace, now: int, num_arrived: int, size: Sizes
) -> tuple[np.ndarray, np.ndarray]:
    """Orders that have arrived and their lines, then others; some belong to customers who have ordered before."""
    orders = trace.future.orders[:num_arrived].copy()
    lines = trace.future.lines[: orders["first_line"][-1] + orders["num_lines"][-1]]
    size = replace(size, num_orders=int(random.integers(0, 30)))
    new_orders, new_lines = random_orders(random, trace.network, size)
    late = now + (new_orders["arrival_seconds"] - new_orders["arrival_seconds"].min(initial=0))
    new_orders["promise_at"] += late - new_orders["arrival_seconds"]
    new_orders["arrival_seconds"] = late
    new_orders["customer_id"] = random.integers(0, 2, len(new_orders))
    new_orders["first_line"] += len(lines)
    dates = random.integers(0, 2 * DAY // GRID, len(new_lines)) * GRID * (random.random(len(new_lines)) < 0.3)
    new_lines["ship_from_seconds"] = np.where(dates > 0, late[new_lines["order"]] + dates, 0)
    new_lines["order"] += num_arrived
    return np.concatenate([orders, new_orders]), np.concatenate([lines, new_lines])


def _new_patience(random: np.random.Generator, orders: np.ndarray, seen: Retold, now: int) -> np.ndarray:
    """New patience of all who have cancelled nothing so far: they may wait for ever, or cancel after ``now``."""
    later = now - orders["arrival_seconds"] + random.integers(1, DAY, len(orders))
    patience = np.where(random.random(len(orders)) < 0.3, FOREVER_SECONDS, np.maximum(1, later))
    patience[list(seen.impatient)] = orders["patience_seconds"][list(seen.impatient)]
    return patience


def _new_regimes(random: np.random.Generator, trace: Trace, seen: Retold, now: int) -> np.ndarray:
    """New regimes of each service, past ones too, under which its parcels have arrived as they have."""
    end, result = int(trace.network.settings["end_seconds"][0]), []
    for service in range(len(trace.network.services)):
        own = [life for life in seen.parcels if life.stage == DEPARTED and life.service == service]
        old = trace.future.regimes[trace.future.regimes["service"] == service]

        def anew(old: np.ndarray = old, service: int = service) -> Iterator[np.ndarray]:
            for number in count():
                past = old[old["starts_at"] <= now] if number >= TRIES // 2 else old[:0]
                rows = np.zeros(int(random.integers(0, 4)), REGIMES)
                first = now + 1 if number >= TRIES // 2 else 0
                rows["starts_at"] = np.sort(random.integers(first, max(first + 1, end), len(rows)))
                rows["service"], rows["transit_permille"] = service, random.integers(500, 4000, len(rows))
                yield np.concatenate([past, rows])

        def agrees(rows: np.ndarray, own: list[Parcel] = own) -> bool:
            keys = trace.future.orders["luck_key"]
            return all(journey_agrees(trace, rows, life, keys[life.order], now) for life in own)

        result.append(first_that(agrees, anew(), old))
    regimes = np.concatenate(result)
    return regimes[np.argsort(regimes["starts_at"], kind="stable")]


def parcel_agrees(trace: Trace, life: Parcel, key: np.uint64, now: int) -> bool:
    """Whether other luck tells the same story about a parcel up to now."""
    if life.stage in (CLAIMED, LATER, QUEUED) or not life.started_at + life.ready_at:
        return True
    table = trace.network.warehouses["pick_table"][life.warehouse]
    factor = draw(trace.network.tables, table, np.uint64(luck(key, PICK, life.warehouse, life.service, life.attempt)))
    ready = life.started_at + max(1, life.work_seconds * factor // 1000)
    if life.stage == PICKING:
        return ready > now
    if ready != life.ready_at or life.stage != DEPARTED:
        return ready == life.ready_at
    return journey_agrees(trace, trace.future.regimes, life, key, now)


def journey_agrees(trace: Trace, regimes: np.ndarray, life: Parcel, key: np.uint64, now: int) -> bool:
    """Whether other luck or other regimes let a parcel arrive when it did, or later than now if it has not."""
    past = regimes[(regimes["service"] == life.service) & (regimes["starts_at"] <= life.departed_at)]
    permille = int(past["transit_permille"][-1]) if len(past) else 1000
    region = trace.future.orders["region"][life.order]
    table = trace.network.lanes["transit_table"][life.warehouse, life.service, region]
    luck_of = np.uint64(luck(key, TRANSIT, life.warehouse, life.service, life.attempt))
    arrival = life.departed_at + max(1, draw(trace.network.tables, table, luck_of) * permille // 1000)
    return arrival == life.delivered_at if life.delivered_at <= now else arrival > now


def missing_units(trace: Trace, pick: tuple[int, ...], key: np.uint64) -> int:
    """Units that are not found when a line is picked, (line, warehouse, service, attempt)."""
    line, warehouse, service, attempt = pick
    row = trace.future.lines[line]
    chance = int(luck(key, SHORT + (int(row["sku"]) << 8), warehouse, service, attempt))
    is_short = chance >> 48 < trace.network.warehouses["short_weight"][warehouse]
    return 1 + (chance & 0xFFFF) % int(row["units"]) if is_short else 0


def reorder_agrees(trace: Trace, ordered_at: int, receipt, key: np.uint64, now: int) -> bool:
    """Whether goods that were reordered come when they did, or later than now if they have not."""
    times = ordered_at // int(trace.network.settings["review_seconds"][0])
    table = trace.network.warehouses["lead_table"][receipt.warehouse]
    lead = draw(trace.network.tables, table, np.uint64(luck(key, LEAD, receipt.sku, times, 0)))
    comes_at = ordered_at + max(1, int(lead))
    return comes_at == receipt.actual_at if receipt.actual_at <= now else comes_at > now
