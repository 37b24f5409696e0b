"""Moments of the SimPy clock: events with a place among simultaneous ones."""

from __future__ import annotations

import simpy
from simpy.events import EventPriority

_ENTITIES = 1 << 40


def place(rank: int, entity: int) -> EventPriority:
    """Where something stands within its second."""
    # SimPy itself uses priorities 0 and 1 for starting and ending processes.
    return EventPriority(rank * _ENTITIES + entity)


class Moment(simpy.Event):
    """Something due at an absolute second, in its place among simultaneous events."""

    def __init__(self, sim: simpy.Environment, seconds: int, rank: int, entity: int) -> None:
        self.env, self.callbacks = sim, []
        self._ok, self._value, self._defused = True, None, False
        sim.schedule(self, place(rank, entity), seconds - sim.now)


class Bell(simpy.Event):
    """Rung when there may be work; ``_ok`` tells whether it has been."""

    _ok = False
