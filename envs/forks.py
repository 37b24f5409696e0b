"""Forks of one world that are kept and played on to their ends by a router inside the loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from envs.fork import fork_on
from envs.inner import Code, Inner
from envs.loop import DECIDE, DUE, OVER, SKIP, Handles, new_results
from envs.tail import Tail
from envs.world import World


class Forks:
    """Plays slots of a world's present decision on in futures.

    Each tail has a fork of its own, which is kept: on the same tail little has to be drawn again.

    Args:
        world: played by the compiled clock; it is not changed.
        inner: who decides there after the first slot.
    """

    def __init__(self, world: World, inner: Inner) -> None:
        self._world, self._inner = world, inner
        self._forks: list[World] = []
        self._handles: Handles | None = None

    def play(self, slot: int, tails: Sequence[Tail]) -> list[World]:
        """A fork on each tail, played from the slot to the tail's end; it is overwritten by the next call.

        Args:
            slot: of a real plan of the present decision.
            tails: at least one; see ``envs.fork.fork_on``.

        Raises:
            InputError: a tail that does not fit.
        """
        for column, tail in enumerate(tails):
            fork = fork_on(self._world, tail, self._forks[column] if column < len(self._forks) else None)
            if column == len(self._forks):
                self._forks.append(fork)
            self._inner.prepare(fork)
            fork.hidden.counters["is_describing"] = int(self._inner.code == Code.SCORER)
            if self._handles is None:
                self._handles = Handles([fork])
            else:
                self._handles.put(column, fork)
        assert self._handles is not None
        count = len(tails)
        slots, results = np.full(count, slot, np.int64), new_results(count)
        results[0][:] = DUE
        while (results[0] != OVER).any():
            self._handles.play(slots, results, self._inner, last=count)
            following = self._handles.attend(results)
            slots = np.where(results[0] == OVER, SKIP, DECIDE) if following is None else following
        return self._forks[:count]
