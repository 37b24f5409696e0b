"""Every kind of agent: the heuristics, a learned router that reads every feature, one with scheduled bid prices."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from agents import agent_names, load_agent
from agents.learned.base import PRIMAL_DUAL
from agents.learned.network import PlanScorer
from agents.learned.torch_agent import TorchAgent
from envs.protocol import Agent
from tests.priced import Priced, ToyPricer

EVERY_AGENT = [*agent_names(), "learned", "scheduled"]

UNLIKE = frozenset({"random", "myopic", "hold-once", "learned", "scheduled"})
"""They choose by chance, by score, to wait, from features, by prices that change; others differ in their rule only."""

EACH_AGENT = [pytest.param(name, marks=[] if name in UNLIKE else pytest.mark.slow) for name in EVERY_AGENT]
"""Parameters: of those that differ in their rule alone, the slow tests have the turn."""


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
    """The agent of that name; ``learned`` has random weights, ``scheduled`` follows bid prices solved on a schedule."""
    if name == "scheduled":
        return Priced(load_agent("myopic"), ToyPricer())
    return TorchAgent(perturbed_scorer(), PRIMAL_DUAL) if name == "learned" else load_agent(name)
