"""Which cells each part of the board consists of. Nothing is played here, so pages are planned the same way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from experiments.scoreboard.board import MIXED, SLOW, Board, changed_worlds
from experiments.scoreboard.cell import EVEN, Cell, Store
from experiments.scoreboard.front import SWEEP, SWEPT
from experiments.scoreboard.policies import config_of
from experiments.scoreboard.probes import BASES, Probe, probes_on
from experiments.scoreboard.task import (
    BOUNDS,
    HINDSIGHT,
    OPTIMUM,
    Policy,
    Task,
    bound_task,
    decision_task,
    play_task,
    training_task,
)

EXACT = ("tiny",)
"""Scenarios with an exact dynamic program."""

ELSEWHERE = ("myopic", "primal-dual", "hold-once")
"""Routers that need no past, played in changed worlds beside the policies."""


def router_tasks(board: Board, scenario: str) -> Iterator[Task]:
    """Routers on validation and test traces, trace by trace."""
    for seed in board.seeds("validation", board.num_validation):
        yield from (play_task(scenario, seed, who) for who in board.routers if who != SLOW)
    for position, seed in enumerate(board.seeds("test", board.num_traces)):
        for who in (*board.routers, *((OPTIMUM,) if scenario in EXACT else ())):
            if position < board.slow_traces(who):
                yield play_task(scenario, seed, who)


def probes_of(board: Board, scenario: str) -> tuple[Probe, ...]:
    """All that are tried: one number more for the router that the scenario's learner starts from."""
    return probes_on(BASES[config_of(scenario, 0, False, board.training).pricing])


def probe_tasks(board: Board, scenario: str) -> Iterator[Task]:
    """All probes on validation traces, where the best one is chosen."""
    for probe in probes_of(board, scenario):
        yield from probe_plays(board, scenario, probe, "validation")


def probe_plays(board: Board, scenario: str, probe: Probe, split: str) -> Iterator[Task]:
    """One probe on the traces of a split."""
    for seed in board.all_seeds(split):
        yield play_task(scenario, seed, probe.who, probe.weights)


def bound_tasks(board: Board, scenario: str) -> Iterator[Task]:
    """Both bounds on the test traces; on validation traces the one that all plays are held against."""
    for seed in board.all_seeds("validation"):
        yield bound_task(scenario, seed, HINDSIGHT)
    for seed in board.all_seeds("test"):
        yield from (bound_task(scenario, seed, who) for who in BOUNDS)


def policies_of(board: Board, store: Store, world: str, is_conditioned: bool = False) -> list[Policy]:
    """The board's policies trained on a world; those without a hash are not trained yet."""
    found = []
    for seed in range(board.num_seeds):
        policy = Policy(world, seed, config_of(world, seed, is_conditioned, board.training), is_conditioned)
        policy = replace(policy, training_id=training_task(policy).id)
        cell = store.get(policy.training_id)
        found.append(replace(policy, sha256=cell.facts["policy_sha256"]) if cell else policy)
    return found


def training_tasks(policies: Iterable[Policy]) -> list[Task]:
    """The trainings of policies."""
    return [training_task(replace(policy, training_id="", sha256="")) for policy in policies]


def training_cells(store: Store, policies: Iterable[Policy]) -> list[Cell]:
    """The trainings of policies that are done."""
    return [cell for cell in (store.get(task.id) for task in training_tasks(policies)) if cell is not None]


def learned_tasks(board: Board, scenario: str, policies: Iterable[Policy]) -> Iterator[Task]:
    """Trained policies on the test traces of their scenario."""
    known = trained(policies)
    for seed in board.seeds("test", board.num_traces):
        yield from (play_task(scenario, seed, policy) for policy in known)


def decision_tasks(board: Board, policies: Iterable[Policy]) -> Iterator[Task]:
    """The first trained policy, exported and timed; the others are of the same size."""
    for policy in trained(policies)[:1]:
        yield decision_task(policy, board.seeds("test", 1)[0])


def trained(policies: Iterable[Policy]) -> list[Policy]:
    """Those that have a file."""
    return [policy for policy in policies if policy.sha256]


def reference_tasks(board: Board, scenario: str) -> Iterator[Task]:
    """The myopic sweep on validation traces, whose nadir is the reference point."""
    for seed in board.seeds("validation", board.num_validation):
        yield from (play_task(scenario, seed, "myopic", weights) for weights in SWEEP)


def sweep_tasks(board: Board, scenario: str) -> Iterator[Task]:
    """Weight-swept routers: on validation traces to choose the best one, on test traces to compare."""
    for split, count in (("validation", board.num_validation), ("test", board.num_front)):
        for seed in board.seeds(split, count):
            for who in swept(board):
                yield from (play_task(scenario, seed, who, weights) for weights in SWEEP)


def swept(board: Board) -> tuple[str, ...]:
    """Routers of the board whose weights are swept."""
    return tuple(who for who in SWEPT if who in board.routers)


def conditioned_tasks(board: Board, scenario: str, policies: Iterable[Policy]) -> Iterator[Task]:
    """One policy under all weights, on test traces."""
    known = trained(policies)
    for seed in board.seeds("test", board.num_front):
        yield from (play_task(scenario, seed, policy, weights) for policy in known for weights in SWEEP)


def worlds_elsewhere(board: Board) -> tuple[str, ...]:
    """Worlds of the generalisation page: the scenarios, then the changed ones."""
    return (*board.scenarios, *(world for name in board.scenarios for world in changed_worlds(name)))


def homes(board: Board) -> tuple[str, ...]:
    """What the policies of the generalisation page were trained on: the scenarios, and draws of several."""
    return (*board.scenarios, MIXED)


def visits(board: Board, home: str) -> tuple[str, ...]:
    """Worlds that policies trained on ``home`` play: all scenarios, and its own ones changed; the mixed ones all."""
    if home == MIXED:
        return worlds_elsewhere(board)
    return (*board.scenarios, *changed_worlds(home))


def elsewhere_bounds(board: Board, worlds: Collection[str] | None = None) -> Iterator[Task]:
    """``hindsight`` of every trace that is played there; see ``elsewhere_tasks``."""
    for world in worlds_elsewhere(board):
        if worlds is not None and world not in worlds:
            continue
        for seed in board.seeds("test", board.num_elsewhere):
            yield bound_task(world, seed, HINDSIGHT)


def compared(board: Board) -> tuple[str, ...]:
    """Routers of the board that policies are compared with in other worlds."""
    return tuple(who for who in ELSEWHERE if who in board.routers)


def elsewhere_tasks(board: Board, store: Store, worlds: Collection[str] | None = None) -> Iterator[Task]:
    """All policies in worlds that they were not trained on, and the routers that they are compared with.

    Args:
        board: what is run.
        store: of cells, trainings among them.
        worlds: others are left out, without drawing their traces; None: all are wanted.
    """
    known = {home: trained(policies_of(board, store, home)) for home in homes(board)}
    for world in worlds_elsewhere(board):
        if worlds is not None and world not in worlds:
            continue
        for seed in board.seeds("test", board.num_elsewhere):
            yield from (play_task(world, seed, who, EVEN) for who in compared(board))
            for home, policies in known.items():
                if world in visits(board, home):
                    yield from (play_task(world, seed, policy) for policy in policies)
