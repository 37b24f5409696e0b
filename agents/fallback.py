"""Heuristics that decide in a bundle's stead: they must mean the score that its snapshots have."""

from __future__ import annotations

from collections.abc import Sequence

from agents.heuristics import RuleAgent
from agents.registry import load_agent
from envs.plan_table import Rule
from envs.prices import Pricing
from envs.protocol import Agent
from scenarios.errors import InputError

DUAL = "dual"
"""Follows bid prices that are solved on a schedule."""


def load_fallback(name: str) -> Agent:
    """A heuristic of a bundle. ``dual`` goes by the prices of the policy's pricer: it has no past of its own.

    Raises:
        InputError: an unknown name.
    """
    return RuleAgent(DUAL, Rule.SCORE, Pricing.SCHEDULED) if name == DUAL else load_agent(name)


def check_fallback(names: Sequence[str], pricing: Pricing) -> None:
    """A heuristic that follows the score must mean the score that the policy's snapshots have.

    Args:
        names: best first.
        pricing: of the policy.

    Raises:
        InputError: no fallback, an unknown heuristic, or one of another pricing.
    """
    if not names:
        raise InputError("fallback", [], "at least one heuristic", "name one, such as nearest")
    for name in names:
        agent = load_fallback(name)
        if getattr(agent, "rule", None) == Rule.SCORE and agent.pricing != pricing:
            raise InputError(
                "fallback",
                name,
                f"a heuristic with pricing {pricing.name}",
                "with closed-form bid prices it is primal-dual, with solved ones dual, without them myopic",
            )
