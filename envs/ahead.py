"""What the next episodes need, made in a thread of its own while present ones are played."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from scenarios.seeds import require_training_seed

T = TypeVar("T")


class Ahead(Generic[T]):
    """Draws training traces, or makes more of them, before they are needed.

    What is made follows from its seed, so who makes it when changes nothing.

    Args:
        make: what a seed is made into; kept in pickles.
        num_users: how often each is taken before it is forgotten.
    """

    def __init__(self, make: Callable[[int], T], num_users: int = 1) -> None:
        self._make, self._num_users = make, num_users
        self._num_taken: dict[int, int] = {}
        self._made: dict[int, Future[T]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def prepare(self, seed: int) -> None:
        """Begins to make what belongs to a training seed, unless it has been made or begun."""
        require_training_seed(seed)
        if seed not in self._made:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "ahead")
            self._made[seed] = self._pool.submit(self._make, seed)

    def take(self, seed: int) -> T:
        """What belongs to a training seed, made now unless it was prepared."""
        require_training_seed(seed)
        made = self._made.get(seed)
        if made is None or made.cancel():
            made = Future()
            made.set_result(self._make(seed))
            self._made[seed] = made
        self._num_taken[seed] = self._num_taken.get(seed, 0) + 1
        if self._num_taken[seed] == self._num_users:
            del self._made[seed], self._num_taken[seed]
        return made.result()

    def close(self) -> None:
        """Forgets what was prepared."""
        for made in self._made.values():
            made.cancel()
        self._made.clear()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": {}, "_pool": None}
