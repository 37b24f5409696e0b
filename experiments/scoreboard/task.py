"""A task: what a cell is computed from, with an identity that contains all that decides the result."""

from __future__ import annotations

import hashlib
import inspect
import json
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from agents.forecast.history import digest_of
from agents.registry import FORECASTERS, HEURISTICS
from envs.prices import Pricing
from experiments.evaluation import Weights
from experiments.scoreboard import exported
from experiments.scoreboard.board import world_of
from experiments.scoreboard.cell import BOUND, DECISION, EVEN, PLAY, TRAINING
from experiments.scoreboard.code import code_hash, meaning_of, modules_in, rules_hash
from experiments.scoreboard.policies import LEARNER, PLAYERS, agent_of, settings_of
from experiments.scoreboard.probes import MEASURED, PRICINGS, base_in, is_remembered
from scenarios.draw import draw_trace

VERSION = 1
"""Of what is measured; raise it when ``experiments.scoreboard.work`` measures something else under the same name."""

HINDSIGHT, DEMAND_HINDSIGHT = "hindsight", "demand_hindsight"
BOUNDS = (HINDSIGHT, DEMAND_HINDSIGHT)
OPTIMUM = "optimum"
"""Plays the choices of the exact dynamic program; on ``tiny`` only."""

OPTIMAL = "experiments.scoreboard.optimal"
"""Module that plays it."""

EXPORTERS = ("agents.scoring_model", *PLAYERS)
"""Modules that decide how long an exported policy takes, with those of ``experiments.scoreboard.exported``."""

PROBERS = ("agents.priced", "agents.learned.terms")
"""Modules that decide what a probe does, besides the trace on which its unit is measured."""


@dataclass(frozen=True)
class Policy:
    """A learned policy: what it was trained on and how.

    Attributes:
        world: see ``world_of``.
        seed: of the training.
        config: a ``TrainingConfig``.
        is_conditioned: whether preferences were varied.
        training_id: of the task that trains it.
        sha256: of its file; empty as long as it is not trained.
    """

    world: str
    seed: int
    config: Any
    is_conditioned: bool = False
    training_id: str = ""
    sha256: str = ""

    @property
    def who(self) -> str:
        """Its name in cells."""
        return f"{'conditioned' if self.is_conditioned else 'learned'}@{self.world}/{self.seed}"


@dataclass(frozen=True)
class Task:
    """One thing to compute.

    Attributes:
        id: hash of all that decides the result.
        kind: see ``experiments.scoreboard.cell.Cell``.
        world: see ``world_of``.
        seed: of the trace, or of the training.
        who: a router, a bound, or a policy such as ``learned@two-tier/0``.
        weights: preferences over cost, lateness and carbon.
        trace_sha256: of the trace; empty for a training.
        policy: who plays or is trained, if it is learned.
    """

    id: str
    kind: str
    world: str
    seed: int
    who: str
    weights: Weights = EVEN
    trace_sha256: str = ""
    policy: Policy | None = None


def play_task(world: str, seed: int, who: str | Policy, weights: Weights = EVEN) -> Task:
    """A router on a trace."""
    policy = who if isinstance(who, Policy) else None
    name = who.who if isinstance(who, Policy) else who
    identity = policy_identity(policy, world) if policy else router_identity(name, world)
    if is_remembered(name, seed):
        identity = [*identity, "remembered"]
    trace = trace_hash(world, seed)
    return Task(_id(PLAY, identity, trace, list(weights)), PLAY, world, seed, name, weights, trace, policy)


def bound_task(world: str, seed: int, who: str) -> Task:
    """A bound on a trace."""
    trace = trace_hash(world, seed)
    identity = [who, code_hash(("agents.bounds.relaxation",))]
    return Task(_id(BOUND, identity, trace), BOUND, world, seed, who, trace_sha256=trace)


def decision_task(policy: Policy, seed: int) -> Task:
    """An exported policy, timed on a trace of its own world."""
    world, trace = policy.world, trace_hash(policy.world, seed)
    code = code_hash(EXPORTERS), meaning_of(inspect.getsource(exported))
    identity = _id(DECISION, policy_identity(policy, world), trace, code)
    return Task(identity, DECISION, world, seed, policy.who, EVEN, trace, policy)


def training_task(policy: Policy) -> Task:
    """The training of a policy."""
    code = code_hash((LEARNER,), ("agents", "scenarios"))
    identity = _id(TRAINING, digest_of(world_of(policy.world)), settings_of(policy.config), code)
    return Task(identity, TRAINING, policy.world, policy.seed, policy.who, policy=policy)


@lru_cache(maxsize=1 << 16)
def trace_hash(world: str, seed: int) -> str:
    """SHA-256 of a trace."""
    return draw_trace(world_of(world), seed).sha256


@lru_cache(maxsize=4096)
def router_identity(name: str, world: str) -> list[str]:
    """A router by all that decides what it does: its settings, its code, and whose past it forecasts from."""
    if name == OPTIMUM:
        modules = ("agents.bounds.dynamic_program",)
        return [name, digest_of(world_of(world)), code_hash(modules), code_hash((OPTIMAL,), ("experiments",))]
    if base_in(name):
        return _probe_identity(name, world)
    factory = (HEURISTICS | FORECASTERS)[name][0]
    settings = ""
    if isinstance(factory, partial):
        settings, factory = repr((factory.args, sorted(factory.keywords.items()))), factory.func
    source = inspect.getsource(factory)
    if name in HEURISTICS:
        return [name, settings, source, code_hash(modules_in(source))]
    code = code_hash(modules_in(source), ("agents", "scenarios"))
    return [name, settings, source, code, digest_of(world_of(world))]


def _probe_identity(name: str, world: str) -> list[str]:
    """A probe by its name, which tells the number, by the trace on which its unit is measured, and by its code."""
    found = [name, trace_hash(world, MEASURED)]
    if PRICINGS[str(base_in(name))] == Pricing.SCHEDULED:
        return [*found, code_hash(PROBERS, ("agents", "scenarios")), digest_of(world_of(world))]
    return [*found, code_hash(PROBERS)]


def policy_identity(policy: Policy, world: str) -> list[str]:
    """A learned policy by its file and the code that plays it; how it was trained is in the file.

    If it looks at bid prices that are solved for, also by the world from whose past they are.
    """
    found = [policy.sha256, policy.config.pricing, meaning_of(inspect.getsource(agent_of))]
    if policy.config.pricing == Pricing.SCHEDULED.name:
        return [*found, code_hash(PLAYERS, ("agents", "scenarios")), digest_of(world_of(world))]
    return [*found, code_hash(PLAYERS)]


def _id(*facts: object) -> str:
    return hashlib.sha256(json.dumps([VERSION, rules_hash(), *facts]).encode()).hexdigest()[:24]
