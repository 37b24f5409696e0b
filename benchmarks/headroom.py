"""``python -m benchmarks.headroom [SCENARIO ...]``: what the board's scenarios leave to be won.

Every heuristic plays validation traces of a scenario, and so do probes (``benchmarks.probes``): a price on one feature
of a plan, another weight of lateness, other bid prices, doubt about carriers; with
``--forecasters`` also the routers that forecast, which takes seconds a trace. The best router and the best probe are
chosen on one half of the traces and compared on the other, so that neither is flattered. There the best router is also
held against the bound ``demand_hindsight``, which knows all orders but not their luck. One line a scenario, as
Markdown; ``--all`` gives a table of every router instead.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np

from agents import agent_names, load_agent
from agents.registry import FORECASTERS
from benchmarks.probes import Doubting, priced
from envs.costs import MILLICENTS
from envs.many import simulations
from envs.metrics import Metrics
from envs.prices import Pricing
from envs.protocol import Agent
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE
from scenarios.errors import InputError
from scenarios.scenario import Scenario
from scenarios.seeds import VALIDATION

PRICED = ("num_parcels", "backordered_share", "later_share", "pick_start", "queue_load", "slack", "shelf_left")
PRICES = (-12.0, -4.0, 4.0, 12.0)
"""Currency units per squashed feature; a negative price makes plans with much of the feature dearer."""

LEVELS = (0.5, 2.0)
TILTS = (0.5, 1.6, 3.0)
"""Weight of lateness beside weights one."""

NUM_TRACES = 20
"""To choose on, and as many to compare on."""

LEVEL = 0.95
"""Coverage of intervals."""

WHOLE_COST = "whole_cost_per_order"
"""The whole ledger over all orders, as bounds count; the metric ``cost_per_order`` leaves the warm-up out."""


@dataclass(frozen=True)
class Trial:
    """A router, with the weight of lateness and the price level that it is played with."""

    name: str
    agent: Agent
    tilt: float = 1.0
    level: float = 1.0


def probes(scenario: Scenario) -> list[Trial]:
    """What is tried on top of myopic: one mechanism each."""
    none, settings = Pricing.NONE, scenario.settings
    found = [Trial(f"{f} {p:+g}", priced(f, ((f, p),), none)) for f in PRICED for p in PRICES]
    queue = (("pick_start", -6.0), ("queue_load", -6.0))
    found.append(Trial("pick_start -6 and queue_load -6", priced("queue", queue, none)))
    found += [Trial(f"lateness x {tilt:g}", load_agent("myopic"), tilt=tilt) for tilt in TILTS]
    if settings.price_level_millicents:
        found += [Trial(f"bid prices x {level:g}", load_agent("primal-dual"), level=level) for level in LEVELS]
        found += [
            Trial(f"primal-dual, {f} {p:+g}", priced(f, ((f, p),), Pricing.CLOSED_FORM))
            for f in ("num_parcels", "backordered_share", "queue_load", "shelf_left")
            for p in (-2.0, 2.0)
        ]
    if scenario.regimes:
        found.append(Trial("doubting", Doubting()))
    return found


def play(scenario: Scenario, trial: Trial, seeds: range, num_workers: int) -> list[Metrics]:
    """Metrics of one router on the traces of ``seeds``, and ``WHOLE_COST``."""
    if trial.level != 1.0:
        level = round(trial.level * scenario.settings.price_level_millicents)
        scenario = replace(scenario, settings=replace(scenario.settings, price_level_millicents=level))
    traces = (draw_trace(scenario, seed) for seed in seeds)
    played = simulations(traces, trial.agent, weights=(1.0, trial.tilt, 1.0), num_workers=num_workers)
    return [
        {**simulation.metrics, WHOLE_COST: per_order(simulation.world.totals.sum(), simulation.world.trace.num_orders)}
        for simulation in played
    ]


def per_order(millicents: float, num_orders: int) -> float:
    """Currency units an order."""
    return float(millicents) / MILLICENTS / max(1, num_orders)


def mean(metrics: Sequence[Metrics], name: str) -> float:
    """Over traces."""
    return float(np.mean([one[name] for one in metrics]))


def student(num_traces: int) -> float:
    """How many standard errors the interval of a mean reaches to either side (Student's t)."""
    from scipy.special import stdtrit

    return float(stdtrit(num_traces - 1, (1 + LEVEL) / 2))


def paired(metrics: Sequence[Metrics], base: Sequence[Metrics]) -> str:
    """The difference of cost to ``base`` in percent of it, with an interval over at least two traces."""
    cost, other = (np.array([one["cost_per_order"] for one in rows]) for rows in (metrics, base))
    percent = 100 * (cost - other) / other.mean()
    error = percent.std(ddof=1) / math.sqrt(len(percent))
    return f"{percent.mean():+.2f} ± {student(len(percent)) * error:.2f} %"


@dataclass(frozen=True)
class Headroom:
    """What was measured on one scenario.

    Attributes:
        scenario_id: with its version.
        shown: metrics of all routers but probes, by name, on traces on which nothing was chosen.
        best: name of the best of them.
        probe: name of the best probe.
        probed: its metrics on the same traces.
        bound: mean of ``demand_hindsight`` over them, currency units an order.
    """

    scenario_id: str
    shown: dict[str, list[Metrics]]
    best: str
    probe: str
    probed: list[Metrics]
    bound: float

    def line(self) -> str:
        """One row for the page."""
        base = self.shown[self.best]
        cells = [
            self.scenario_id,
            f"{mean(base, 'num_orders'):,.0f}",
            f"{mean(self.shown['myopic'], 'cost_per_order'):.3f}",
            f"{self.best} {mean(base, 'cost_per_order'):.3f}",
            *(f"{100 * mean(base, key):.1f} %" for key in ("otif_rate", "split_rate", "utilisation")),
            f"{self.probe}: {paired(self.probed, base)}",
            f"{100 * (mean(base, WHOLE_COST) / self.bound - 1):.1f} %",
        ]
        return f"| {' | '.join(cells)} |"

    def table(self) -> str:
        """Every router, with differences to the best that is no probe."""
        rows = [f"| {self.scenario_id} | cost | on time | split | picking | difference to {self.best} |"]
        rows.append("|---|---:|---:|---:|---:|---:|")
        for name, metrics in {**self.shown, f"probe: {self.probe}": self.probed}.items():
            keys = ("cost_per_order", "otif_rate", "split_rate", "utilisation")
            numbers = " | ".join(f"{mean(metrics, key):.3f}" for key in keys)
            rows.append(f"| {name} | {numbers} | {paired(metrics, self.shown[self.best])} |")
        return "\n".join(rows) + "\n"


HEADER = (
    "| scenario | orders | myopic | best router | on time | split | picking | best probe | best above bound |\n"
    "|---|---:|---:|---|---:|---:|---:|---|---:|"
)


def measure(name: str, num_traces: int, num_workers: int = 1, *, has_forecasters: bool = False) -> Headroom:
    """All routers and the best probe of one scenario.

    Args:
        name: of the scenario.
        num_traces: to choose on, and as many to compare on; at least 2.
        num_workers: threads.
        has_forecasters: whether routers that forecast play, too.

    Raises:
        InputError: too few traces for an interval.
    """
    if num_traces < 2:
        raise InputError("traces", num_traces, "at least 2", "leave it out")
    scenario = load_scenario(name)
    choosing, showing = VALIDATION[:num_traces], VALIDATION[num_traces : 2 * num_traces]
    names = [*agent_names(), *(FORECASTERS if has_forecasters else ())]
    routers = [Trial(agent, load_agent(agent, scenario)) for agent in names]

    def cost(trial: Trial) -> float:
        return mean(play(scenario, trial, choosing, num_workers), "cost_per_order")

    best = min(routers, key=lambda trial: (round(cost(trial), 6), trial.name != "myopic"))
    probe = min(probes(scenario), key=cost)
    demand_hindsight = import_module("agents.bounds").demand_hindsight  # scipy only where it is needed
    bounds = [demand_hindsight(draw_trace(scenario, seed)) for seed in showing]
    return Headroom(
        scenario.id,
        {trial.name: play(scenario, trial, showing, num_workers) for trial in routers},
        best.name,
        probe.name,
        play(scenario, probe, showing, num_workers),
        float(np.mean([per_order(bound.value_millicents, bound.num_orders) for bound in bounds])),
    )


def main() -> int:
    """Prints a line or a table a scenario."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.headroom", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=[*WINNABLE, *SANITY, *LITERATURE], metavar="SCENARIO")
    parser.add_argument(
        "--traces", type=int, default=NUM_TRACES, help=f"to choose on, and to compare on (default {NUM_TRACES})"
    )
    parser.add_argument("--workers", type=int, default=1, help="threads (default 1)")
    parser.add_argument("--forecasters", action="store_true", help="routers that forecast play, too (slow)")
    parser.add_argument("--all", action="store_true", help="every router")
    arguments = parser.parse_args()
    if not arguments.all:
        print(HEADER)
    for name in arguments.scenarios:
        found = measure(name, arguments.traces, arguments.workers, has_forecasters=arguments.forecasters)
        print(found.table() if arguments.all else found.line(), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
