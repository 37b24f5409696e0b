"""The compiled clock's agenda: a binary heap of (time, rank, entity) triples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.compiling import compiled, inlined
from scenarios.network import Network
from scenarios.trace import Future


class Agenda(NamedTuple):
    """Heap arrays; ``size`` entries are in use."""

    times: np.ndarray  # (capacity,) int64
    ranks: np.ndarray  # (capacity,) int64
    entities: np.ndarray  # (capacity,) int64
    size: np.ndarray  # (1,) int64


def new_agenda(network: Network, future: Future) -> Agenda:
    """An empty agenda with room for all that can be due at once."""
    num_places = 3 * len(network.warehouses) + network.pairs.size + len(future.outages) + len(future.regimes)
    num_reordered = network.stock.size if network.settings["review_seconds"][0] > 0 else 0
    # A line is in one parcel, a parcel has one event to come; an order has its patience, its hold and its broken plan.
    # Holds that ended early and presale dates of parcels that lost their lines leave an event each behind.
    num_of_orders = 5 * len(future.orders) + 3 * len(future.lines)
    capacity = num_places + 2 * len(future.receipts) + num_reordered + num_of_orders + 8
    times, ranks, entities = (np.zeros(capacity, np.int64) for _ in range(3))
    return Agenda(times, ranks, entities, np.zeros(1, np.int64))


@inlined
def _is_before(agenda, a, b):
    if agenda.times[a] != agenda.times[b]:
        return agenda.times[a] < agenda.times[b]
    if agenda.ranks[a] != agenda.ranks[b]:
        return agenda.ranks[a] < agenda.ranks[b]
    return agenda.entities[a] < agenda.entities[b]


@inlined
def _swap(agenda, a, b):
    for array in (agenda.times, agenda.ranks, agenda.entities):
        kept = array[a]
        array[a] = array[b]
        array[b] = kept


@compiled
def push(agenda, time, rank, entity):
    """Adds an event."""
    i = agenda.size[0]
    agenda.size[0] = i + 1
    agenda.times[i], agenda.ranks[i], agenda.entities[i] = time, rank, entity
    while i > 0:
        parent = (i - 1) >> 1
        if not _is_before(agenda, i, parent):
            break
        _swap(agenda, i, parent)
        i = parent


@compiled
def pop(agenda):
    """Removes the first event and returns (time, rank, entity)."""
    first = (agenda.times[0], agenda.ranks[0], agenda.entities[0])
    last = agenda.size[0] - 1
    agenda.size[0] = last
    _swap(agenda, 0, last)
    i = 0
    while True:
        child = 2 * i + 1
        if child >= last:
            break
        if child + 1 < last and _is_before(agenda, child + 1, child):
            child += 1
        if not _is_before(agenda, child, i):
            break
        _swap(agenda, child, i)
        i = child
    return first
