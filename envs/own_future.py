"""A future of its own: the memory that a fork on a tail has beside its state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.tail import Tail
from scenarios.trace import FUTURE_DTYPES, Future

_OF_TAILS = ("orders", "lines", "receipts", "outages", "regimes")


class OwnFuture(NamedTuple):
    """Arrays that may be written to: what has been seen, behind it a tail, and rows to spare."""

    orders: np.ndarray
    lines: np.ndarray
    receipts: np.ndarray
    outages: np.ndarray
    regimes: np.ndarray
    suppliers: np.ndarray
    journeys: np.ndarray  # (parcels,) int64 seconds at which those under way end, 0 where not drawn yet
    drawn_with: np.ndarray  # (1 + S,) int64 salt and weather with which they were drawn

    def read_only(self) -> Future:
        """The same memory as a future, read-only like that of every world."""
        arrays = [getattr(self, name).view() for name in Future._fields]
        for array in arrays:
            array.flags.writeable = False
        return Future(*arrays)

    def has_room(self, future: Future, tail: Tail) -> bool:
        """Whether whatever a world may have seen fits in, and a tail behind it."""
        return all(
            len(getattr(future, name)) + len(getattr(tail, name)) <= len(getattr(self, name)) for name in _OF_TAILS
        )

    def with_parcels(self, num_parcels: int) -> OwnFuture:
        """With room for journeys of so many parcels, all of them to be drawn."""
        return self._replace(journeys=np.zeros(num_parcels, np.int64))


def new_own_future(future: Future, tail: Tail, num_parcels: int) -> OwnFuture:
    """Room for whatever a world on ``future`` may have seen, and behind it for this tail or a somewhat longer one."""
    sizes = {name: len(getattr(future, name)) for name in FUTURE_DTYPES}
    for name in _OF_TAILS:
        sizes[name] += 1 << len(getattr(tail, name)).bit_length()
    arrays = {name: np.zeros(size, FUTURE_DTYPES[name]) for name, size in sizes.items()}
    return OwnFuture(
        **arrays, journeys=np.zeros(num_parcels, np.int64), drawn_with=np.zeros(1 + len(tail.weather), np.int64)
    )
