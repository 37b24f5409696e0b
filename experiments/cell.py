"""One agent on one trace: the unit that is computed, recorded and never computed twice."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import agents.registry
from agents.bundle_folder import check_bundle_folder
from agents.forecast.history import digest_of
from agents.registry import FORECASTERS, HEURISTICS, MANIFEST, load_agent
from envs.compiling import source_hash
from envs.protocol import Agent
from experiments.record import read_lines
from experiments.settings import ScenarioChoice
from experiments.traces import has_past, scenario_of
from scenarios.errors import InputError
from scenarios.scenario import Scenario

CELLS = "cells.jsonl"
ROLLOUT = "rollout"
"""The router that plays futures of the simulation itself."""
TIMINGS = ("ms_per_decision",)
"""Metrics that differ from run to run on the same machine."""


@dataclass(frozen=True)
class Contestant:
    """An agent as it takes part.

    Attributes:
        spec: name or bundle folder, for ``load_agent``.
        label: shown in tables, unique.
        identity: what it is: a heuristic's name, or a bundle's SHA-256.
        is_policy: whether it is a bundle.
    """

    spec: str
    label: str
    identity: str
    is_policy: bool


def contestants(specs: tuple[str, ...], has_scenario: bool = True) -> list[Contestant]:
    """Loads each agent once, so that a bad name or bundle is refused before anything is simulated.

    Args:
        specs: names, bundle folders, or ``heuristics`` for all names of these.
        has_scenario: whether there is a scenario for routers that forecast.

    Raises:
        InputError: an unknown name, an unsound bundle, the same agent twice, none, or a router that forecasts
            without a scenario.
    """
    found: list[Contestant] = []
    for spec in itertools.chain.from_iterable(HEURISTICS if spec == "heuristics" else (spec,) for spec in specs):
        if spec in FORECASTERS and has_scenario:
            identity = label = spec  # made where it plays: its past takes seconds
        else:
            if spec not in HEURISTICS and ("/" in spec or Path(spec).exists()):
                check_bundle_folder("agents", spec)
            agent = load_agent(spec)
            identity, label = identity_of(spec, agent), agent.name
        if any(identity == other.identity for other in found):
            raise InputError("agents", spec, "each agent once", "remove the second one")
        label = _unique(label, Path(spec), {other.label for other in found})
        found.append(Contestant(spec, label, identity, spec not in HEURISTICS | FORECASTERS))
    if not found:
        raise InputError("agents", list(specs), "at least one agent", "name one, or heuristics for all of them")
    return found


def check_forecasters(key: str, taking_part: Iterable[Contestant], scenario: Scenario, clock: str) -> None:
    """Refuses routers that forecast where they cannot, before anything is simulated.

    Args:
        key: of the setting that names them.
        taking_part: all routers.
        scenario: on which they are to play.
        clock: ``compiled`` or ``simpy``.

    Raises:
        InputError: there is no past to forecast from, or no clock on which futures can be played.
    """
    for router in taking_part:
        if router.spec in FORECASTERS and not has_past(scenario):
            expected = (
                f"a router that does not forecast: {scenario.id} has had the orders that are played, and no others"
            )
            raise InputError(key, router.spec, expected, "leave it out, or take a scenario whose demand is a model")
        if router.spec == ROLLOUT and clock != "compiled":
            raise InputError(key, router.spec, "the compiled clock, on which it plays futures", "set env=compiled")


def _unique(label: str, path: Path, taken: set[str]) -> str:
    """With as much of its path as tells it from others of the same name; the whole path always does."""
    found, depth = label, 2
    while found in taken:
        found, depth = f"{label} ({'/'.join(path.parts[-depth:])})", depth + 1
    return found


def identity_of(spec: str, agent: Agent) -> str:
    """A heuristic's name; the hash of a bundle's manifest, which seals all its files."""
    if spec in HEURISTICS:
        return spec
    return f"{agent.name}:{hashlib.sha256((Path(spec) / MANIFEST).read_bytes()).hexdigest()}"


@dataclass(frozen=True)
class Cell:
    """Result of one agent on one trace.

    Attributes:
        id: hash of what the result follows from; see ``cell_id``.
        agent: the contestant's label.
        identity: the contestant's identity.
        position: of the trace.
        seed: of the trace; -1 for an order log read as it is.
        trace_sha256: of the trace.
        num_orders: of the trace, warm-up included.
        metrics: ``envs.metrics.measure``, and ``tail_cost_per_order`` and ``ms_per_decision``.
        portrait: ``experiments.portrait.portrait_of``, of the first trace only.
    """

    id: str
    agent: str
    identity: str
    position: int
    seed: int
    trace_sha256: str
    num_orders: int
    metrics: dict[str, float]
    portrait: dict[str, Any] | None = None

    def row(self) -> dict[str, Any]:
        """As one JSON line."""
        return asdict(self)


def identity_in(contestant: Contestant, choice: ScenarioChoice) -> str:
    """What plays: the contestant, and for a router that forecasts also all that its past follows from.

    Overrides alone do not tell what a scenario that is read from files says, hence the hash.
    """
    if contestant.spec not in FORECASTERS:
        return contestant.identity
    scenario = scenario_of(choice)
    return ":".join(
        (contestant.identity, scenario.id, json.dumps(choice.overrides, sort_keys=True), digest_of(scenario))
    )


def cell_id(identity: str, trace_sha256: str, clock: str, weights: tuple[float, float, float]) -> str:
    """Hash of agent, trace, clock, weights, rules and agents' code: the same id, the same result."""
    facts = [identity, trace_sha256, clock, list(weights), source_hash(), _agents_hash()]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]


@lru_cache(maxsize=1)
def _agents_hash() -> str:
    """Hash over the code that decides; a heuristic's name alone does not say what it does."""
    return code_hash(Path(agents.registry.__file__).parent)


def code_hash(folder: Path) -> str:
    """Hash over the Python files of a folder, each with its place in it."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def read_cells(path: Path) -> Iterator[Cell]:
    """Cells of a ``cells.jsonl``; lines of another shape are skipped."""
    names = {field.name for field in fields(Cell)}
    for row in read_lines(path):
        if names == set(row):
            yield Cell(**row)
