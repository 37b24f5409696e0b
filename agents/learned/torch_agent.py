"""The policy in torch: used while it is learned, and to check its export."""

from __future__ import annotations

import numpy as np
import torch

from agents.learned.network import PlanScorer
from envs.batch import BatchSnapshot
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.network import Network


class TorchAgent:
    """Takes the plan with the greatest logit, ties the lowest slot."""

    needs_features = True

    def __init__(self, scorer: PlanScorer, pricing: Pricing, name: str = "learned") -> None:
        self.scorer, self.pricing, self.name = scorer.eval(), pricing, name

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def scores(self, features: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Logits float32 (K,) of one decision."""
        with torch.no_grad():
            plans, around = torch.from_numpy(features[None].copy()), torch.from_numpy(context[None].copy())
            return self.scorer(plans, around)[0][0].numpy()

    def choose(self, snapshot: Snapshot) -> int:
        """Slot with the greatest logit."""
        return int(self.scores(snapshot.plans.features, snapshot.plans.context)[: snapshot.num_plans].argmax())

    def choose_batch(self, batch: BatchSnapshot) -> np.ndarray:
        """Slots with the greatest logits."""
        with torch.no_grad():
            plans, around = torch.from_numpy(batch.features.copy()), torch.from_numpy(batch.context.copy())
            logits = self.scorer(plans, around)[0].numpy()
        return np.where(batch.masks(), logits, -np.inf).argmax(axis=1)
