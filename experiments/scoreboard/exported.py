"""How long an exported policy takes for a decision, in process."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.bundle import best_slot
from envs.pricer import Pricer
from envs.prices import Pricing
from envs.protocol import Onlooker
from envs.simulation import simulate
from envs.snapshot import Snapshot
from experiments.export import hushed
from scenarios.network import Network
from scenarios.scenario import Scenario
from scenarios.trace import Trace

if TYPE_CHECKING:
    from agents.learned.training_config import TrainingConfig

MICROSECONDS = 1e6

LEAST_DECISIONS = 1_000
"""That are timed. The first ones of a trace find nothing in the processor's caches, and a short trace has no others."""


class ExportedAgent:
    """A policy as it is exported: its ONNX file, run by the reader that bundles run it with.

    Args:
        model: content of the file.
        pricing: bid prices that are in the score.
        pricer: the job that solves them, with ``SCHEDULED`` only.
        name: for tables.
    """

    needs_features = True

    def __init__(
        self, model: bytes, pricing: Pricing, pricer: Pricer | None = None, name: str = "an exported policy"
    ) -> None:
        self.pricing, self.pricer, self.name = pricing, pricer, name
        self._model = import_module("agents.scoring_model").ScoringModel(model)

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """Slot with the greatest logit."""
        scores = self._model.scores(snapshot.plans.features, snapshot.plans.context)
        return best_slot(scores, snapshot.num_plans)


class DecisionWatch(Onlooker):
    """Times another agent, its choices and all that lies between two of them: events, bid prices, plans, features.

    Attributes:
        seconds: from choice to choice, one a decision.
        choosing: of these for the choice.
    """

    needs_features = True

    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self.seconds: list[float] = []
        self.choosing: list[float] = []
        self._before = 0.0

    def start(self, network: Network) -> None:
        """Starts the agent."""
        super().start(network)
        self._before = time.perf_counter()

    def choose(self, snapshot: Snapshot) -> int:
        """The agent's choice."""
        begun = time.perf_counter()
        slot: int = self.agent.choose(snapshot)
        now = time.perf_counter()
        self.seconds.append(now - self._before)
        self.choosing.append(now - begun)
        self._before = now
        return slot


def decision_times(policy: Path, config: TrainingConfig, scenario: Scenario, trace: Trace) -> dict[str, float]:
    """Exports a policy and plays a trace with it on the compiled clock, asked from Python decision by decision; again
    and again, until there are enough of them.

    Args:
        policy: its file.
        config: that it was trained with.
        scenario: that the trace is of.
        trace: played.

    Returns:
        Medians over decisions, microseconds of wall time: ``decision_us`` with plans, features, bid prices and events
        up to the next decision, ``choice_us`` without.
    """
    export, base = import_module("agents.learned.export"), import_module("agents.learned.base").Base
    stands = base.of(scenario, Pricing[config.pricing])
    with hushed():
        model = export.to_onnx(export.load_scorer(policy))
    watch = DecisionWatch(ExportedAgent(model, stands.pricing, stands.pricer))
    while len(watch.seconds) < LEAST_DECISIONS:
        simulate(trace, watch, level="none")
    medians = (float(np.median(values)) * MICROSECONDS for values in (watch.seconds, watch.choosing))
    return dict(zip(("decision_us", "choice_us"), medians, strict=True))
