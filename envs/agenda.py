"""The compiled clock's agenda: a binary heap of (time, rank, entity) triples, each packed into one int64."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.compiling import compiled, inlined, internal
from envs.hidden import num_reordered
from scenarios.network import Network
from scenarios.trace import Future

_ENTITY_BITS, _RANK_BITS = 26, 7
_TIME_SHIFT = _ENTITY_BITS + _RANK_BITS
_ENTITY, _RANK = (1 << _ENTITY_BITS) - 1, (1 << _RANK_BITS) - 1

LAST_SECOND = (1 << (63 - _TIME_SHIFT)) - 1
"""The latest second for which something may be on the agenda, 34 years."""

MOST_ENTITIES = 1 << _ENTITY_BITS
"""Orders, parcels or other things of one kind that an agenda can tell apart."""


class Agenda(NamedTuple):
    """A heap; ``size`` entries are in use. Keys are ordered as the triples are."""

    keys: np.ndarray  # (capacity,) int64
    size: np.ndarray  # (1,) int64


def new_agenda(network: Network, future: Future) -> Agenda:
    """An empty agenda with room for all that can be due at once."""
    num_places = 3 * len(network.warehouses) + network.pairs.size + len(future.outages) + len(future.regimes)
    # A line is in one parcel, a parcel has one event to come; an order has its patience, its hold and its broken plan.
    # Holds that ended early and presale dates of parcels that lost their lines leave an event each behind.
    num_of_orders = 5 * len(future.orders) + 3 * len(future.lines)
    num_receipts = 2 * len(future.receipts) + num_reordered(network)
    capacity = num_places + num_receipts + num_of_orders + 8
    return Agenda(np.zeros(capacity, np.int64), np.zeros(1, np.int64))


@inlined
def key_of(time, rank, entity):
    """What stands for an event in a heap; see ``event``."""
    return time << _TIME_SHIFT | rank << _ENTITY_BITS | entity


@inlined
def seconds_of(key):
    """When the event of a key is due."""
    return key >> _TIME_SHIFT


@compiled
def push(agenda, time, rank, entity):
    """Adds an event."""
    keys, key, i = agenda.keys, key_of(time, rank, entity), agenda.size[0]
    agenda.size[0] = i + 1
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] < key:
            break
        keys[i] = keys[parent]
        i = parent
    keys[i] = key


@compiled
def event(key):
    """What a key stands for: (time, rank, entity)."""
    return key >> _TIME_SHIFT, key >> _ENTITY_BITS & _RANK, key & _ENTITY


@compiled
def pop(agenda):
    """Removes the first event and returns (time, rank, entity)."""
    keys, first, size = agenda.keys, agenda.keys[0], agenda.size[0] - 1
    agenda.size[0] = size
    # The hole sinks to the bottom by the lesser child; then the last key rises from there, mostly not far.
    i, child = 0, 1
    while child < size:
        child += keys[child + 1] < keys[child]  # beyond the last stands itself, still
        keys[i] = keys[child]
        i, child = child, 2 * child + 1
    key = keys[size]
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] < key:
            break
        keys[i] = keys[parent]
        i = parent
    keys[i] = key
    return event(first)


@internal
def put_in_order(agenda):
    """Makes a heap of keys in any order."""
    keys, size = agenda.keys, agenda.size[0]
    for start in range((size >> 1) - 1, -1, -1):
        i, key = start, keys[start]
        while 2 * i + 1 < size:
            child = 2 * i + 1
            if child + 1 < size and keys[child + 1] < keys[child]:
                child += 1
            if key <= keys[child]:
                break
            keys[i] = keys[child]
            i = child
        keys[i] = key
