"""Every agent that the project has: the heuristics, and a learned router that reads every feature."""

from __future__ import annotations

from functools import cache

import torch

from agents import agent_names, load_agent
from agents.learned.network import PlanScorer
from agents.learned.torch_agent import TorchAgent
from envs.prices import Pricing
from envs.protocol import Agent

EVERY_AGENT = [*agent_names(), "learned"]


@cache
def perturbed_scorer(seed: int = 0, scale: float = 0.3) -> PlanScorer:
    """A scorer whose residual is not zero."""
    generator = torch.Generator().manual_seed(seed)
    scorer = PlanScorer(hidden=32)
    with torch.no_grad():
        for parameter in scorer.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return scorer.eval()


def agent_of(name: str) -> Agent:
    """The agent of that name; ``learned`` is one with random weights."""
    return TorchAgent(perturbed_scorer(), Pricing.CLOSED_FORM) if name == "learned" else load_agent(name)
