"""Recorded decisions: what golden cases and reference histograms are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.shift import largest_gap, stability_index
from agents.snapshot_document import to_document
from envs.feature_schema import CONTEXT_FEATURES, SLOT_FEATURES
from envs.plan_table import MAX_PLANS
from envs.protocol import Agent, Onlooker
from envs.snapshot import Snapshot
from scenarios.trace import Names

NUM_BINS = 10
_CLEAR = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """One recorded decision.

    Attributes:
        document: order and snapshot as JSON values, see ``agents.documents``; empty if they were not asked for.
        features: float32 (K, NUM_FEATURES).
        context: float32 (NUM_CONTEXT,).
        num_plans: real slots.
        slot: what was chosen.
        at: seconds since the episode began.
    """

    document: dict[str, Any]
    features: np.ndarray
    context: np.ndarray
    num_plans: int
    slot: int
    at: int = 0


@dataclass(slots=True)
class Recorder(Onlooker):
    """Lets another agent decide and keeps every ``every``-th decision; itself an agent.

    Attributes:
        agent: who decides.
        names: names of the trace being played.
        every: 1 keeps all.
        has_documents: whether decisions are kept with order and snapshot, as golden cases need them.
        decisions: what was kept.
    """

    agent: Agent
    names: Names
    every: int = 1
    has_documents: bool = True
    decisions: list[Decision] = field(default_factory=list)
    needs_features: bool = True

    def choose(self, snapshot: Snapshot) -> int:
        """The choice of the agent behind."""
        slot = self.agent.choose(snapshot)
        if snapshot.decision_id % self.every == 0:
            features, context = snapshot.plans.features.copy(), snapshot.plans.context.copy()
            document = to_document(snapshot, self.names) if self.has_documents else {}
            at = int(snapshot.seen.clock["now_seconds"][0])
            self.decisions.append(Decision(document, features, context, snapshot.num_plans, slot, at))
        return slot


@dataclass(frozen=True, slots=True, eq=False)
class GoldenCase:
    """A decision that a sound bundle repeats.

    Attributes:
        document: order and snapshot.
        slot: expected choice.
        scores: expected logits of the real slots.
    """

    document: dict[str, Any]
    slot: int
    scores: list[float]


def golden_cases(
    decisions: Sequence[Decision], score: Callable[[np.ndarray, np.ndarray], np.ndarray], num_cases: int = 20
) -> list[GoldenCase]:
    """Evenly spread decisions with the choice and the scores that a policy must give for them; no near-ties.

    Args:
        decisions: recorded with the policy's pricing.
        score: float32 (K, NUM_FEATURES) and (NUM_CONTEXT,) to logits (K,): the network before its export, so that
            the bundle's check compares two implementations.
        num_cases: how many at most.
    """
    cases = []
    for decision in decisions:
        scores = np.asarray(score(decision.features, decision.context), np.float64)[: decision.num_plans]
        best = np.sort(scores)[::-1][:2]
        if len(best) == 1 or best[0] - best[1] > _CLEAR * max(1.0, abs(best[0])):
            cases.append(GoldenCase(decision.document, int(scores.argmax()), scores.tolist()))
    if not cases:
        return []
    return [cases[position] for position in np.unique(np.linspace(0, len(cases) - 1, num_cases).astype(int))]


def reference_histograms(windows: Sequence[Sequence[Decision]], window_seconds: int) -> dict[str, Any]:
    """Histograms that later traffic is compared with, and how far apart windows of the same traffic are.

    Args:
        windows: decisions of periods of the same length, independent of each other as far as can be.
        window_seconds: their length.

    Returns:
        ``features`` (of all real plans) and ``context``, by name, and ``choices`` (the chosen slots): inner ``edges``
        and ``counts`` of the len(edges) + 1 bins, where a value on an edge belongs to the bin above; ``psi`` and
        ``gap`` of each window against all others together, none if there is but one. ``num_decisions`` by window
        and ``window_seconds``.
    """
    plans = [np.concatenate([row.features[: row.num_plans] for row in window]) for window in windows]
    contexts = [np.stack([row.context for row in window]) for window in windows]
    slots = [np.array([row.slot for row in window]) for window in windows]
    return {
        "window_seconds": window_seconds,
        "num_decisions": [len(window) for window in windows],
        "features": {feature.name: _histogram([row[:, i] for row in plans]) for i, feature in enumerate(SLOT_FEATURES)},
        "context": {
            feature.name: _histogram([row[:, i] for row in contexts]) for i, feature in enumerate(CONTEXT_FEATURES)
        },
        "choices": _compared(slots, np.arange(1, MAX_PLANS)),
    }


def windows_of(decisions: Sequence[Decision], window_seconds: int, num_windows: int) -> list[list[Decision]]:
    """Decisions of an episode by window; what comes after the last one, when orders come no more, belongs to it."""
    windows: list[list[Decision]] = [[] for _ in range(num_windows)]
    for row in decisions:
        windows[min(row.at // window_seconds, num_windows - 1)].append(row)
    return [window for window in windows if window]


def _histogram(windows: Sequence[np.ndarray]) -> dict[str, Any]:
    """Bins at the deciles; a value that takes more than one decile has a bin of its own."""
    levels = np.linspace(0, 1, NUM_BINS + 1)
    quantiles = np.quantile(np.concatenate(windows), levels, method="lower").astype(np.float32)
    often = quantiles[1:][quantiles[1:] == quantiles[:-1]]
    above = np.nextafter(often, np.float32(np.inf), dtype=np.float32)
    return _compared(windows, np.unique(np.concatenate([quantiles[1:-1], often, above])).astype(np.float64))


def _compared(windows: Sequence[np.ndarray], edges: np.ndarray) -> dict[str, Any]:
    counts = np.stack([count(edges, values) for values in windows])
    total = counts.sum(axis=0)
    others = [] if len(counts) == 1 else [(total - row, row) for row in counts]
    return {
        "edges": edges.tolist(),
        "counts": total.tolist(),
        "psi": [round(stability_index(rest, row), 6) for rest, row in others],
        "gap": [round(largest_gap(rest, row), 6) for rest, row in others],
    }


def count(edges: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How many values are in each of the len(edges) + 1 bins; int64."""
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
