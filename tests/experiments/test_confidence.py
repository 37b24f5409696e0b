"""Confidence against what came of it: counted by hand, and on traces of a small scenario."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from agents.learned.base import PRIMAL_DUAL
from agents.learned.lessons import Lessons
from agents.learned.network import PlanScorer
from envs.feature_schema import IS_REAL, NUM_CONTEXT, NUM_FEATURES, SCORE_GAP
from envs.plan_table import MAX_PLANS
from experiments.confidence import BANDS, confidence_of, outcomes_of, reliability
from scenarios.registry import load_scenario
from scenarios.seeds import VALIDATION
from serve.policies.reliability import Reliability, reliability_of

EVEN = (1.0, 1.0, 1.0)
SEEDS = VALIDATION[20:24]


def test_bands_are_counted() -> None:
    told = np.array([0.25, 0.6, 0.65, 0.95, 1.0])
    among_tried = np.array([0.5, 0.7, 0.7, 1.0, 1.0])
    found = reliability(told, among_tried, np.array([False, True, False, True, True]))
    assert (found["num_decisions"], found["cheapest_share"]) == (5, pytest.approx(0.6))
    assert (found["mean_confidence"], found["mean_among_tried"]) == (pytest.approx(0.69), pytest.approx(0.78))
    assert [(row["low"], row["high"], row["num_decisions"]) for row in found["bands"]] == [
        (0.0, 0.3, 1),
        (0.5, 0.7, 2),
        (0.95, 1.0, 2),  # what is sure belongs to the last band
    ]
    assert found["expected_calibration_error"] == pytest.approx((0.5 + 2 * 0.2 + 2 * 0.0) / 5)
    middle = found["bands"][1]
    assert middle["cheapest_share"] == 0.5
    assert (middle["share_low"], middle["share_high"]) == pytest.approx((0.0945, 0.9055), abs=1e-4)  # Wilson, 1 of 2


def test_an_edge_opens_its_band() -> None:
    for low, high in pairwise(BANDS):
        (band,) = reliability(np.array([low]), np.array([1.0]), np.array([True]))["bands"]
        assert (band["low"], band["high"]) == (low, high)


def test_a_calibrated_confidence_has_a_small_error_and_a_boaster_a_large_one() -> None:
    random = np.random.default_rng(7)
    confidence = random.random(20_000)
    came = random.random(20_000) < confidence
    assert reliability(confidence, confidence, came)["expected_calibration_error"] < 0.02
    boaster = np.sqrt(confidence)
    assert reliability(boaster, boaster, came)["expected_calibration_error"] == pytest.approx(2 / 3 - 1 / 2, abs=0.01)


def lesson(gaps: list[float], costs: list[float], tried: list[int]) -> Lessons:
    """One decision with plans that are so much worse than the best, and cost so much more in the end."""
    features = np.zeros((1, MAX_PLANS, NUM_FEATURES), np.float32)
    features[0, : len(gaps), IS_REAL], features[0, : len(gaps), SCORE_GAP] = 1.0, gaps
    cost, is_tried = np.zeros((1, MAX_PLANS), np.float32), np.zeros((1, MAX_PLANS), bool)
    cost[0, tried], is_tried[0, tried] = costs, True
    return Lessons(features, np.zeros((1, NUM_CONTEXT), np.float32), cost, is_tried, 1)


def test_the_plan_that_is_taken_counts() -> None:
    scorer = PlanScorer(8, temperature=0.5)
    confidence, among_tried, is_cheapest = outcomes_of(scorer, lesson([0.0, 0.5, 0.5], [0.0, 3.0], [0, 1]))
    assert confidence == pytest.approx([1 / (1 + 2 * np.exp(-1))])
    assert among_tried == pytest.approx([1 / (1 + np.exp(-1))])
    assert is_cheapest.tolist() == [True]
    assert outcomes_of(scorer, lesson([0.0, 0.5], [0.01, 0.0], [0, 1]))[2].tolist() == [False]
    assert outcomes_of(scorer, lesson([0.5, 0.0], [0.01, 0.0], [0, 1]))[2].tolist() == [True]
    assert len(outcomes_of(scorer, lesson([0.0, 0.5], [0.0], [1]))[0]) == 0  # what was not tried says nothing


def test_traces_tell_the_same_twice_and_a_hot_policy_is_less_sure() -> None:
    torch.manual_seed(1)
    scenario, sure, hot = load_scenario("tiny"), PlanScorer(8, temperature=0.05), PlanScorer(8, temperature=50.0)
    found = confidence_of(sure, scenario, PRIMAL_DUAL, EVEN, 12, SEEDS)
    assert found == confidence_of(sure, scenario, PRIMAL_DUAL, EVEN, 12, SEEDS)
    assert found["validation_seeds"] == [SEEDS[0], SEEDS[-1]]
    assert reliability_of({"evaluation": {"confidence": found}}) == Reliability(**found)
    assert found["num_decisions"] == sum(row["num_decisions"] for row in found["bands"]) > 50
    doubting = confidence_of(hot, scenario, PRIMAL_DUAL, EVEN, 12, SEEDS)
    assert doubting["mean_confidence"] < 0.6 < found["mean_confidence"]
    assert doubting["cheapest_share"] == found["cheapest_share"]  # what it takes is the same, only its doubt is not


def test_no_traces_tell_nothing() -> None:
    assert confidence_of(PlanScorer(8), load_scenario("tiny"), PRIMAL_DUAL, EVEN, 12, SEEDS[:0]) == {}


def test_a_calibrated_policy_is_not_blamed_for_plans_that_were_not_tried() -> None:
    """Thirty-two plans, of which the best comes out as often as it is told to; only some of them are tried."""
    random, num, plans = np.random.default_rng(3), 6000, 32
    chances = random.dirichlet(np.full(plans, 0.5), num)
    best = np.array([random.choice(plans, p=row) for row in chances])
    order = np.argsort(-chances, axis=1)
    tried = np.concatenate([order[:, :3], order[:, 10:12]], axis=1)
    has_best = (tried == best[:, None]).any(axis=1)  # else another one was, and of those tried one is
    confidence, known = chances[np.arange(num), order[:, 0]], np.take_along_axis(chances, tried, 1)
    winner = np.array([random.choice(tried[i], p=known[i] / known[i].sum()) for i in range(num)])
    came = np.where(has_best, best, winner) == order[:, 0]
    found = reliability(confidence, confidence / known.sum(axis=1), came)
    assert found["expected_calibration_error"] < 0.02
    assert found["cheapest_share"] > found["mean_confidence"] + 0.1
