"""The plan scorer as a Stable-Baselines3 policy for MaskablePPO."""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from agents.learned.network import PlanScorer
from envs.feature_schema import NUM_CONTEXT, NUM_FEATURES
from envs.plan_table import MAX_PLANS


class _Concatenate(BaseFeaturesExtractor):
    """Hands plans and context on as one flat row."""

    def __init__(self, observation_space: spaces.Dict) -> None:
        super().__init__(observation_space, MAX_PLANS * NUM_FEATURES + NUM_CONTEXT)

    def forward(self, observation: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.cat([observation["plans"].flatten(1), observation["context"]], dim=1)


class _Scorer(nn.Module):
    """Splits the row again; 'latents' are logits for the actor and the value for the critic."""

    latent_dim_pi = MAX_PLANS
    latent_dim_vf = 1

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.scorer = PlanScorer(**settings)

    def forward(self, row: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        plans = row[:, : MAX_PLANS * NUM_FEATURES].reshape(-1, MAX_PLANS, NUM_FEATURES)
        return self.scorer(plans, row[:, MAX_PLANS * NUM_FEATURES :])

    def forward_actor(self, row: torch.Tensor) -> torch.Tensor:
        return self(row)[0]

    def forward_critic(self, row: torch.Tensor) -> torch.Tensor:
        return self(row)[1]


class PlanScoringPolicy(MaskableMultiInputActorCriticPolicy):
    """MaskablePPO's policy whose logits and value are the plan scorer's own outputs.

    Args:
        scorer: keyword arguments of ``PlanScorer``.
    """

    def __init__(self, *args: Any, scorer: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.scorer_settings = dict(scorer or {})
        kwargs |= {"features_extractor_class": _Concatenate, "ortho_init": False}
        super().__init__(*args, **kwargs)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _Scorer(**self.scorer_settings)  # type: ignore[assignment]

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        self.action_net = nn.Identity()
        self.value_net = nn.Identity()  # type: ignore[assignment]
        settings = {"lr": lr_schedule(1), **self.optimizer_kwargs}
        self.optimizer = self.optimizer_class(self.parameters(), **settings)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        data = super()._get_constructor_parameters()
        data.pop("features_extractor_class", None)
        return data | {"scorer": self.scorer_settings}
