"""``routelab scoreboard``: plays, bounds, trains and compares, cell by cell, and writes the pages."""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from experiments.console import getting_ready, make_console
from experiments.evaluation import warm_up
from experiments.scoreboard import plan
from experiments.scoreboard.board import MIXED, PARTS, Board, world_of
from experiments.scoreboard.cell import Cell, Store
from experiments.scoreboard.evidence import Evidence
from experiments.scoreboard.front import (
    GOALS,
    REFERENCE_POINTS,
    SWEEP,
    add_reference_point,
    is_committed,
    read_reference_points,
)
from experiments.scoreboard.pages.writing import write_pages
from experiments.scoreboard.points import swept_points
from experiments.scoreboard.published import publish, published
from experiments.scoreboard.running import run
from experiments.scoreboard.task import Policy, Task
from experiments.scoreboard.work import has_policy
from experiments.settings import check_count
from scenarios.arguments import Arguments
from scenarios.errors import InputError, unknown_name


class Runner:
    """Runs parts of a board.

    Args:
        board: what is run.
        workers: processes.
        console: progress goes here.
        others: cells that need not be made, the published ones if nothing is said.
    """

    def __init__(self, board: Board, workers: int, console: Console, others: Iterable[Cell] | None = None) -> None:
        self.board, self.workers, self.console = board, workers, console
        self.store = Store(board.folder, published(board.pages) if others is None else others)

    def part(self, name: str) -> None:
        """Runs one part; what is there already is not made again."""
        getattr(self, f"_{name}")()

    def _run(self, title: str, tasks: Iterable[Task], workers: int | None = None) -> None:
        run(title, tasks, self.store, self.board.folder, workers=workers or self.workers, console=self.console)

    def _run_plays(self, title: str, planned: Callable[[], Iterable[Task]], workers: int | None = None) -> None:
        """Runs what policies play; those whose file was left on another machine are trained again before.

        If another policy comes out, because processors calculate differently, all that it plays is to be played again.
        """
        tasks = list(planned())
        players = {task.policy.who: task.policy for task in tasks if task.policy and task.id not in self.store}
        lost = [policy for policy in players.values() if not has_policy(policy, self.board.folder)]
        if lost:
            again = plan.training_tasks(lost)
            self.store.forget(task.id for task in again)
            self._run("Training again", again)
            now = {cell.facts["policy_sha256"] for task in again if (cell := self.store.get(task.id))}
            for policy in lost:
                if policy.sha256 not in now:
                    self.console.print(f"{policy.who} came out differently: run the parts again in which it plays")
            tasks = list(planned())
        self._run(title, tasks, workers)

    def _policies(self, scenarios: Iterable[str], is_conditioned: bool = False) -> dict[str, list[Policy]]:
        return {name: plan.policies_of(self.board, self.store, name, is_conditioned) for name in scenarios}

    def _routers(self) -> None:
        self._run("Routers", _all(plan.router_tasks(self.board, name) for name in self.board.scenarios))

    def _probes(self) -> None:
        board, names = self.board, self.board.scenarios
        self._run("Probes", _all(plan.probe_tasks(board, name) for name in names))
        chosen = {name: Evidence(board, self.store, name).probe for name in names}
        plays = (plan.probe_plays(board, name, probe, "test") for name, probe in chosen.items() if probe)
        self._run("Best probes", _all(plays))

    def _bounds(self) -> None:
        self._run("Bounds", _all(plan.bound_tasks(self.board, name) for name in self.board.scenarios))

    def _train(self) -> None:
        policies = self._policies(self.board.scenarios)
        self._run("Training", plan.training_tasks(_all(policies.values())))

    def _learned(self) -> None:
        def planned() -> Iterator[Task]:
            policies = self._policies(self.board.scenarios)
            return _all(plan.learned_tasks(self.board, name, known) for name, known in policies.items())

        self._run_plays("Learned", planned)

    def _exported(self) -> None:
        def planned() -> Iterator[Task]:
            policies = self._policies(self.board.scenarios)
            return _all(plan.decision_tasks(self.board, known) for known in policies.values())

        self._run_plays("Exported policies", planned, workers=1)  # timed, so nothing else of the board runs beside it

    def _front(self) -> None:
        board, scenarios = self.board, self.board.front_scenarios
        if not scenarios:
            return
        self._run("Reference points", _all(plan.reference_tasks(board, name) for name in scenarios))
        for scenario in scenarios:
            self._set_reference_point(scenario)
        self._run("Weight sweeps", _all(plan.sweep_tasks(board, name) for name in scenarios))
        path = board.pages / REFERENCE_POINTS
        if not is_committed(path):
            self.console.print(f"Commit {path}, then run this again: preferences are learned after that only.")
            return
        policies = self._policies(scenarios, is_conditioned=True)
        self._run("Training with preferences", plan.training_tasks(_all(policies.values())))

        def planned() -> Iterator[Task]:
            policies = self._policies(scenarios, is_conditioned=True)
            return _all(plan.conditioned_tasks(board, name, known) for name, known in policies.items())

        self._run_plays("Fronts", planned)

    def _set_reference_point(self, scenario: str) -> None:
        scenario_id = world_of(scenario).id
        if scenario_id in read_reference_points(self.board.pages):
            return
        points = swept_points(self.board, self.store, scenario, "myopic", "validation")
        assert points is not None
        add_reference_point(self.board.pages, scenario_id, self.board.num_validation, points.mean(axis=1))
        self.console.print(f"{scenario}: the nadir of {len(SWEEP)} weights is the reference point ({', '.join(GOALS)})")

    def _generalisation(self) -> None:
        mixed = plan.policies_of(self.board, self.store, MIXED)
        self._run("Training on drawn worlds", plan.training_tasks(mixed))
        self._run_plays("Elsewhere", lambda: plan.elsewhere_tasks(self.board, self.store))
        self._run("Bounds elsewhere", plan.elsewhere_bounds(self.board))

    def _cells(self) -> None:
        for path in publish(self.board, self.store):
            self.console.print(f"Cells: {path}", soft_wrap=True)

    def _pages(self) -> None:
        for path in write_pages(self.board, self.store):
            self.console.print(f"Page: {path}", soft_wrap=True)


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _all(groups: Iterable[Iterable[Any]]) -> Iterator[Any]:
    return itertools.chain.from_iterable(groups)


def parser() -> Arguments:
    """The command line."""
    board = Board()
    made = Arguments(prog="routelab scoreboard", description=__doc__)
    made.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="default: all of the board")
    made.add_argument("--routers", default=",".join(board.routers), help="names separated by commas (default: all)")
    made.add_argument("--part", action="append", help=f"one of {', '.join(PARTS)}; may be repeated (default: all)")
    for flag, field, words in (
        ("--traces", "num_traces", "test traces"),
        ("--validation", "num_validation", "validation traces, on which everything is chosen"),
        ("--slow-traces", "num_slow", "test traces of rollout"),
        ("--seeds", "num_seeds", "trainings of a scenario"),
        ("--front-traces", "num_front", "test traces of each weight vector"),
        ("--elsewhere-traces", "num_elsewhere", "test traces of each world of the generalisation page"),
    ):
        default = getattr(board, field)
        made.add_argument(flag, type=int, dest=field, default=default, metavar="N", help=f"{words} (default {default})")
    made.add_argument("--training", action="append", default=[], metavar="KEY=VALUE", help="a setting of the trainings")
    made.add_argument("--workers", type=int, default=cores(), metavar="N", help="processes (default: one a core)")
    made.add_argument("--folder", type=Path, default=board.folder, help=f"of cells and policies ({board.folder})")
    made.add_argument("--pages", type=Path, default=board.pages, help=f"where pages are written ({board.pages})")
    made.add_argument("--anew", action="store_true", help="leave published cells aside: make all again")
    return made


def board_of(arguments: argparse.Namespace) -> Board:
    """The board that a command line asks for.

    Raises:
        InputError: a name or a number that cannot be used.
    """
    chosen = {
        key: value for key, value in vars(arguments).items() if key.startswith("num_") or key in ("folder", "pages")
    }
    board = replace(
        Board(),
        routers=tuple(arguments.routers.split(",")),
        training=dict(map(_setting, arguments.training)),
        **chosen,
    )
    return replace(board, scenarios=tuple(arguments.scenarios)) if arguments.scenarios else board


def _setting(text: str) -> tuple[str, int | float | str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise InputError("--training", text, "KEY=VALUE", "write --training total_steps=100000")
    for kind in (int, float):
        try:
            return key, kind(value)
        except ValueError:
            continue
    return key, value


def main(arguments: Sequence[str]) -> int:
    """Main of ``routelab scoreboard``."""
    given = parser().parse_args(list(arguments))
    parts = given.part or list(PARTS)
    for part in parts:
        if part not in PARTS:
            raise unknown_name("part", part, PARTS)
    board = board_of(given)
    workers = check_count("workers", given.workers, 1, 256)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # processes share the cores; more threads would slow each other down
    console = make_console()
    if set(parts) - {"cells", "pages"}:
        with getting_ready(console):
            warm_up("compiled")
    runner = Runner(board, workers, console, () if given.anew else None)
    for part in PARTS:
        if part in parts:
            runner.part(part)
    return 0
