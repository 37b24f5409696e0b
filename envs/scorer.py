"""The plan scorer as plain arrays, so that a learned router can decide inside the compiled loop.

Value of a plan p, in currency units, greatest is best:

    -gap(p) + sum_j x_j(p) (sum_g prices[j, g] c_g) + out . relu(mid x + around)

x are the squashed features of the plan, gap is the base router's score above its best plan's, and c, the gates, are 1,
the preference weights as they are and the other features of the moment squashed. So the linear part are prices that
depend on the moment; the network is that of ``agents.learned.network.PlanScorer``, whence the arrays are taken.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.borrowing import borrowed
from envs.compiling import compiled, woven
from envs.feature_schema import NUM_CONTEXT, NUM_FEATURES, SCORE_GAP, WEIGHT_COST

NUM_GATES = 1 + NUM_CONTEXT
"""A constant, then the features of the moment."""


class Scorer(NamedTuple):
    """Weights, float32; H is 0 without a network."""

    prices: np.ndarray  # (NUM_FEATURES, NUM_GATES)
    plan_in: np.ndarray  # (NUM_FEATURES, H)
    plan_bias: np.ndarray  # (H,)
    plan_mid: np.ndarray  # (H, H)
    around_mid: np.ndarray  # (NUM_CONTEXT + H, H)
    mid_bias: np.ndarray  # (H,)
    out: np.ndarray  # (H,)


def linear(prices: np.ndarray | None = None) -> Scorer:
    """A scorer without a network.

    Args:
        prices: (NUM_FEATURES,), or (NUM_FEATURES, NUM_GATES) if they depend on the moment; None: the base router.
    """
    matrix = np.zeros((NUM_FEATURES, NUM_GATES), np.float32)
    if prices is not None:
        rows = np.asarray(prices, np.float32).reshape(NUM_FEATURES, -1)
        matrix[:, : rows.shape[1]] = rows
    shapes = ((NUM_FEATURES, 0), (0,), (0, 0), (NUM_CONTEXT, 0), (0,), (0,))
    return Scorer(matrix, *(np.zeros(shape, np.float32) for shape in shapes))


@compiled
def best_slot(features, context, count, scorer):
    """The slot of greatest value, the lowest of equals.

    Args:
        features: float32 (K, NUM_FEATURES).
        context: float32 (NUM_CONTEXT,).
        count: real slots.
        scorer: see ``Scorer``.
    """
    scorer = borrowed(scorer)
    gates, prices = np.ones(NUM_GATES, np.float32), np.zeros(NUM_FEATURES, np.float32)
    for i in range(NUM_CONTEXT):
        gates[1 + i] = context[i] if i >= WEIGHT_COST else squash(context[i])
    for j in range(NUM_FEATURES):
        for g in range(NUM_GATES):
            prices[j] += scorer.prices[j, g] * gates[g]
    has_network, values = len(scorer.out) > 0, np.zeros(count, np.float32)
    if has_network:
        _network(features, gates, count, scorer, values)
    best, best_value = 0, -np.inf
    for slot in range(count):
        value = values[slot] - features[slot, SCORE_GAP]
        for j in range(NUM_FEATURES):
            if prices[j] != 0.0:
                value += prices[j] * squash(features[slot, j])
        if value > best_value:
            best, best_value = slot, value
    return best


@woven
def squash(x):
    """Linear near zero, logarithmic far out: a rare huge cost does not drown the rest."""
    return np.float32(np.log1p(x)) if x >= 0.0 else np.float32(-np.log1p(-x))


@compiled
def _network(features, gates, count, scorer, values):
    """Writes what the network says of each plan."""
    width = len(scorer.out)
    own, pooled, around = np.zeros((count, width), np.float32), np.zeros(width, np.float32), scorer.mid_bias.copy()
    for slot in range(count):
        for h in range(width):
            own[slot, h] = scorer.plan_bias[h]
        for j in range(NUM_FEATURES):
            x = squash(features[slot, j])
            if x != 0.0:
                for h in range(width):
                    own[slot, h] += x * scorer.plan_in[j, h]
        for h in range(width):
            own[slot, h] = max(np.float32(0.0), own[slot, h])
            pooled[h] += own[slot, h] / np.float32(count)
    for i in range(NUM_CONTEXT):
        for h in range(width):
            around[h] += gates[1 + i] * scorer.around_mid[i, h]
    for k in range(width):
        for h in range(width):
            around[h] += pooled[k] * scorer.around_mid[NUM_CONTEXT + k, h]
    for slot in range(count):
        mixed = around.copy()
        for k in range(width):
            if own[slot, k] > 0.0:
                for h in range(width):
                    mixed[h] += own[slot, k] * scorer.plan_mid[k, h]
        for h in range(width):
            values[slot] += max(np.float32(0.0), mixed[h]) * scorer.out[h]
