"""``python -m benchmarks.tuning [SCENARIO ...]``: every router that can be tuned gets the same number of trials.

A trial is one setting of a router on the same validation traces; none looks at a test trace. Each becomes a row of
``docs/results/tuning.csv`` as soon as it is played, with its difference to the router's first setting. Rows that are
there are not played again, so a run that was broken off goes on where it stopped; delete a row to play it again. A
router whose rules change deserves new rows. Progress goes to standard error. ``--workers`` plays several trials at
once, first those that others are compared to; seconds a trace are those of a machine with so much to do.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agents import load_agent
from agents.dual.router import dual_router
from agents.rollout import rollout_router
from benchmarks.holding import Holding
from envs.inner import CHEAP
from envs.many import simulate_many
from envs.protocol import Agent
from experiments.jobs import at_once
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE
from scenarios.errors import InputError
from scenarios.local_time import HOUR_SECONDS
from scenarios.scenario import Scenario
from scenarios.seeds import VALIDATION

NUM_TRIALS = 7
"""Of every router."""

NUM_TRACES = 10
LOG = Path(__file__).parents[1] / "docs" / "results" / "tuning.csv"

Setting = dict[str, float]


@dataclass(frozen=True)
class Tuned:
    """A router that can be tuned.

    Attributes:
        play: who plays in which world under a setting; the scenario is changed only where it holds the setting.
        settings: ``NUM_TRIALS`` of them; others are compared to the first.
    """

    play: Callable[[Scenario, Setting], tuple[Scenario, Agent]]
    settings: tuple[Setting, ...]


def _priced(scenario: Scenario, setting: Setting) -> tuple[Scenario, Agent]:
    level = round(setting["price_level"] * scenario.settings.price_level_millicents)
    settings = replace(scenario.settings, price_level_millicents=level)
    return replace(scenario, settings=settings), load_agent("primal-dual")


def _dual(scenario: Scenario, setting: Setting) -> tuple[Scenario, Agent]:
    agent = dual_router(
        scenario,
        lookahead_hours=int(setting["lookahead_hours"]),
        interval_hours=int(setting["interval_hours"]),
        num_samples=int(setting["num_samples"]),
        max_orders=int(setting["max_orders"]),
    )
    return scenario, agent


def _static(scenario: Scenario, setting: Setting) -> tuple[Scenario, Agent]:
    hours = max(1, round(24 * scenario.horizon_days * setting["horizons"]))
    agent = dual_router(scenario, lookahead_hours=hours, num_samples=int(setting["num_samples"]), is_static=True)
    return scenario, agent


def _holding(scenario: Scenario, setting: Setting) -> tuple[Scenario, Agent]:
    return scenario, Holding(int(setting["cheap"]))


def _rollout(scenario: Scenario, setting: Setting) -> tuple[Scenario, Agent]:
    agent = rollout_router(scenario)
    agent.num_plans, agent.num_futures = int(setting["num_plans"]), int(setting["num_futures"])
    agent.horizon_seconds = int(setting["hours"] * HOUR_SECONDS)
    return scenario, agent


_ROLLOUT: Setting = {"num_plans": 4, "num_futures": 16, "hours": 8}
_DUAL: Setting = {"lookahead_hours": 168, "interval_hours": 6, "num_samples": 6, "max_orders": 600}

ROUTERS: dict[str, Tuned] = {
    "primal-dual": Tuned(_priced, tuple({"price_level": x} for x in (1.0, 0.25, 0.5, 0.7, 1.4, 2.0, 4.0))),
    "static-dual": Tuned(
        _static,
        tuple(
            {"horizons": horizons, "num_samples": samples}
            for horizons, samples in ((1, 6), (1, 3), (1, 12), (1, 24), (0.75, 12), (0.5, 12), (0.25, 12))
        ),
    ),
    "dual": Tuned(
        _dual,
        (
            _DUAL,
            {**_DUAL, "interval_hours": 3},
            {**_DUAL, "lookahead_hours": 72},
            {**_DUAL, "num_samples": 12},
            {**_DUAL, "interval_hours": 2},
            {**_DUAL, "max_orders": 2000},
            {**_DUAL, "lookahead_hours": 24},
        ),
    ),
    "hold-once": Tuned(_holding, tuple({"cheap": x} for x in (CHEAP, 4, 6, 7, 8, 10, 16))),
    "rollout": Tuned(
        _rollout,
        (
            _ROLLOUT,
            {**_ROLLOUT, "hours": 4},
            {**_ROLLOUT, "hours": 16},
            {**_ROLLOUT, "num_futures": 8},
            {**_ROLLOUT, "num_futures": 32},
            {**_ROLLOUT, "num_plans": 2},
            {**_ROLLOUT, "num_plans": 8},
        ),
    ),
}
"""What is tuned; another router is an entry here."""

FIELDS = ("scenario", "router", "settings", "traces", "cost", "difference", "error", "seconds", "costs")
"""Currency units an order; ``error``: standard error of the paired difference; seconds a trace; costs of each trace."""


def text(setting: Setting) -> str:
    """As it stands in the log."""
    return " ".join(f"{name}={value:g}" for name, value in setting.items())


def read(path: Path) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows of the log by scenario, router, settings and number of traces."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {tuple(row[field] for field in FIELDS[:4]): row for row in csv.DictReader(file)}


def append(path: Path, row: dict[str, str]) -> None:
    """Adds one row, and the head above the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)


class Trial(NamedTuple):
    """What is played.

    Attributes:
        name: of a scenario.
        router: key of ``ROUTERS``.
        number: of its setting.
        num_traces: of validation seeds.
    """

    name: str
    router: str
    number: int
    num_traces: int

    @property
    def key(self) -> tuple[str, ...]:
        """Where it stands in the log."""
        setting = ROUTERS[self.router].settings[self.number]
        return load_scenario(self.name).id, self.router, text(setting), str(self.num_traces)


def play(trial: Trial) -> tuple[Trial, np.ndarray, float]:
    """A trial, its cost an order on each trace, currency units, and seconds a trace."""
    tuned = ROUTERS[trial.router]
    world, agent = tuned.play(load_scenario(trial.name), tuned.settings[trial.number])
    traces = [draw_trace(world, seed) for seed in VALIDATION[: trial.num_traces]]
    began = time.perf_counter()
    costs = np.array([played.metrics["cost_per_order"] for played in simulate_many(traces, agent)]).round(4)
    return trial, costs, (time.perf_counter() - began) / trial.num_traces


def row_of(trial: Trial, costs: np.ndarray, seconds: float, base: np.ndarray) -> dict[str, str]:
    """A row of the log.

    Args:
        trial: what was played.
        costs: see ``play``.
        seconds: a trace.
        base: costs of the router's first setting on the same traces.
    """
    difference = costs - base
    numbers = (
        f"{costs.mean():.4f}",
        f"{difference.mean():+.4f}",
        f"{difference.std(ddof=1) / math.sqrt(len(costs)):.4f}",
        f"{seconds:.2f}",
        " ".join(f"{cost:.4f}" for cost in costs),
    )
    return dict(zip(FIELDS, (*trial.key, *numbers), strict=True))


def tune(
    names: list[str], routers: list[str], num_traces: int = NUM_TRACES, log: Path = LOG, num_workers: int = 1
) -> None:
    """Plays every trial that the log does not have.

    Args:
        names: of scenarios.
        routers: names in ``ROUTERS``.
        num_traces: at least 2, for an error.
        log: the file.
        num_workers: processes.

    Raises:
        InputError: too few traces.
    """
    if num_traces < 2:
        raise InputError("traces", num_traces, "at least 2", "leave it out")
    known = read(log)
    firsts = [Trial(name, router, 0, num_traces) for name in names for router in routers]
    others = [first._replace(number=number) for first in firsts for number in range(1, NUM_TRIALS)]
    for trials in (firsts, others):
        missing = [(trial,) for trial in trials if trial.key not in known]
        played = at_once(play, missing, num_workers) if num_workers > 1 else (play(*one) for one in missing)
        for number, (trial, costs, seconds) in enumerate(played, start=1):
            first = known.get(trial._replace(number=0).key)
            base = costs if first is None else np.array(first["costs"].split(), float)
            known[trial.key] = row_of(trial, costs, seconds, base)
            append(log, known[trial.key])
            shown = " ".join(known[trial.key][field] for field in FIELDS[:-1])
            print(f"[{number}/{len(missing)}] {shown}", file=sys.stderr, flush=True)


def main() -> int:
    """Plays what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tuning", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=[*WINNABLE, *SANITY, *LITERATURE], metavar="SCENARIO")
    parser.add_argument("--routers", nargs="+", choices=ROUTERS, default=list(ROUTERS), help="default: all")
    parser.add_argument("--traces", type=int, default=NUM_TRACES, help=f"validation traces (default {NUM_TRACES})")
    parser.add_argument("--log", type=Path, default=LOG, help="where rows go (default docs/results/tuning.csv)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    arguments = parser.parse_args()
    tune(arguments.scenarios, arguments.routers, arguments.traces, arguments.log, arguments.workers)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
