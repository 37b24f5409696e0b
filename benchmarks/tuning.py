"""``python -m benchmarks.tuning [SCENARIO ...]``: every router that can be tuned gets the same number of trials.

A trial is one setting of a router on the same validation traces; none looks at a test trace. Each becomes a row of
``docs/results/tuning.csv`` as soon as it is played, with its difference to the router's first setting. Rows that are
there are not played again, so a run that was broken off goes on where it stopped; delete a row to play it again. A
router whose rules change deserves new rows. Progress goes to standard error.
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

import numpy as np

from agents import load_agent
from agents.dual.router import dual_router
from envs.many import simulate_many
from envs.protocol import Agent
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE
from scenarios.errors import InputError
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
    return scenario, dual_router(scenario, **{name: int(value) for name, value in setting.items()})


def _static(scenario: Scenario, setting: Setting) -> tuple[Scenario, Agent]:
    hours = max(1, round(24 * scenario.horizon_days * setting["horizons"]))
    agent = dual_router(scenario, lookahead_hours=hours, num_samples=int(setting["num_samples"]), is_static=True)
    return scenario, agent


_DUAL = {"lookahead_hours": 168, "interval_hours": 6, "num_samples": 6, "max_orders": 600}

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


def trial(
    scenario: Scenario, router: str, setting: Setting, num_traces: int, base: np.ndarray | None
) -> dict[str, str]:
    """Plays one trial.

    Args:
        scenario: the world.
        router: name in ``ROUTERS``.
        setting: of it.
        num_traces: of validation seeds.
        base: costs of the first setting on the same traces; None for itself.
    """
    world, agent = ROUTERS[router].play(scenario, setting)
    traces = [draw_trace(world, seed) for seed in VALIDATION[:num_traces]]
    began = time.perf_counter()
    costs = np.array([played.metrics["cost_per_order"] for played in simulate_many(traces, agent)]).round(4)
    seconds = (time.perf_counter() - began) / num_traces
    difference = costs - (costs if base is None else base)
    return {
        "scenario": scenario.id,
        "router": router,
        "settings": text(setting),
        "traces": str(num_traces),
        "cost": f"{costs.mean():.4f}",
        "difference": f"{difference.mean():+.4f}",
        "error": f"{difference.std(ddof=1) / math.sqrt(num_traces):.4f}",
        "seconds": f"{seconds:.2f}",
        "costs": " ".join(f"{cost:.4f}" for cost in costs),
    }


def tune(names: list[str], routers: list[str], num_traces: int = NUM_TRACES, log: Path = LOG) -> None:
    """Plays every trial that the log does not have.

    Args:
        names: of scenarios.
        routers: names in ``ROUTERS``.
        num_traces: at least 2, for an error.
        log: the file.

    Raises:
        InputError: too few traces.
    """
    if num_traces < 2:
        raise InputError("traces", num_traces, "at least 2", "leave it out")
    known = read(log)
    for number, name in enumerate(names):
        scenario = load_scenario(name)
        for router in routers:
            base: np.ndarray | None = None
            for setting in ROUTERS[router].settings:
                key = (scenario.id, router, text(setting), str(num_traces))
                if key not in known:
                    known[key] = trial(scenario, router, setting, num_traces, base)
                    append(log, known[key])
                    shown = " ".join(known[key][field] for field in FIELDS[:-1])
                    print(f"[{number + 1}/{len(names)}] {shown}", file=sys.stderr, flush=True)
                costs = np.array(known[key]["costs"].split(), float)
                base = costs if base is None else base


def main() -> int:
    """Plays what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tuning", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=[*WINNABLE, *SANITY, *LITERATURE], metavar="SCENARIO")
    parser.add_argument("--routers", nargs="+", choices=ROUTERS, default=list(ROUTERS), help="default: all")
    parser.add_argument("--traces", type=int, default=NUM_TRACES, help=f"validation traces (default {NUM_TRACES})")
    parser.add_argument("--log", type=Path, default=LOG, help="where rows go (default docs/results/tuning.csv)")
    arguments = parser.parse_args()
    tune(arguments.scenarios, arguments.routers, arguments.traces, arguments.log)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
