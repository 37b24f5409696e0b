"""``simulate``: one trace, one agent, one clock; out come event log, ledger and metrics."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from envs.log import event_table, ledger_table
from envs.metrics import Metrics, measure
from envs.protocol import Agent, pricer_of
from envs.snapshot import Snapshot
from envs.world import World
from scenarios.errors import InputError, unknown_name
from scenarios.trace import Trace

if TYPE_CHECKING:
    import pyarrow as pa

    from envs.compiled_clock import CompiledClock
    from envs.lookahead import Lookahead
    from envs.simpy_clock import Process, SimpyClock

CLOCKS = ("simpy", "compiled")


@dataclass(frozen=True)
class Simulation:
    """A finished simulation.

    Attributes:
        world: the final state.
        metrics: key figures, see ``envs.metrics.measure``.
    """

    world: World
    metrics: Metrics

    @cached_property
    def events(self) -> pa.Table:
        """The event log, ``envs.log.EVENT_COLUMNS``, int64; empty unless level is ``events``."""
        return event_table(self.world.hidden)

    @cached_property
    def ledger(self) -> pa.Table:
        """The ledger, ``envs.log.LEDGER_COLUMNS``, int64; empty if level is ``none``."""
        return ledger_table(self.world.hidden)


def make_clock(world: World, clock: str, processes: Sequence[Process] = ()) -> SimpyClock | CompiledClock:
    """A clock for ``world`` by name.

    Raises:
        InputError: unknown name, or custom processes on the compiled clock.
    """
    if clock == "simpy":
        from envs.simpy_clock import SimpyClock

        return SimpyClock(world, processes)
    if clock == "compiled":
        if processes:
            raise InputError("clock", clock, "'simpy' with custom processes", "pass clock='simpy'")
        from envs.compiled_clock import CompiledClock

        return CompiledClock(world)
    raise unknown_name("clock", clock, CLOCKS)


def _lookahead(world: World, agent: Agent, clock: str) -> Lookahead:
    from envs.lookahead import Lookahead

    if clock != "compiled":
        expected = "'compiled' for an agent that looks ahead"
        raise InputError("clock", clock, expected, f"SimPy's processes cannot be copied for {agent.name!r}")
    return Lookahead(world, agent.base)  # type: ignore[attr-defined]


def world_for(trace: Trace, agent: Agent, level: str, weights: tuple[float, float, float]) -> World:
    """A world at second 0 as an agent wants it: its bid prices are filled, its features made."""
    return World(trace, level, weights, agent.pricing, agent.needs_features, pricer_of(agent))


@contextmanager
def rare_collections() -> Iterator[None]:
    """Lets Python look for cyclic garbage less often: processes make many objects, and few of them are cycles.

    Measured: a sixth of the SimPy clock's time went into looking.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def simulate(
    trace: Trace,
    agent: Agent,
    clock: str = "compiled",
    *,
    level: str = "events",
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    processes: Sequence[Process] = (),
) -> Simulation:
    """Plays ``trace`` to its end with ``agent`` deciding: inside the compiled loop if it can, else asked from Python.

    Args:
        trace: what happens.
        agent: who decides.
        clock: ``"simpy"`` or ``"compiled"``; both give the same result, row for row.
        level: what is logged: ``none``, ``ledger`` or ``events``.
        weights: preference weights (cost, lateness, carbon) shown to the agent; the ledger is unweighted.
        processes: custom SimPy processes, each a function of the clock.

    Raises:
        InputError: unknown clock or level, an agent that chose an empty slot, a pricer that gave no prices.
    """
    world = world_for(trace, agent, level, weights)
    player = make_clock(world, clock, processes)
    inner = getattr(agent, "inner", None)
    agent.start(world.network)
    if clock == "compiled" and inner is not None:
        from envs.loop import play_alone

        play_alone(world, inner)
        return Simulation(world, measure(world))
    if hasattr(agent, "look_ahead"):
        agent.look_ahead(_lookahead(world, agent, clock))
    snapshot = Snapshot(world.network, world.seen, world.plans)
    count = world.plans.counts
    with rare_collections():
        is_due = player.start()
        while is_due:
            slot = agent.choose(snapshot)
            if not 0 <= slot < count[0]:
                raise InputError(
                    f"slot of decision {snapshot.decision_id}",
                    slot,
                    f"a real plan, 0 to {count[0] - 1}",
                    f"agent {agent.name!r} must obey snapshot.mask()",
                )
            is_due = player.answer(slot)
    return Simulation(world, measure(world))
