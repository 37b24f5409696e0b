"""Which preference weights a training plays its traces with: always the same, or others for each trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LATENESS, CARBON = (0.25, 6.0), (1.0, 40.0)
"""Ranges of the weights of a conditioned policy, cost weighing 1. Carbon is a hundredth of the cost of most orders, so
it takes great weights to matter. Source: assumption."""

_STREAM = 29


@dataclass(frozen=True)
class Preferences:
    """Weights over cost, lateness and carbon.

    Attributes:
        weights: of every trace, unless they are drawn.
        is_drawn: a trace's weights are drawn by its seed, evenly in logarithms, over ``LATENESS`` and ``CARBON``.
    """

    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    is_drawn: bool = False

    def of(self, seed: int) -> tuple[float, float, float]:
        """Weights that the trace of ``seed`` is played with, to thousandths, as worlds keep them."""
        if not self.is_drawn:
            return self.weights
        low, high = np.log(np.array([LATENESS, CARBON])).T
        drawn = np.exp(np.random.default_rng([_STREAM, seed]).uniform(low, high))
        return 1.0, round(float(drawn[0]), 3), round(float(drawn[1]), 3)
