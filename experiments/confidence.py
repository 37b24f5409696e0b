"""How often the plan that a policy was so sure of turned out the cheapest: the calibration of its confidence.

Confidence is the probability that the policy's network gives to the plan it takes. The network was taught which plan is
worth more, not how often, so that this number is a measure of preference until it is held against what happened. Here
it is, on validation traces: at some decisions several plans are tried in the very same future, as in
``agents.learned.lessons``, and it is counted how often the policy's own was the cheapest of them. One future decides,
so that luck is in it: a plan that is best on average is not always the best in the end.

Source: Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks" (reliability by bands, expected
calibration error).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest

from agents.learned.base import Base
from agents.learned.lessons import Lessons, lessons_of, together
from agents.learned.network import PlanScorer
from scenarios.draw import draw_trace
from scenarios.local_time import HOUR_SECONDS
from scenarios.scenario import Scenario

BANDS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Edges of the bands of confidence; the last one holds its upper edge."""

_PER_TRACE = 60
"""Decisions of a trace at which plans are tried, in the mean."""

_SAME = 5e-6
"""Currency units, half a millicent: plans that differ by less cost the same."""


def confidence_of(
    scorer: PlanScorer,
    scenario: Scenario,
    base: Base,
    weights: tuple[float, float, float],
    horizon_hours: int,
    seeds: range,
) -> dict[str, Any]:
    """What is known of a policy's confidence.

    Args:
        scorer: the policy's network.
        scenario: that it was trained for.
        base: router that it was trained with.
        weights: preferences that it was trained with.
        horizon_hours: orders that arrive later than this after a decision do not count for it.
        seeds: of the validation traces that are played.

    Returns:
        JSON values: ``validation_seeds`` (first and last), ``horizon_hours``, and what ``reliability`` returns. Empty
        if the traces held no decision with two plans.
    """
    played = []
    for seed in seeds:
        world_then = scenario.at(seed)
        trace = draw_trace(world_then, seed)
        world = base.remembered(trace, weights).world(trace, weights)
        share, horizon = min(1.0, _PER_TRACE / max(1, trace.num_orders)), horizon_hours * HOUR_SECONDS
        played.append(lessons_of(world, weights, scorer.arrays(), share=share, horizon_seconds=horizon, seed=seed))
    if not any(len(lessons) for lessons in played):
        return {}
    facts = {"validation_seeds": [seeds[0], seeds[-1]], "horizon_hours": horizon_hours}
    return facts | reliability(*outcomes_of(scorer, together(played)))


def outcomes_of(scorer: PlanScorer, lessons: Lessons) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidence in the plan that the policy takes, the same among those tried, and whether it was their cheapest.

    Returns:
        float (N,) from 0 to 1, float (N,) not below it, and bool (N,).
    """
    with torch.no_grad():
        logits, _ = scorer(torch.from_numpy(lessons.features), torch.from_numpy(lessons.context))
        probabilities = torch.softmax(logits.double(), dim=1).numpy()
    taken = probabilities.argmax(axis=1)
    rows = np.flatnonzero(lessons.is_tried[np.arange(len(lessons)), taken])  # but for ties it is tried
    confidence, tried = probabilities[rows, taken[rows]], (probabilities * lessons.is_tried)[rows].sum(axis=1)
    return confidence, confidence / tried, lessons.costs[rows, taken[rows]] <= _SAME


def reliability(confidence: np.ndarray, among_tried: np.ndarray, is_cheapest: np.ndarray) -> dict[str, Any]:
    """Confidence against what came of it.

    Not all plans are tried, so what is held against the outcome is the probability among those that were.

    Args:
        confidence: float (N,) from 0 to 1, N above 0.
        among_tried: float (N,), the probability if only plans that were tried could be taken.
        is_cheapest: bool (N,), of those tried.

    Returns:
        ``num_decisions``; ``mean_confidence``; ``mean_among_tried``; ``cheapest_share``;
        ``expected_calibration_error``: mean distance of the last two over bands, weighted by their decisions;
        ``bands``: of each that holds a decision its edges of confidence, ``low`` and ``high``, the same three means
        and ``num_decisions``, and the Wilson interval of 95 % of the share, ``share_low`` and ``share_high``, for
        decisions that do not depend on each other.
    """
    band_of = np.minimum(np.searchsorted(BANDS, confidence, side="right") - 1, len(BANDS) - 2)
    bands = []
    for band in np.unique(band_of):
        is_in = band_of == band
        count, num = int(is_cheapest[is_in].sum()), int(is_in.sum())
        interval = binomtest(count, num).proportion_ci(0.95, "wilson")
        bands.append(
            {
                "low": BANDS[band],
                "high": BANDS[band + 1],
                "num_decisions": num,
                "mean_confidence": float(confidence[is_in].mean()),
                "mean_among_tried": float(among_tried[is_in].mean()),
                "cheapest_share": count / num,
                "share_low": float(interval.low),
                "share_high": float(interval.high),
            }
        )
    apart = sum(row["num_decisions"] * abs(row["mean_among_tried"] - row["cheapest_share"]) for row in bands)
    return {
        "num_decisions": len(confidence),
        "mean_confidence": float(confidence.mean()),
        "mean_among_tried": float(among_tried.mean()),
        "cheapest_share": float(is_cheapest.mean()),
        "expected_calibration_error": apart / len(confidence),
        "bands": bands,
    }
