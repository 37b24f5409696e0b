"""What a replay has come to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from envs.metrics import Metrics
from serve.decisions.answer import DecisionAnswer

_SHARES = {
    "late_line_rate": "late lines",
    "otif_rate": "orders on time and in full",
    "split_rate": "split orders",
    "decline_rate": "declined",
    "cancel_rate": "cancelled",
}


@dataclass(slots=True)
class Report:
    """Counted while a trace is replayed.

    Attributes:
        stages: decisions by who decided.
        fallbacks: why the policy did not, and how often.
        latencies_ms: of each decision as the shop saw it, sending again included.
        num_events: that were told.
        strayed: ids of orders whose plan the world could not carry out, as the endpoint knew it otherwise than it was.
        metrics: of the world in the end, see ``envs.metrics.measure``.
        seconds: that the replay took.
    """

    stages: Counter[str] = field(default_factory=Counter)
    fallbacks: Counter[str] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    num_events: int = 0
    strayed: list[str] = field(default_factory=list)
    metrics: Metrics = field(default_factory=dict)
    seconds: float = 0.0

    def count(self, answer: DecisionAnswer, latency_ms: float) -> None:
        """One decision more."""
        self.stages[answer.stage] += 1
        self.latencies_ms.append(latency_ms)
        if answer.fallback_reason:
            self.fallbacks[answer.fallback_reason] += 1

    def lines(self) -> list[str]:
        """For a terminal."""
        decided, many = sum(self.stages.values()), np.array(self.latencies_ms or [0.0])
        stages = ", ".join(f"{stage} {number:,}" for stage, number in self.stages.most_common())
        middle, high = np.quantile(many, (0.5, 0.99))
        found = [
            f"{decided:,} decisions and {self.num_events:,} events in {self.seconds:.1f} s",
            f"decided by: {stages or 'nobody'}",
            f"latency: median {middle:.1f} ms, 99 % {high:.1f} ms, most {many.max():.1f} ms",
        ]
        found += [f"  fallback, {number:,} times: {reason}" for reason, number in self.fallbacks.most_common(5)]
        if self.metrics:
            shares = (f"{words} {self.metrics[name]:.2%}" for name, words in _SHARES.items())
            found.append(", ".join([f"cost an order {self.metrics['cost_per_order']:.4f}", *shares]))
        if self.strayed:
            some = ", ".join(self.strayed[:5])
            found.append(f"{len(self.strayed):,} plans could not be carried out, of {some}: see docs/replay.md")
        return found
