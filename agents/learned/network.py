"""The plan scorer: one network for every plan, whatever their number or order.

Residual form: logit of plan p = (f(features of p, pooled context) - score of p above the best)/temperature, with f in
currency units and zero at the start, so that untrained it ranks plans exactly as the base router (weighted expected
cost plus bid prices). f is a linear part, prices of crowding and scarcity that depend on the moment, plus a network.

Source: deep sets (Zaheer et al. 2017) for the pooled context; residual policies (Silver et al. 2018).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from envs import feature_schema as schema
from envs.scorer import NUM_GATES, Scorer, linear

_CAUTION = 0.1
"""Scale of the network beside the linear part: with few and noisy returns the many weights should move less."""

EMPTY = -1.0e9
"""Logit of an empty slot."""


class PlanScorer(nn.Module):
    """Logits of plans and the value of the moment.

    Args:
        hidden: width of all layers.
        temperature: of the base router's score at the start, currency units; learned as its logarithm.
    """

    def __init__(self, hidden: int = 64, temperature: float = 0.3) -> None:
        super().__init__()
        self.log_temperature = nn.Parameter(torch.tensor(float(temperature)).log())
        self.plan_in = nn.Linear(schema.NUM_FEATURES, hidden)
        self.plan_mid = nn.Linear(hidden, hidden)
        self.context_mid = nn.Linear(schema.NUM_CONTEXT + hidden, hidden)
        self.plan_out = nn.Linear(hidden, 1)
        self.prices = nn.Parameter(torch.zeros(schema.NUM_FEATURES, NUM_GATES))
        self.value_mid = nn.Linear(schema.NUM_CONTEXT + hidden, hidden)
        self.value_out = nn.Linear(hidden, 1)
        nn.init.zeros_(self.plan_out.weight)
        nn.init.zeros_(self.plan_out.bias)

    def forward(self, plans: torch.Tensor, context: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores a batch of decisions.

        Args:
            plans: float32 (B, K, NUM_FEATURES).
            context: float32 (B, NUM_CONTEXT).

        Returns:
            Logits (B, K), ``EMPTY`` for empty slots, and values (B, 1).
        """
        worth, around = self._worth(plans, context)
        logits = worth * torch.exp(-self.log_temperature)
        value = self.value_out(torch.relu(self.value_mid(around)))
        return torch.where(plans[..., schema.IS_REAL] > 0.5, logits, torch.full_like(logits, EMPTY)), value

    def worth(self, plans: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """What each plan is worth, (B, K) currency units: the logits before the temperature."""
        return self._worth(plans, context)[0]

    def _worth(self, plans: torch.Tensor, context: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        real = plans[..., schema.IS_REAL]
        squashed = _squash(plans)
        own = torch.relu(self.plan_in(squashed))
        pooled = (own * real.unsqueeze(-1)).sum(dim=1) / real.sum(dim=1, keepdim=True).clamp(min=1.0)
        weights = context[:, schema.WEIGHT_COST :]  # the last columns
        moment = torch.cat([_squash(context[:, : schema.WEIGHT_COST]), weights], dim=-1)
        around = torch.cat([moment, pooled], dim=-1)
        mixed = torch.relu(self.plan_mid(own) + self.context_mid(around).unsqueeze(1))
        gates = torch.cat([torch.ones_like(moment[:, :1]), moment], dim=-1)
        linear = torch.matmul(squashed, torch.matmul(gates, self.prices.T).unsqueeze(-1))
        residual = (linear + _CAUTION * self.plan_out(mixed)).squeeze(-1)
        return residual - plans[..., schema.SCORE_GAP], around

    def arrays(self) -> Scorer:
        """The same scorer for the compiled loop; temperature and value are not needed there."""

        def plain(tensor: torch.Tensor) -> np.ndarray:
            return np.ascontiguousarray(tensor.detach().numpy(), np.float32)

        if not self.plan_out.weight.any():  # the network says nothing
            return linear(plain(self.prices))
        return Scorer(
            prices=plain(self.prices),
            plan_in=plain(self.plan_in.weight.T),
            plan_bias=plain(self.plan_in.bias),
            plan_mid=plain(self.plan_mid.weight.T),
            around_mid=plain(self.context_mid.weight.T),
            mid_bias=plain(self.plan_mid.bias + self.context_mid.bias),
            out=plain(_CAUTION * self.plan_out.weight[0]),
        )


def _squash(features: torch.Tensor) -> torch.Tensor:
    """Linear near zero, logarithmic far out: a rare huge cost does not drown the rest."""
    return torch.sign(features) * torch.log1p(torch.abs(features))
