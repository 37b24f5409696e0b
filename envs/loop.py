"""The loop over decisions: one compiled call plays many replications, each one step or all that a router inside takes.

It is the only compiled entry of the compiled clock, because every entry costs seconds the first time. It
runs without Python's interpreter lock, so that threads share the replications.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numba.typed import List

from envs.borrowing import borrowed
from envs.compiled_clock import BEGIN, CONTINUE, DUE, FULL, OVER, PRICES, advance, attend, carry_on
from envs.compiling import compiled
from envs.costs import NUM_PARTS
from envs.decisions import make_table
from envs.inner import NOBODY, OUTSIDE, Inner, decide
from envs.world import World

DECIDE, SKIP = -3, -4
"""Instead of a slot, besides BEGIN and CONTINUE: the router inside decides what is due; this replication rests."""

MANY = 1 << 20
"""Decisions that one call plays at most, so that an interrupt does not wait long."""

__all__ = ["BEGIN", "CONTINUE", "DECIDE", "DUE", "FULL", "MANY", "OVER", "PRICES", "SKIP", "Handles", "Result", "play"]


@numba.njit(cache=True, nogil=True)
def play(worlds, slots, results, router, scorer, most, first, last):
    """Plays replications ``first`` to ``last - 1``.

    Args:
        worlds: list of handles.
        slots: int64 (R,): a slot to carry out, or BEGIN, CONTINUE, DECIDE or SKIP.
        results: ``Result``: arrays that are written for each replication played.
        router: int64 (2,): see ``envs.inner.Inner.router``.
        scorer: see ``envs.scorer.Scorer``.
        most: decisions of each replication that the router inside takes at most.
        first: of the range.
        last: after the range.
    """
    for i in range(first, last):
        if slots[i] != SKIP:
            world = worlds[i]
            network, future, seen = borrowed(world.network), borrowed(world.future), borrowed(world.seen)
            hidden, plans, agenda = borrowed(world.hidden), borrowed(world.plans), borrowed(world.agenda)
            slot, outcome = slots[i], DUE
            for _ in range(most):
                if slot == DECIDE:
                    slot = decide(seen, plans, router[0], router[1], scorer)
                carry_on(network, future, seen, hidden, plans, agenda, slot)
                outcome = advance(network, future, seen, hidden, agenda)
                if outcome == DUE:
                    make_table(network, seen, hidden, plans)
                if outcome != DUE or router[0] == OUTSIDE:
                    break
                slot = DECIDE
            results[0][i] = outcome
            results[1][i, 0] = seen.clock[0]["decision_id"]
            results[1][i, 1] = hidden.counters[0]["num_arrived"]
            for part in range(NUM_PARTS):
                results[2][i, part] = hidden.totals[part]


def new_results(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrays that ``play`` writes, int64.

    Returns:
        Outcomes (R,); progress (R, 2): decision id, orders arrived; millicents booked so far (R, NUM_PARTS).
    """
    return np.full(size, OVER, np.int64), np.zeros((size, 2), np.int64), np.zeros((size, NUM_PARTS), np.int64)


Result = tuple[np.ndarray, np.ndarray, np.ndarray]


@compiled
def _first_of_list(handle):
    handles = List()
    handles.append(handle)
    return handles


@compiled
def _put(handles, i, handle):
    """Replaces entry i, or adds it at the end."""
    if i == len(handles):
        handles.append(handle)
    else:
        handles[i] = handle


class Handles:
    """The worlds that one ``play`` works on.

    Args:
        worlds: at least one.
    """

    def __init__(self, worlds: Sequence[World]) -> None:
        self.worlds: list[World] = []
        self._list: Any = None
        for i, world in enumerate(worlds):
            self.put(i, world)

    def __len__(self) -> int:
        return len(self.worlds)

    def put(self, i: int, world: World) -> None:
        """Replaces world i, or adds it at the end."""
        if i == len(self.worlds):
            self.worlds.append(world)
        else:
            self.worlds[i] = world
        if self._list is None:
            self._list = _first_of_list(world.handle)
        else:
            _put(self._list, i, world.handle)

    def play(
        self,
        slots: np.ndarray,
        results: Result,
        inner: Inner,
        first: int = 0,
        last: int | None = None,
        most: int = MANY,
    ) -> None:
        """See ``play``; what else it stops for is left to ``attend``."""
        end = len(self.worlds) if last is None else last
        play(self._list, slots, results, inner.router, inner.scorer, most, first, end)

    def attend(self, results: Result) -> np.ndarray | None:
        """Enlarges what is full and has bid prices solved that are due.

        Returns:
            Slots with which these replications go on and the others rest; None if none has stopped for this.
        """
        stopped = np.flatnonzero((results[0] != DUE) & (results[0] != OVER))
        if len(stopped) == 0:
            return None
        for i in stopped.tolist():
            attend(self.worlds[i], int(results[0][i]))
            self.put(i, self.worlds[i])
        slots = np.full(len(self.worlds), SKIP, np.int64)
        slots[stopped] = CONTINUE
        return slots


class Alone:
    """One world, stepped from Python; its arrays are handed over once.

    Args:
        world: at second 0 or at a decision.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._slots, self._results = np.zeros(1, np.int64), new_results(1)
        self._outcome = self._results[0]
        self._router, self._scorer = NOBODY.router, NOBODY.scorer
        self._bind()

    def _bind(self) -> None:
        self._handle = self._world.handle
        self._list = _first_of_list(self._handle)

    def step(self, slot: int) -> int:
        """Carries out ``slot`` and returns OVER, DUE, FULL or PRICES."""
        if self._handle is not self._world.handle:  # whoever replaced an array made the handle again
            self._bind()
        self._slots[0] = slot
        play(self._list, self._slots, self._results, self._router, self._scorer, 1, 0, 1)
        return int(self._outcome[0])


def play_alone(world: World, inner: Inner) -> None:
    """Plays a world from second 0 to its end with a router inside the loop."""
    handles, results, slots = Handles([world]), new_results(1), np.array([BEGIN])
    inner.prepare(world)
    while True:
        handles.play(slots, results, inner)
        if results[0][0] == OVER:
            return
        slots[0] = DECIDE if handles.attend(results) is None else CONTINUE
