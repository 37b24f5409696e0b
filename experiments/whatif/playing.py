"""Plays a study: in this process or in several, with the same outcomes in the same order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from envs.protocol import Agent
from envs.simulation import simulate
from experiments.cell import cell_id, identity_in
from experiments.evaluation import agent_of, warm_up
from experiments.jobs import at_once
from experiments.record import append_line
from experiments.whatif.changed_source import ChangedSource
from experiments.whatif.order_table import OrderTable
from experiments.whatif.outcome import Outcome, read_outcomes
from experiments.whatif.reading import figures_of, orders_of
from experiments.whatif.study import Entry, Study, Weights
from experiments.whatif.witness import Witness
from scenarios.errors import InputError
from scenarios.trace import Trace

CELLS, ORDERS = "cells.jsonl", "orders"
MANY_ORDERS = 50
"""Where one replication has more, none is taken to be empty (assumption)."""
DRILLED_POSITION = 0
"""The replication whose orders are kept one by one, for the entry's first router."""


@dataclass(frozen=True)
class Job:
    """One variant on one replication: the trace is drawn once for all its routers.

    Attributes:
        source: traces of the variant.
        entry: the variant and its routers.
        position: of the replication.
        clock: ``compiled`` or ``simpy``.
        weights: shown to the routers.
        folder: of the run; order tables are written there.
        stored: ids of outcomes that need no simulation.
    """

    source: ChangedSource
    entry: Entry
    position: int
    clock: str
    weights: Weights
    folder: Path
    stored: frozenset[str]


def orders_path(folder: Path, cell: str) -> Path:
    """Where the order table of an outcome lies."""
    return folder / ORDERS / f"{cell}.npz"


def _is_whole(path: Path) -> bool:
    """Whether an order table is there and can be read: a power cut may have left a part of it."""
    try:
        OrderTable.load(path)
    except InputError:
        return False
    return True


def play(study: Study, folder: Path, on_outcome: Callable[[Outcome, bool], None], workers: int = 1) -> list[Outcome]:
    """Plays all that ``folder`` does not hold yet and adds it there, outcome by outcome.

    Args:
        study: what is played.
        folder: of the run.
        on_outcome: called for every outcome, with True if it was there already.
        workers: processes; with more than one, outcomes arrive in any order.

    Returns:
        All outcomes, by variant, router and replication.
    """
    path = folder / CELLS
    stored = {outcome.id: outcome for outcome in read_outcomes(path)}
    jobs = [
        Job(study.source(entry.variant), entry, position, study.clock, study.weights, folder, frozenset(stored))
        for position in range(len(study.seeds))
        for entry in study.entries
    ]
    found: dict[tuple[str, str, int], Outcome] = {}
    for outcome in _in_turn(jobs) if workers == 1 else _shared(jobs, workers):
        if outcome.is_empty:  # names and positions belong to this study, results to the outcome
            kept = stored[outcome.id]
            outcome = replace(outcome, metrics=kept.metrics, flows=kept.flows, busy=kept.busy, opened=kept.opened)
            on_outcome(outcome, True)
        else:
            append_line(path, outcome.row())
            on_outcome(outcome, False)
        found[outcome.key] = outcome
    return [
        found[entry.variant.name, router.label, position]
        for entry in study.entries
        for router in entry.routers
        for position in range(len(study.seeds))
    ]


def _in_turn(jobs: list[Job]) -> Iterator[Outcome]:
    for job in jobs:
        yield from play_job(job)


def _shared(jobs: list[Job], workers: int) -> Iterator[Outcome]:
    for outcomes in at_once(_whole_job, ((job,) for job in jobs), workers):
        yield from outcomes


def _whole_job(job: Job) -> list[Outcome]:
    return list(play_job(job))


def check_orders(study: Study) -> Trace:
    """Looks for replications without orders before anything is played; one with many has no sister without any.

    Returns:
        The baseline's first trace.

    Raises:
        InputError: there is one.
    """
    for entry in study.entries:
        for position in range(len(study.seeds)):
            if _drawn(study.source(entry.variant), position).num_orders > MANY_ORDERS:
                break
    return study.source(study.entries[0].variant).load(0)


def _drawn(source: ChangedSource, position: int) -> Trace:
    """The trace at ``position``, which has orders."""
    trace = source.load(position)
    if not trace.num_orders:
        raise InputError(
            f"replication {position} of variant {source.variant.name!r}",
            "0 orders",
            "at least one order",
            "leave more demand",
        )
    return trace


def play_job(job: Job) -> Iterator[Outcome]:
    """All routers of the variant on the replication; what is stored already comes without figures."""
    trace = _drawn(job.source, job.position)
    sha256 = trace.sha256
    for number, router in enumerate(job.entry.routers):
        outcome = Outcome(
            id=cell_id(identity_in(router, job.source.scenario), sha256, job.clock, job.weights),
            variant=job.entry.variant.name,
            router=router.label,
            position=job.position,
            seed=trace.seed,
            trace_sha256=sha256,
            num_orders=trace.num_orders,
            metrics={},
            flows=[],
            busy=[],
            opened=[],
        )
        is_drilled = number == 0 and job.position == DRILLED_POSITION and not job.entry.is_sensitivity
        has_orders = not is_drilled or _is_whole(orders_path(job.folder, outcome.id))
        if outcome.id in job.stored and has_orders:
            yield outcome
        else:
            agent = agent_of(router, job.source.scenario)
            yield _played(outcome, trace, agent, job, is_drilled)


def _played(outcome: Outcome, trace: Trace, agent: Agent, job: Job, is_drilled: bool) -> Outcome:
    warm_up(job.clock)
    witness = Witness(agent, trace.num_orders, len(trace.names.warehouses)) if is_drilled else None
    simulation = simulate(trace, witness or agent, job.clock, level="none", weights=job.weights)
    if witness is not None:
        orders_of(simulation, witness).save(orders_path(job.folder, outcome.id))
    return replace(outcome, **figures_of(simulation))
