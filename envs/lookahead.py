"""Looking ahead: what a router that rolls out may do, and no more.

It learns what a slot would lead to in futures that it names itself. Of the true future nothing is in them: whatever is
under way is given other luck (``envs.fork.fork_on``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from envs.costs import OBJECTIVE_OF_PART
from envs.forks import Forks
from envs.inner import Inner
from envs.tail import Tail
from envs.world import World
from scenarios.errors import InputError


class Outlooks(NamedTuple):
    """What slots led to on tails.

    Attributes:
        millicents: float (slots, tails): booked from now to the tail's end, at the preference weights.
        units: int64 (slots, tails, W, K) available to promise then.
    """

    millicents: np.ndarray
    units: np.ndarray


class Lookahead:
    """Plays slots of the present decision on in other futures.

    Args:
        world: played by the compiled clock; it is not changed.
        inner: who decides there after the first slot.
    """

    def __init__(self, world: World, inner: Inner) -> None:
        self._world, self._forks = world, Forks(world, inner)

    def outlooks(self, slots: Sequence[int], tails: Sequence[Tail]) -> Outlooks:
        """What comes of taking each of ``slots`` now if the future is each of ``tails``.

        Args:
            slots: of real plans of the present decision.
            tails: at least one; they begin now or before, and their salts are not 0.

        Raises:
            InputError: an empty slot, a tail with the true luck, or one that does not fit; see ``fork_on``.
        """
        count, clock = int(self._world.plans.counts[0]), self._world.seen.clock[0]
        for slot in slots:
            if not 0 <= slot < count:
                raise InputError("slot", slot, f"a real plan, 0 to {count - 1}", "look at slots that the mask allows")
        for tail in tails:
            if tail.rules["salt"][0] == 0:
                raise InputError("tail salt", 0, "other luck than the true one", "cut the tail with another salt")
        names = ("cost", "lateness", "carbon")
        weights = np.array([clock[f"weight_{name}_permille"] for name in names])[list(OBJECTIVE_OF_PART)] / 1000
        millicents = np.zeros((len(slots), len(tails)))
        units = np.zeros((*millicents.shape, *self._world.seen.stock.shape), np.int64)
        for row, slot in enumerate(slots):
            for column, fork in enumerate(self._forks.play(slot, tails)):
                millicents[row, column] = weights @ (fork.totals - self._world.totals)
                stock = fork.seen.stock
                np.subtract(stock["on_hand_units"], stock["allocated_units"], out=units[row, column])
        return Outlooks(millicents, units)
