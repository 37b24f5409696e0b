"""Recorded decisions: what golden cases and reference histograms are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

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
        document: order and snapshot as JSON values, see ``agents.documents``.
        features: float32 (K, NUM_FEATURES).
        context: float32 (NUM_CONTEXT,).
        num_plans: real slots.
        slot: what was chosen.
    """

    document: dict[str, Any]
    features: np.ndarray
    context: np.ndarray
    num_plans: int
    slot: int


@dataclass(slots=True)
class Recorder(Onlooker):
    """Lets another agent decide and keeps every ``every``-th decision; itself an agent.

    Attributes:
        agent: who decides.
        names: names of the trace being played.
        every: 1 keeps all.
        decisions: what was kept.
    """

    agent: Agent
    names: Names
    every: int = 1
    decisions: list[Decision] = field(default_factory=list)
    needs_features: bool = True

    def choose(self, snapshot: Snapshot) -> int:
        """The choice of the agent behind."""
        slot = self.agent.choose(snapshot)
        if snapshot.decision_id % self.every == 0:
            features, context = snapshot.plans.features.copy(), snapshot.plans.context.copy()
            document = to_document(snapshot, self.names)
            self.decisions.append(Decision(document, features, context, snapshot.num_plans, slot))
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


def reference_histograms(decisions: Sequence[Decision]) -> dict[str, Any]:
    """Histograms that later traffic is compared with.

    Returns:
        ``features`` (of all real plans) and ``context``: name to inner ``edges`` (deciles, distinct) and ``counts`` of
        the len(edges) + 1 bins, where a value on an edge belongs to the bin above; ``slots``: how often each slot
        was chosen; ``num_decisions``.
    """
    plans = np.concatenate([row.features[: row.num_plans] for row in decisions])
    contexts = np.stack([row.context for row in decisions])
    return {
        "num_decisions": len(decisions),
        "features": {feature.name: _histogram(plans[:, i]) for i, feature in enumerate(SLOT_FEATURES)},
        "context": {feature.name: _histogram(contexts[:, i]) for i, feature in enumerate(CONTEXT_FEATURES)},
        "slots": np.bincount([row.slot for row in decisions], minlength=MAX_PLANS).tolist(),
    }


def _histogram(values: np.ndarray) -> dict[str, list[float]]:
    levels = np.linspace(0, 1, NUM_BINS + 1)[1:-1]
    edges = np.unique(np.quantile(values.astype(np.float64), levels))
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "counts": counts.tolist()}
