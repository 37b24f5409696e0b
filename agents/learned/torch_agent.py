"""A policy that is a plan scorer in torch."""

from __future__ import annotations

import numpy as np
import torch

from agents.learned.base import Base
from agents.learned.network import PlanScorer
from envs.batch import BatchSnapshot
from envs.inner import Code, Inner
from envs.scorer import best_slot
from envs.snapshot import Snapshot
from scenarios.network import Network


class TorchAgent:
    """Takes the plan that is worth most, ties the lowest slot; the compiled scorer decides, inside the loop or out.

    Args:
        scorer: a plan scorer.
        base: whose bid prices are in the score.
        name: for reports.
    """

    needs_features = True

    def __init__(self, scorer: PlanScorer, base: Base, name: str = "learned") -> None:
        self.scorer, self.name = scorer.eval(), name
        self.pricing, self.pricer = base.pricing, base.pricer
        self._arrays = scorer.arrays()

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def scores(self, features: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Logits float32 (K,) of one decision."""
        with torch.no_grad():
            plans, around = torch.from_numpy(features[None].copy()), torch.from_numpy(context[None].copy())
            return self.scorer(plans, around)[0][0].numpy()

    @property
    def inner(self) -> Inner:
        """The same scorer inside the loop."""
        return Inner(Code.SCORER, scorer=self._arrays)

    def choose(self, snapshot: Snapshot) -> int:
        """Slot of the plan that is worth most."""
        return int(best_slot(snapshot.plans.features, snapshot.plans.context, snapshot.num_plans, self._arrays))

    def choose_batch(self, batch: BatchSnapshot) -> np.ndarray:
        """Slots of the plans that are worth most."""
        rows = zip(batch.features, batch.context, batch.num_plans.tolist(), strict=True)
        return np.array([best_slot(features, context, count, self._arrays) for features, context, count in rows])
