"""Looking ahead: what a router that rolls out may do, and no more.

It learns what a slot would lead to in futures that it names itself. Of the true future nothing is in them: whatever is
under way is given other luck (``envs.fork.fork_on``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.costs import OBJECTIVE_OF_PART
from envs.fork import fork_on
from envs.inner import Inner
from envs.loop import DECIDE, OVER, Handles, new_results
from envs.tail import Tail
from envs.world import World
from scenarios.errors import InputError


class Outlook(NamedTuple):
    """What a slot led to.

    Attributes:
        millicents: booked from now to the tail's end, at the preference weights.
        units: int64 (W, K) available to promise then.
    """

    millicents: float
    units: np.ndarray


class Lookahead:
    """Plays slots of the present decision on in other futures.

    Args:
        world: played by the compiled clock; it is not changed.
        inner: who decides there after the first slot.
    """

    def __init__(self, world: World, inner: Inner) -> None:
        self._world, self._inner = world, inner
        self._fork: World | None = None
        self._handles: Handles | None = None
        self._results, self._slots = new_results(1), np.zeros(1, np.int64)

    def outlook(self, slot: int, tail: Tail) -> Outlook:
        """What comes of taking ``slot`` now if the future is ``tail``.

        Args:
            slot: of a real plan of the present decision.
            tail: begins now or before; its salt is not 0.

        Raises:
            InputError: an empty slot, a tail with the true luck, or one that does not fit; see ``fork_on``.
        """
        count = int(self._world.plans.counts[0])
        if not 0 <= slot < count:
            raise InputError("slot", slot, f"a real plan, 0 to {count - 1}", "look at slots that the mask allows")
        if tail.rules["salt"][0] == 0:
            raise InputError("tail salt", 0, "other luck than the true one", "cut the tail with another salt")
        fork = self._fork = fork_on(self._world, tail, self._fork)
        self._inner.prepare(fork)
        fork.hidden.counters["is_describing"] = 0
        before = fork.totals.copy()
        if self._handles is None:
            self._handles = Handles([fork])
        else:
            self._handles.put(0, fork)
        self._slots[0] = slot
        while True:
            self._handles.play(self._slots, self._results, self._inner)
            if self._results[0][0] == OVER:
                break
            following = self._handles.attend(self._results)
            self._slots[0] = DECIDE if following is None else following[0]
        clock, stock = fork.seen.clock[0], fork.seen.stock
        names = ("cost", "lateness", "carbon")
        weights = np.array([clock[f"weight_{name}_permille"] for name in names])[list(OBJECTIVE_OF_PART)] / 1000
        booked = float(weights @ (fork.totals - before))
        return Outlook(booked, stock["on_hand_units"] - stock["allocated_units"])
