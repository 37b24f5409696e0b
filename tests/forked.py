"""Worlds in the middle of an episode, played on, and all that they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from envs.compiled_clock import CompiledClock
from envs.hidden import num_reordered
from envs.luck import luck
from envs.prices import Pricing
from envs.protocol import Agent
from envs.snapshot import Snapshot
from envs.tail import Tail, tail_of
from envs.world import World
from scenarios.network import FOREVER_SECONDS
from scenarios.trace import Trace

Decision = tuple[int, int, int, int, bytes]
"""Second, order, number of lines, slot taken, costs of all plans."""


def state_of(world: World) -> dict[str, bytes]:
    """All that a world is, but for logs, spare rows and what is stale beyond the counters."""
    hidden, seen = world.hidden, world.seen
    counters = hidden.counters.copy()
    for name in ("num_events", "num_ledger_rows", "log_level", "num_touched"):
        counters[name] = 0
    num_orders, num_lines, num_receipts = rows_of(world)
    size, count = int(world.agenda.size[0]), int(world.plans.counts[0])
    queued = sorted(world.agenda.keys[:size].tolist())
    state = {name: array.tobytes() for name, array in seen._asdict().items() if name not in ("lines", "receipts")}
    state["asked lines"] = seen.lines[: seen.order["num_lines"][0]].tobytes()
    state["receipts"] = seen.receipts[:num_receipts].tobytes()
    for name in ("queues", "docks", "weather", "totals"):
        state[f"hidden {name}"] = getattr(hidden, name).tobytes()
    for name, number in (("orders", num_orders), ("order_costs", num_orders), ("lines", num_lines)):
        state[f"hidden {name}"] = getattr(hidden, name)[:number].tobytes()
    for name in ("arrivals", "claims"):
        state[f"hidden {name}"] = getattr(hidden, name)[:num_receipts].tobytes()
    state["future orders"] = world.future.orders[:num_orders].tobytes()
    state["future lines"] = world.future.lines[:num_lines].tobytes()
    state["parcels"] = hidden.parcels[: counters["num_parcels"][0]].tobytes()
    state["counters"] = counters.tobytes()
    state["agenda"] = repr(queued).encode()
    for name in ("slots", "costs", "rules", "features"):
        state[f"plans {name}"] = getattr(world.plans, name)[:count].tobytes()
    return state


def rows_of(world: World) -> tuple[int, int, int]:
    """Orders, lines and receipts that a world has rows for and does not merely spare."""
    num_orders = int(world.hidden.counters["num_orders"][0])
    num_lines = int(world.future.orders["num_lines"][:num_orders].sum())
    first = num_reordered(world.network)
    is_none = world.hidden.arrivals["announced_at"][first:] > FOREVER_SECONDS
    return num_orders, num_lines, first + (int(np.argmax(is_none)) if is_none.any() else len(is_none))


def assert_same(one: World, other: World) -> None:
    """Names what differs."""
    left, right = state_of(one), state_of(other)
    assert [name for name in left if left[name] != right[name]] == []


def at_decision(trace: Trace, number: int, seed: int = 0, level: str = "ledger") -> CompiledClock | None:
    """A world played to its decision ``number`` with random slots; None if the trace ends before."""
    clock = CompiledClock(World(trace, level, pricing=Pricing.CLOSED_FORM))
    is_due = clock.start()
    while is_due and decision_id_of(clock.world) < number:
        is_due = clock.answer(any_slot(clock.world, seed))
    return clock if is_due else None


def own_tail(world: World, trace: Trace, **changes: Any) -> Tail:
    """The rest of the world's own trace; all luck is as it is, if nothing else is said."""
    arrived = int(world.hidden.counters["num_arrived"][0])
    return tail_of(trace, now_of(world), num_seen=arrived, **{"salt": 0, **changes})


def any_slot(world: World, seed: int) -> int:
    """Any slot; the same one whenever the decision and the number of plans are."""
    return int(luck(np.uint64(seed), 0, decision_id_of(world), 0, 0) % np.uint64(world.plans.counts[0]))


def decision_id_of(world: World) -> int:
    """Decisions taken so far."""
    return int(world.seen.clock["decision_id"][0])


def now_of(world: World) -> int:
    """The present second."""
    return int(world.seen.clock["now_seconds"][0])


def play_on(clock: CompiledClock, seed: int, most: int = 1_000_000) -> list[Decision]:
    """Goes on with any slots; returns what was decided."""
    decisions, is_due, world = [], True, clock.world
    while is_due and len(decisions) < most:
        slot = any_slot(world, seed)
        decisions.append(_decision(world, slot))
        is_due = clock.answer(slot)
    return decisions


def play_agent(clock: CompiledClock, agent: Agent, most: int = 1_000_000) -> list[Decision]:
    """Goes on with an agent; returns what it decided."""
    decisions, is_due, world = [], True, clock.world
    snapshot = Snapshot(world.network, world.seen, world.plans)
    while is_due and len(decisions) < most:
        slot = agent.choose(snapshot)
        decisions.append(_decision(world, slot))
        is_due = clock.answer(slot)
    return decisions


def _decision(world: World, slot: int) -> Decision:
    asked, costs = world.seen.order[0], world.plans.costs[: world.plans.counts[0]]
    return now_of(world), int(asked["order"]), int(asked["num_lines"]), slot, costs.tobytes()
