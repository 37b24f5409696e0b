"""What is timed: decisions a second of both clocks on ``metro``, and the time of one decision in process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agents import load_agent
from agents.learned.export import to_onnx
from agents.learned.network import PlanScorer
from agents.learned.training_config import TrainingConfig
from benchmarks.yardsticks import heap_events, simpy_timeouts
from envs.prices import Pricing
from envs.protocol import Agent
from envs.simulation import simulate
from envs.snapshot import Snapshot
from experiments.scoreboard.exported import DecisionWatch, ExportedAgent
from scenarios import draw_trace, load_scenario
from scenarios.network import Network
from scenarios.trace import Trace

SEED = 2_000_000


@dataclass(frozen=True)
class Speed:
    """One row of the table.

    Attributes:
        name: what was done.
        amount: in ``unit``.
        unit: of the amount.
        target: what it has to reach (a speed) or stay below (a time); None without one.
    """

    name: str
    amount: float
    unit: str
    target: float | None = None

    @property
    def is_reached(self) -> bool:
        """Whether the target holds; True without one."""
        if self.target is None:
            return True
        return self.amount <= self.target if self.unit == "us" else self.amount >= self.target


@dataclass(slots=True)
class MaskReader:
    """Takes slot 0, after features and mask have been made and read as a learned router does."""

    needs_features: bool = True
    name: str = "mask reader"
    pricing: Pricing = Pricing.CLOSED_FORM

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """Slot 0."""
        if self.needs_features:
            assert snapshot.mask()[0]
            assert snapshot.plans.features[0, 0] == 1.0
        return 0


def rate(work: Callable[[], int], repeats: int) -> float:
    """Units of work a second of this process's CPU time, best of some repeats."""
    best = 0.0
    for _ in range(repeats):
        begin = time.process_time()
        done = work()
        best = max(best, done / (time.process_time() - begin))
    return best


def decisions(trace: Trace, clock: str, level: str, needs_features: bool) -> Callable[[], int]:
    """A whole episode; returns its decisions."""
    agent = MaskReader(needs_features)
    return lambda: int(simulate(trace, agent, clock, level=level).metrics["num_decisions"])


def measure(bundle: Path | None, repeats: int = 3) -> list[Speed]:
    """Times everything, yardsticks before and after the clocks.

    Args:
        bundle: of a trained policy whose decisions are timed too.
        repeats: the best of so many counts.
    """
    warm_up = draw_trace(load_scenario("metro-small"), SEED)
    for clock in ("simpy", "compiled"):
        decisions(warm_up, clock, "events", True)()
    trace = draw_trace(load_scenario("metro"), SEED)
    speeds = [
        Speed("bare SimPy timeouts", rate(lambda: simpy_timeouts(200_000), repeats), "events/s"),
        Speed("bare heap loop in Python", rate(lambda: heap_events(500_000), repeats), "events/s"),
    ]
    for clock, level, needs_features, target in (
        ("simpy", "none", True, 10_000.0),
        ("simpy", "events", True, None),
        ("simpy", "none", False, None),
        ("compiled", "none", True, None),
        ("compiled", "events", True, None),
        ("compiled", "none", False, None),
    ):
        name = f"{clock} clock: plans" + (", features, mask" if needs_features else "")
        name += ", event log" if level == "events" else ""
        speeds.append(Speed(name, rate(decisions(trace, clock, level, needs_features), repeats), "decisions/s", target))
    speeds.append(Speed("one decision of myopic", latency(load_agent("myopic"), warm_up), "us", 200.0))
    learned = untrained() if bundle is None else load_agent(bundle)
    speeds.append(Speed(f"one decision of {learned.name}", latency(learned, warm_up), "us", 200.0))
    return speeds


def untrained() -> ExportedAgent:
    """A plan scorer of the size that is trained by default, exported."""
    model = to_onnx(PlanScorer(TrainingConfig().hidden))
    return ExportedAgent(model, Pricing.CLOSED_FORM, name="an untrained bundle")


def latency(agent: Agent, trace: Trace) -> float:
    """Median microseconds of wall time of one decision in process: plans, features, choice, events up to the next."""
    watch = DecisionWatch(agent)
    simulate(trace, watch, level="none")
    return float(np.median(watch.seconds) * 1e6)
