"""Doing a task, in any process."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from agents.registry import load_agent
from envs.costs import MILLICENTS
from envs.protocol import Agent
from envs.simulation import Simulation, simulate
from experiments.evaluation import warm_up
from experiments.provenance import NO_CHECKOUT, ROOT, git, git_state, processor
from experiments.scoreboard.board import world_of
from experiments.scoreboard.cell import BOUND, DECISION, TRAINING, Cell
from experiments.scoreboard.exported import decision_times
from experiments.scoreboard.policies import agent_of, sha256_of, train_policy
from experiments.scoreboard.probes import base_in, probe_agent
from experiments.scoreboard.stopwatch import TimedAgent
from experiments.scoreboard.task import OPTIMUM, Policy, Task
from experiments.statistics import tail_mean
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.trace import Trace

KEPT = (
    "cost_per_order",
    "cost_objective_per_order",
    "lateness_objective_per_order",
    "carbon_objective_per_order",
    "otif_rate",
    "split_rate",
    "carbon_kg_per_order",
    "decline_rate",
    "num_orders",
    "num_decisions",
)
"""Metrics of ``envs.metrics.measure`` that a cell keeps."""

TOTAL = "total_millicents"
"""The whole ledger, warm-up included, as bounds count it."""

STAGE = "stage:"
"""Before the names of a training's stages, whose cost on validation traces its cell keeps."""

POLICIES = "policies"

DIGITS = 9
"""Decimals that a cell keeps of a number."""


def do(task: Task, folder: Path) -> Cell:
    """The cell of a task.

    Args:
        task: what to compute.
        folder: of the board; a training leaves its policy there.

    Raises:
        InputError: a trace without orders, or a policy whose file is not there.
    """
    if task.kind == TRAINING:
        return _trained(task, folder)
    trace = _trace(task.world, task.seed)
    if not trace.num_orders:
        raise InputError(
            f"trace {task.seed} of {task.world}", "0 orders", "at least one order", "take another scenario"
        )
    if task.kind == BOUND:
        bound = getattr(import_module("agents.bounds"), task.who)(trace)
        values = {TOTAL: float(bound.value_millicents), "num_orders": trace.num_orders, "seconds": bound.seconds}
        return _cell(task, values)
    if task.kind == DECISION:
        return _cell(task, _timed(task, trace, folder))
    return _cell(task, _played(task, trace, _agent(task, folder)))


def _timed(task: Task, trace: Trace, folder: Path) -> dict[str, float]:
    assert task.policy is not None
    warm_up("compiled")
    began = time.perf_counter()
    times = decision_times(_policy_file(task.policy, folder), task.policy.config, world_of(task.world), trace)
    return {**times, "seconds": time.perf_counter() - began}


def _agent(task: Task, folder: Path) -> Agent:
    if task.policy is not None:
        return _player(task.policy, task.world, folder)
    if base_in(task.who):
        return probe_agent(task.who, task.world, task.seed)
    return _router(task.who, task.world)


def _played(task: Task, trace: Trace, agent: Agent) -> dict[str, float]:
    warm_up("compiled")
    timed: Any = TimedAgent(agent)
    began = time.perf_counter()
    simulation = simulate(trace, timed, level="none", weights=task.weights)
    return measured(simulation, time.perf_counter() - began, timed.solving_seconds)


def measured(simulation: Simulation, seconds: float, solving_seconds: float) -> dict[str, float]:
    """Numbers of a play.

    Args:
        simulation: at its end.
        seconds: that it took.
        solving_seconds: of these for bid prices, which are solved on a schedule while orders go on.
    """
    world, metrics = simulation.world, simulation.metrics
    costs = world.hidden.order_costs.sum(axis=1) / MILLICENTS
    is_measured = world.future.orders["arrival_seconds"] >= world.network.settings["warmup_seconds"][0]
    return {
        **{name: float(metrics[name]) for name in KEPT},
        "tail_cost_per_order": tail_mean(costs[is_measured] if is_measured.any() else costs),
        "ms_per_decision": 1000 * (seconds - solving_seconds) / max(1.0, metrics["num_decisions"]),
        "seconds": seconds,
        "solving_seconds": solving_seconds,
        TOTAL: float(world.totals.sum()),
        "whole_cost_per_order": float(world.totals.sum()) / MILLICENTS / world.trace.num_orders,
    }


@lru_cache(maxsize=4)
def _trace(world: str, seed: int) -> Trace:
    return draw_trace(world_of(world), seed)


@lru_cache(maxsize=16)
def _router(name: str, world: str) -> Agent:
    """Made once a process: the past that a router forecasts from takes seconds."""
    scenario = world_of(world)
    if name == OPTIMUM:
        solve = import_module("agents.bounds").solve
        agent: Agent = import_module("experiments.scoreboard.optimal").OptimalAgent(solve(scenario))
        return agent
    return load_agent(name, scenario)


@lru_cache(maxsize=16)
def _player(policy: Policy, world: str, folder: Path) -> Agent:
    return agent_of(_policy_file(policy, folder), policy.config, world_of(world))


def _policy_file(policy: Policy, folder: Path) -> Path:
    path = _policy_path(policy, folder)
    if not has_policy(policy, folder):
        raise InputError("policy", str(path), f"the file of {policy.who} as it was trained", "run this part again")
    return path


def has_policy(policy: Policy, folder: Path) -> bool:
    """Whether the policy lies there as it was trained."""
    path = _policy_path(policy, folder)
    return path.is_file() and sha256_of(path) == policy.sha256


def _policy_path(policy: Policy, folder: Path) -> Path:
    return folder / POLICIES / policy.training_id / "policy.zip"


def _trained(task: Task, folder: Path) -> Cell:
    assert task.policy is not None
    warm_up("compiled")
    trained = train_policy(world_of(task.world), task.policy.config, folder / POLICIES / task.id)
    stages = {f"{STAGE}{name}": cost for name, cost in trained.stages.items()}
    return _cell(task, trained.spent | stages, policy_sha256=sha256_of(trained.policy), kept=trained.kept)


def _cell(task: Task, values: dict[str, float], **facts: str) -> Cell:
    for name, value in values.items():
        if not math.isfinite(value):
            raise InputError(
                f"{name} of {task.who} on trace {task.seed} of {task.world}", value, "a number", "look why"
            )
    origin = {"commit": _commit(), "processor": processor(), "date": datetime.now(UTC).date().isoformat()}
    return Cell(
        task.id,
        task.kind,
        task.world,
        task.seed,
        task.who,
        task.weights,
        task.trace_sha256,
        {name: round(value, DIGITS) for name, value in values.items()},
        {**origin, **facts},
    )


@lru_cache(maxsize=1)
def _commit() -> str:
    """With a plus if code differed from it; pages may, they are rewritten all the time."""
    commit = str(git_state(ROOT)["commit"])
    is_changed = commit != NO_CHECKOUT and git(ROOT, "status", "--porcelain", "--", "*.py")
    return commit if commit == NO_CHECKOUT else commit[:12] + ("+" if is_changed else "")
