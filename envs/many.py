"""``simulate_many``: one agent on many traces, on as many cores as asked; their number changes no result."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np

from envs.batch import Batch, choose_for_all
from envs.inner import Inner
from envs.loop import play_alone
from envs.metrics import measure
from envs.protocol import Agent
from envs.simulation import Simulation, simulate, world_for
from envs.world import World
from scenarios.errors import InputError
from scenarios.trace import Trace

BATCH_SIZE = 64
"""Replications that wait for one choice of an agent that decides for a whole batch."""


def simulate_many(
    traces: Iterable[Trace],
    agent: Agent,
    *,
    level: str = "none",
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    num_workers: int = 1,
    batch_size: int = BATCH_SIZE,
) -> list[Simulation]:
    """Plays every trace to its end with ``agent`` deciding, on the compiled clock.

    An agent with a form inside the compiled loop is played there, a whole trace a call. One that decides for a whole
    batch is asked for ``batch_size`` replications at once. Any other plays one trace after the other.

    Args:
        traces: what happens; may be drawn one by one as they are asked for.
        agent: who decides.
        level: what is logged: ``none``, ``ledger`` or ``events``.
        weights: preference weights (cost, lateness, carbon).
        num_workers: threads; changes nothing but the time it takes.
        batch_size: replications side by side; the last bits of a network's scores may depend on it.

    Returns:
        The simulations, in the order of the traces.
    """
    return list(
        simulations(traces, agent, level=level, weights=weights, num_workers=num_workers, batch_size=batch_size)
    )


def simulations(
    traces: Iterable[Trace],
    agent: Agent,
    *,
    level: str = "none",
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    num_workers: int = 1,
    batch_size: int = BATCH_SIZE,
) -> Iterator[Simulation]:
    """As ``simulate_many``, but gives each simulation in its turn, so that only a few are in memory at once."""
    for name, value in (("num_workers", num_workers), ("batch_size", batch_size)):
        if value < 1:
            raise InputError(name, value, "at least 1", "leave it out")

    worlds = (world_for(trace, agent, level, weights) for trace in traces)
    inner = getattr(agent, "inner", None)
    if inner is not None:
        yield from _inside(worlds, agent, inner, num_workers)
    elif getattr(agent, "choose_batch", None) is not None:
        yield from _side_by_side(worlds, agent, num_workers, batch_size)
    else:
        for trace in traces:
            yield simulate(trace, agent, level=level, weights=weights)


def _inside(worlds: Iterable[World], agent: Agent, inner: Inner, num_workers: int) -> Iterator[Simulation]:
    """Whole traces inside the loop, one a thread."""

    def play(world: World) -> Simulation:
        play_alone(world, inner)
        return Simulation(world, measure(world))

    with ThreadPoolExecutor(num_workers) as pool:
        playing: deque[Future[Simulation]] = deque()
        for world in worlds:
            agent.start(world.network)
            playing.append(pool.submit(play, world))
            if len(playing) > 2 * num_workers:
                yield playing.popleft().result()
        while playing:
            yield playing.popleft().result()


def _side_by_side(worlds: Iterator[World], agent: Agent, num_workers: int, batch_size: int) -> Iterator[Simulation]:
    """A row that has come to its end takes the next trace."""
    first = list(islice(worlds, batch_size))
    if not first:
        return
    for world in first:
        agent.start(world.network)
    batch = Batch(first, num_workers)
    number_in = np.arange(len(first))  # NONE once nothing is left for a row
    num_begun, num_told = len(first), 0
    done: dict[int, Simulation] = {}
    try:
        while (number_in >= 0).any():
            following: dict[int, World] = {}
            for row in np.flatnonzero(~batch.is_due() & (number_in >= 0)).tolist():
                world = batch.release(row)
                done[int(number_in[row])] = Simulation(world, measure(world))
                number_in[row] = -1
                for world in islice(worlds, 1):
                    agent.start(world.network)
                    following[row], number_in[row] = world, num_begun
                    num_begun += 1
            if following:
                batch.begin(following)
            elif batch.is_due().any():
                batch.step(choose_for_all(agent, batch.snapshot()))
            while num_told in done:
                yield done.pop(num_told)
                num_told += 1
    finally:
        batch.close()
