"""Loops that do nothing but wait: how fast this machine is, so that speeds of two machines can be compared."""

from __future__ import annotations

import heapq
from collections.abc import Generator

import simpy


def simpy_timeouts(count: int) -> int:
    """One SimPy process that waits ``count`` times; returns the waits."""
    sim = simpy.Environment()

    def waiting() -> Generator[simpy.Event, object, None]:
        for _ in range(count):
            yield sim.timeout(1)

    sim.process(waiting())
    sim.run()
    return count


def heap_events(count: int) -> int:
    """Pushes and pops on a heap of 100 (time, rank, entity) triples; returns the events."""
    heap = [(i, 0, i) for i in range(100)]
    heapq.heapify(heap)
    for i in range(count):
        time, _, entity = heapq.heappop(heap)
        heapq.heappush(heap, (time + i % 7 + 1, 0, entity))
    return count
