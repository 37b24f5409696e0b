"""Agents on traces, each pair once: in this process or in several, with the same results in the same order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from agents.registry import FORECASTERS, load_agent
from envs.costs import MILLICENTS
from envs.protocol import Agent
from envs.simulation import simulate
from experiments.cell import Cell, Contestant, cell_id, identity_in, read_cells
from experiments.jobs import at_once
from experiments.portrait import portrait_of
from experiments.record import append_line
from experiments.settings import ScenarioChoice
from experiments.statistics import tail_mean
from experiments.traces import TraceSource, scenario_of
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.registry import load_scenario
from scenarios.seeds import TEST
from scenarios.trace import Trace

Weights = tuple[float, float, float]


@dataclass(frozen=True)
class Match:
    """What is played.

    Attributes:
        source: the traces.
        agents: who plays each of them.
        clock: ``compiled`` or ``simpy``.
        weights: preference weights shown to the agents.
    """

    source: TraceSource
    agents: tuple[Contestant, ...]
    clock: str = "compiled"
    weights: Weights = (1.0, 1.0, 1.0)

    @property
    def num_cells(self) -> int:
        """Agents times traces."""
        return len(self.agents) * len(self.source)


def play(match: Match, cells_path: Path, on_cell: Callable[[Cell, bool], None], workers: int = 1) -> list[Cell]:
    """Plays all that ``cells_path`` does not hold yet and adds it there cell by cell.

    Args:
        match: what is played.
        cells_path: a ``cells.jsonl``, created if missing.
        on_cell: called for every cell, with True if it was taken from the file.
        workers: processes; with more than one, cells arrive in any order.

    Returns:
        All cells, by trace, then agent.
    """
    stored = {cell.id: cell for cell in read_cells(cells_path)}
    found: dict[tuple[int, str], Cell] = {}
    order = {contestant.identity: position for position, contestant in enumerate(match.agents)}
    positions = range(len(match.source))
    finished = _in_turn(match, positions, stored) if workers == 1 else _at_once(match, positions, stored, workers)
    for cell in finished:
        is_stored = cell.id in stored
        if is_stored:  # labels and positions belong to this match, results to the cell
            kept = stored[cell.id]
            cell = replace(cell, metrics=kept.metrics, portrait=kept.portrait or cell.portrait)
        else:
            append_line(cells_path, cell.row())
        found[cell.position, cell.identity] = cell
        on_cell(cell, is_stored)
    return [found[key] for key in sorted(found, key=lambda key: (key[0], order[key[1]]))]


def _in_turn(match: Match, positions: Sequence[int], stored: Collection[str]) -> Iterator[Cell]:
    for position in positions:
        yield from play_trace(match, position, frozenset(stored))


def _at_once(match: Match, positions: Sequence[int], stored: Collection[str], workers: int) -> Iterator[Cell]:
    """One trace a job."""
    jobs = ((match, position, frozenset(stored)) for position in positions)
    for cells in at_once(_whole_trace, jobs, workers):
        yield from cells


def _whole_trace(match: Match, position: int, stored: frozenset[str]) -> list[Cell]:
    return list(play_trace(match, position, stored))


def play_trace(match: Match, position: int, stored: frozenset[str]) -> Iterator[Cell]:
    """All agents on one trace; a cell whose id is in ``stored`` is not simulated and has no metrics."""
    trace = match.source.load(position)
    sha256 = trace.sha256
    for contestant in match.agents:
        cell = Cell(
            id=cell_id(identity_in(contestant, match.source.scenario), sha256, match.clock, match.weights),
            agent=contestant.label,
            identity=contestant.identity,
            position=position,
            seed=trace.seed,
            trace_sha256=sha256,
            num_orders=trace.num_orders,
            metrics={},
        )
        if cell.id not in stored:
            cell = _played(cell, trace, agent_of(contestant, match.source.scenario), match)
        yield cell


def _played(cell: Cell, trace: Trace, agent: Agent, match: Match) -> Cell:
    warm_up(match.clock)
    if not trace.num_orders:
        raise InputError(f"trace {cell.position}", "0 orders", "at least one order", "take another seed or more orders")
    began = time.perf_counter()
    simulation = simulate(trace, agent, match.clock, level="none", weights=match.weights)
    seconds = time.perf_counter() - began
    world = simulation.world
    costs = world.hidden.order_costs.sum(axis=1) / MILLICENTS
    is_measured = world.future.orders["arrival_seconds"] >= world.network.settings["warmup_seconds"][0]
    metrics = {name: float(value) for name, value in simulation.metrics.items()}
    metrics["tail_cost_per_order"] = tail_mean(costs[is_measured] if is_measured.any() else costs)
    metrics["ms_per_decision"] = 1000 * seconds / max(1.0, metrics["num_decisions"])
    return replace(cell, metrics=metrics, portrait=portrait_of(simulation) if cell.position == 0 else None)


def agent_of(contestant: Contestant, choice: ScenarioChoice) -> Agent:
    """The agent, loaded once a process; ``choice`` is whose past a router forecasts from."""
    return _agent(contestant.spec, contestant.identity, choice.name, json.dumps(choice.overrides, sort_keys=True))


@lru_cache(maxsize=16)
def _agent(spec: str, identity: str, scenario: str, overrides: str) -> Agent:
    if spec not in FORECASTERS:
        return load_agent(spec)
    return load_agent(spec, scenario_of(ScenarioChoice(scenario, json.loads(overrides))))


@lru_cache(maxsize=2)
def warm_up(clock: str) -> float:
    """Compiles or loads the rules, once a process, so that no timing contains it; returns its seconds."""
    began = time.perf_counter()
    simulate(draw_trace(load_scenario("tiny"), TEST.start), load_agent("nearest"), clock, level="none")
    return time.perf_counter() - began
