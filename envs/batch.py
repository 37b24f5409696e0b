"""Many replications side by side: what routers are shown of all of them lies in one array each, nothing is copied.

Row i of every array is the plan table of replication i itself. Threads share the replications of a step; each is
played by the same rules whoever plays it, so results do not depend on the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from envs.inner import NOBODY
from envs.loop import BEGIN, DUE, SKIP, Handles, new_results
from envs.plan_table import COUNT_PLANS, MAX_PLANS, new_plans, scratch_of
from envs.protocol import Agent
from envs.snapshot import Snapshot
from envs.world import World
from scenarios.errors import InputError

SHOWN = ("counts", "slots", "costs", "rules", "features", "context")
"""Arrays of a plan table that a batch keeps for all replications together.

Scratch space is kept once for all rows that one worker plays in a row: it stays in the caches, and is
most of what the making of a table touches.
"""

_SHARES, _LEAST_ROWS = 4, 16
"""Parts into which the rows are cut for each worker: who is done early takes another. Rows of a part at least."""


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


class BatchSnapshot:
    """What a router is shown of a whole batch: live read-only views; copy what must outlast the decisions.

    Attributes:
        features: float32 (R, K, NUM_FEATURES); zeros unless features are made.
        context: float32 (R, NUM_CONTEXT).
        rules: int64 (R, K, NUM_RULES).
        costs: int64 (R, K, NUM_PARTS) expected millicents.
        slots: (R, K) of ``envs.plan_table.SLOTS``.
        num_plans: int64 (R,), 1 where no decision is due.
        decision_ids: int64 (R,), each in its own episode.
        is_due: bool (R,); the choice for other rows is not looked at.
    """

    __slots__ = ("_batch", "context", "costs", "decision_ids", "features", "is_due", "num_plans", "rules", "slots")

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.features, self.context = _read_only(batch.features), _read_only(batch.context)
        self.rules, self.costs, self.slots = map(_read_only, (batch.rules, batch.costs, batch.slots))
        self.is_due = batch.is_due()
        self.num_plans, self.decision_ids = batch.num_plans(), batch.decision_ids.copy()

    def __len__(self) -> int:
        return len(self.num_plans)

    def masks(self) -> np.ndarray:
        """bool (R, K): which slots are real."""
        return np.arange(MAX_PLANS) < self.num_plans[:, None]

    def row(self, i: int) -> Snapshot:
        """What a router is shown of replication i alone."""
        world = self._batch.worlds[i]
        return Snapshot(world.network, world.seen, world.plans)


def choose_for_all(agent: Agent, snapshot: BatchSnapshot) -> np.ndarray:
    """Slots int64 (R,) of an agent: for the whole batch at once if it can, else one by one.

    Raises:
        InputError: an empty slot where a decision is due.
    """
    choose_batch = getattr(agent, "choose_batch", None)
    if choose_batch is not None:
        slots = np.asarray(choose_batch(snapshot), np.int64)
    else:
        slots = np.zeros(len(snapshot), np.int64)
        for i in np.flatnonzero(snapshot.is_due).tolist():
            slots[i] = agent.choose(snapshot.row(i))
    is_wrong = snapshot.is_due & ((slots < 0) | (slots >= snapshot.num_plans))
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise InputError(
            f"slot of decision {snapshot.decision_ids[row]} in row {row}",
            int(slots[row]),
            f"a real plan, 0 to {snapshot.num_plans[row] - 1}",
            f"agent {agent.name!r} must obey snapshot.masks()",
        )
    return slots


class Batch:
    """Replications that are stepped together.

    Args:
        worlds: at second 0, one or more; each is played to its first decision.
        num_workers: threads that share the work.

    Attributes:
        worlds: the replications, by row.
        decision_ids: int64 (R,).
        num_arrived: int64 (R,) orders.
        totals: int64 (R, NUM_PARTS) millicents booked so far.
        counts, slots, costs, rules, features, context: the plan tables, see ``SHOWN``; leading axis R.
    """

    counts: np.ndarray
    slots: np.ndarray
    costs: np.ndarray
    rules: np.ndarray
    features: np.ndarray
    context: np.ndarray

    def __init__(self, worlds: list[World], num_workers: int = 1) -> None:
        if num_workers < 1:
            raise InputError("num_workers", num_workers, "at least 1", "leave it out")
        size = len(worlds)
        self.num_workers = num_workers
        num_shares = 1
        if num_workers > 1:
            num_shares = min(size, max(num_workers, min(_SHARES * num_workers, size // _LEAST_ROWS)))
        self._shares = list(pairwise(np.linspace(0, size, num_shares + 1).astype(int).tolist()))
        self._results = new_results(size)
        self._pool: ThreadPoolExecutor | None = None
        self._place(worlds)
        self._play(np.full(size, BEGIN, np.int64))

    @property
    def worlds(self) -> list[World]:
        """The replications, by row."""
        return self._handles.worlds

    @property
    def decision_ids(self) -> np.ndarray:
        """int64 (R,) number of the decision in its episode."""
        return self._results[1][:, 0]

    @property
    def num_arrived(self) -> np.ndarray:
        """int64 (R,) orders that have arrived."""
        return self._results[1][:, 1]

    @property
    def totals(self) -> np.ndarray:
        """int64 (R, NUM_PARTS) millicents booked so far."""
        return self._results[2]

    def is_due(self) -> np.ndarray:
        """bool (R,): where a decision is due; the others have come to their end."""
        return self._results[0] == DUE

    def num_plans(self) -> np.ndarray:
        """int64 (R,) real plans, 1 where no decision is due."""
        return np.where(self.is_due(), self.counts[:, COUNT_PLANS], 1)

    def snapshot(self) -> BatchSnapshot:
        """What a router is shown now."""
        return BatchSnapshot(self)

    def step(self, slots: np.ndarray) -> None:
        """Carries out a slot in every row where a decision is due, and plays each to its next decision.

        Args:
            slots: int64 (R,), real ones or ``SKIP``; those of rows where nothing is due are not looked at.
        """
        self._play(np.where(self.is_due(), slots, SKIP))

    def begin(self, worlds: Mapping[int, World]) -> None:
        """Replaces the replications of some rows; the new ones are played to their first decisions."""
        slots = np.full(len(self.worlds), SKIP, np.int64)
        for row, world in worlds.items():
            self.release(row)
            self._adopt(row, world)
            self._handles.put(row, world)
            slots[row] = BEGIN
        self._play(slots)

    def release(self, row: int) -> World:
        """The replication of a row with arrays of its own, so that it outlasts its place."""
        world = self.worlds[row]
        own = {name: getattr(world.plans, name).copy() for name in SHOWN}
        world.plans = world.plans._replace(**own, **scratch_of(new_plans(world.network)))
        world.rebind()
        return world

    def close(self) -> None:
        """Sends the workers home."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def __getstate__(self) -> dict[str, Any]:
        state = {
            name: value
            for name, value in self.__dict__.items()
            if name not in (*SHOWN, "_handles", "_pool", "_scratch")
        }
        return {**state, "worlds": self.worlds}

    def __setstate__(self, state: dict[str, Any]) -> None:
        worlds = state.pop("worlds")
        self.__dict__.update(state, _pool=None)
        self._place(worlds)

    def _place(self, worlds: list[World]) -> None:
        """Makes the arrays of all."""
        self._scratch: dict[int, dict[str, np.ndarray]] = {}
        for name in SHOWN:
            of_one = getattr(worlds[0].plans, name)
            setattr(self, name, np.zeros((len(worlds), *of_one.shape), of_one.dtype))
        for row, world in enumerate(worlds):
            self._adopt(row, world)
        self._handles = Handles(worlds)

    def _adopt(self, row: int, world: World) -> None:
        """A world's plan table moves into the arrays of all, its scratch space to that of its share."""
        views = {}
        for name in SHOWN:
            views[name] = getattr(self, name)[row]
            views[name][...] = getattr(world.plans, name)
        share = next(i for i, (first, last) in enumerate(self._shares) if first <= row < last)
        scratch = self._scratch.setdefault(share, scratch_of(world.plans))
        if len(scratch["priced"]) >= len(world.plans.priced):
            views |= scratch
        world.plans = world.plans._replace(**views)
        world.rebind()

    def _play(self, slots: np.ndarray) -> None:
        going: np.ndarray | None = slots
        while going is not None:
            self._share(going)
            going = self._handles.attend(self._results)

    def _share(self, slots: np.ndarray) -> None:
        if len(self._shares) == 1:
            self._handles.play(slots, self._results, NOBODY)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.num_workers - 1, "replications")
        shares = iter(list(self._shares))  # the next one to whoever is free

        def work(mine: Iterator[tuple[int, int]] = shares) -> None:
            for first, last in mine:
                self._handles.play(slots, self._results, NOBODY, first, last)

        helpers = [self._pool.submit(work) for _ in range(self.num_workers - 1)]
        work()
        for helper in helpers:
            helper.result()
