"""Which agents are close rivals: far-off ones would squeeze the differences that matter."""

from __future__ import annotations

from experiments.results import Results

RATIO = 3.0
"""A difference that is so many times the next smaller one begins the far-off group (assumption)."""


def close_rivals(results: Results) -> tuple[str, ...]:
    """The reference and the agents near it in mean cost; everybody if there is no clear gap."""
    ranked = sorted(results.agents, key=lambda agent: abs(results.difference(agent).mean))
    gaps = [abs(results.difference(agent).mean) for agent in ranked]
    least = 0.002 * abs(results.mean(results.reference))
    best, cut = RATIO, len(ranked)
    for position in range(2, len(ranked)):
        ratio = gaps[position] / max(gaps[position - 1], least, 1e-9)
        if ratio > best:
            best, cut = ratio, position
    return tuple(ranked[:cut])
