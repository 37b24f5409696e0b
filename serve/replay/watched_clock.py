"""The SimPy clock, watched: after every moment of the world somebody looks at what has happened."""

from __future__ import annotations

from collections.abc import Callable

import simpy

from envs.room import what_is_full
from envs.simpy_clock import SimpyClock
from envs.world import World


class WatchedClock(SimpyClock):
    """Plays a world as ``SimpyClock`` does.

    Args:
        world: at second 0.
        watch: called after every step with rows of the event log, first and end, if there are new ones.
    """

    def __init__(self, world: World, watch: Callable[[int, int], None]) -> None:
        super().__init__(world)
        self._watch, self._num_seen = watch, 0

    def _advance(self) -> bool:
        counters = self.world.hidden.counters
        while self._asked is None:
            while what_is_full(self.world.hidden):
                self.world.make_room()
            try:
                self.sim.step()
            except simpy.core.EmptySchedule:
                return False
            num_events = int(counters[0]["num_events"])
            if num_events > self._num_seen:
                first, self._num_seen = self._num_seen, num_events
                self._watch(first, num_events)
        return True
