"""The event log in words: what one order lived through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from envs.costs import MILLICENTS
from envs.log import EVENT_COLUMNS, Kind
from envs.simulation import Simulation
from envs.world import World

HOUR = 3600
ORDER_DONE = "the order is complete"
PARCEL_WORDS = {
    Kind.CLAIMED: "waits for goods that are on their way",
    Kind.RELEASED: "joins the pick queue",
    Kind.PICK_STARTED: "picking begins",
    Kind.PICK_FINISHED: "ready",
    Kind.ROLLED_OVER: "the truck is full, waits for the next",
    Kind.COLLECTED: "collected",
    Kind.SHORT_PICKED: "goods are missing",
    Kind.REOPENED: "goods are to be decided again",
    Kind.LINE_CANCELLED: "the customer cancels goods of it",
    Kind.RELEASE_DUE: "its presale date has come",
}
ORDER_WORDS = {
    Kind.DECIDED: "the router takes a plan",
    Kind.DECLINED: "declined",
    Kind.ORDER_CLOSED: ORDER_DONE,
    Kind.HELD: "held, for company",
    Kind.HOLD_ENDED: "the hold ends",
    Kind.JOINED: "joins a held order of the same customer",
    Kind.ASKED_AGAIN: "what a plan lost is decided again",
    Kind.LINE_CANCELLED: "the customer cancels",
}
"""Events without a parcel."""


def telling_order(simulation: Simulation) -> int:
    """An order with as many parcels as any, after the warm-up; the one that waits longest for its end."""
    hidden, orders = simulation.world.hidden, simulation.world.future.orders
    parcels = hidden.parcels[: int(hidden.counters["num_parcels"][0])]
    count = np.bincount(parcels["order"], minlength=len(orders))
    is_measured = orders["arrival_seconds"] >= simulation.world.network.settings["warmup_seconds"][0]
    lasted = hidden.orders["ended_at"] - orders["arrival_seconds"]
    score = np.where(is_measured, np.minimum(count, 2) * 10**9 + np.minimum(lasted, 10**8), -1)
    return int(score.argmax())


def life_of(simulation: Simulation, order: int) -> Iterator[str]:
    """One line an event of the order, in its time."""
    events = np.column_stack([simulation.events[column].to_numpy() for column in EVENT_COLUMNS])
    for row in events[events[:, EVENT_COLUMNS.index("order")] == order]:
        event = dict(zip(EVENT_COLUMNS, map(int, row), strict=True))
        yield f"{_moment(simulation.world, event['time_seconds'])}  {_in_words(simulation.world, event)}"


def _in_words(world: World, event: dict[str, int]) -> str:
    kind, value, names = Kind(event["kind"]), event["value"], world.trace.names
    order = world.future.orders[event["order"]]
    rows = slice(order["first_line"], order["first_line"] + order["num_lines"])
    lines = world.future.lines[rows]
    if kind == Kind.ORDER_ARRIVED:
        goods = ", ".join(f"{line['units']} x {names.skus[line['sku']]}" for line in lines)
        place = names.regions[order["region"]]
        return f"order {event['order']} from {place}: {goods}; promised by {_moment(world, value)}"
    if event["parcel"] < 0:
        cost = f" that is expected to cost {value / MILLICENTS:.2f}" if kind == Kind.DECIDED else ""
        return ORDER_WORDS[kind] + cost
    by = f"parcel {event['parcel']}, {names.warehouses[event['warehouse']]} with {names.services[event['service']]}"
    if kind == Kind.PLANNED:
        is_in = world.hidden.lines["parcel"][rows] == event["parcel"]
        return f"{by}: {', '.join(names.skus[line['sku']] for line in lines[is_in]) or 'what will be decided again'}"
    if kind == Kind.DELIVERED:
        return f"{by}: delivered, {abs(value) / HOUR:.1f} hours {'late' if value > 0 else 'early'}"
    return f"{by}: {PARCEL_WORDS[kind]}"


def _moment(world: World, seconds: int) -> str:
    """Local weekday and clock time."""
    settings = world.network.settings[0]
    start = int(settings["epoch_seconds"] + settings["local_offset_seconds"])
    return f"{datetime.fromtimestamp(start + seconds, UTC):%a %H:%M}"
