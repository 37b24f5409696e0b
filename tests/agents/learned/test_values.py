"""Lessons tell what plans lead to; what is fitted to them explains them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.learned import values
from agents.learned.base import PRIMAL_DUAL
from agents.learned.lessons import Lessons, Outcomes, lessons_of, together
from agents.learned.network import PlanScorer
from agents.learned.terms import TERMS, PriceList
from agents.learned.training_config import TrainingConfig
from agents.learned.values import (
    Trial,
    ValueState,
    fitted_network,
    fitted_prices,
    louder,
    next_round,
    with_prices,
)
from envs import World
from envs.compiled_clock import CompiledClock
from envs.costs import MILLICENTS
from envs.feature_schema import NUM_CONTEXT, SCORE_GAP
from envs.inner import Code, Inner
from envs.plan_table import MAX_PLANS
from envs.scorer import linear
from scenarios import draw_trace, load_scenario
from scenarios.seeds import HISTORY

SCENARIO = load_scenario("metro-small", horizon_days=2)
EVEN = (1.0, 1.0, 1.0)
LONG_SECONDS = 60 * 86400


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    return lessons_of(new_world(8), EVEN, linear(), share=0.2, horizon_seconds=6 * 3600, seed=1)


def new_world(seed: int) -> World:
    return PRIMAL_DUAL.world(draw_trace(SCENARIO, seed), EVEN)


def test_outcomes_are_those_of_whole_episodes():
    """With no horizon, a slot leads to what an episode costs that takes it, less what is left on the shelves."""

    def played(num_answered: int, slot: int, prices: np.ndarray) -> float:
        world = new_world(4)
        clock = CompiledClock(world)
        is_due, num_seen = clock.start(), 0
        while is_due:
            is_due = clock.answer(slot if num_seen == num_answered else 0)
            num_seen += 1
        left = world.seen.stock["on_hand_units"] - world.seen.stock["allocated_units"]
        return world.weighted_cost(EVEN) - (left * prices).sum() / MILLICENTS

    world = new_world(4)
    clock, outcomes = CompiledClock(world), Outcomes(world, Inner(Code.SCORER), LONG_SECONDS, EVEN)
    is_due, num_answered, num_priced, num_asked = clock.start(), 0, 0, 0
    while is_due and num_asked < 12:
        count, prices = min(4, int(world.plans.counts[0])), world.seen.stock["bid_price_millicents"].copy()
        if count > 1 and num_answered % 9 == 0:
            costs = np.array([played(num_answered, slot, prices) for slot in range(count)])
            np.testing.assert_allclose(outcomes.costs(list(range(count))), costs - costs.min(), atol=1e-6)
            num_asked += costs.min() < costs.max()
            num_priced += prices.any()
        is_due = clock.answer(0)
        num_answered += 1
    assert num_asked == 12
    assert num_priced > 3


def test_what_was_tried_is_marked_and_the_rest_is_nothing(lessons):
    assert len(lessons) > 20
    assert lessons.features.shape[:2] == lessons.costs.shape == lessons.is_tried.shape == (len(lessons), MAX_PLANS)
    assert lessons.context.shape == (len(lessons), NUM_CONTEXT)
    assert (lessons.is_tried.sum(axis=1) >= 2).all()
    assert not lessons.costs[~lessons.is_tried].any()
    assert (np.where(lessons.is_tried, lessons.costs, np.inf).min(axis=1) == 0).all()  # above the cheapest
    assert (lessons.costs > 0).any(axis=1).mean() > 0.5
    twice = together([lessons, lessons])
    assert len(twice) == 2 * len(lessons)
    assert twice.num_decisions == 2 * lessons.num_decisions


def test_prices_that_made_the_costs_are_found_again(lessons):
    """Costs are made from known prices of two terms, without noise."""
    price_list = PriceList.of(TERMS, new_world(1), 0)
    wanted = np.zeros(len(TERMS))
    wanted[[TERMS.index(("queue_load", "")), TERMS.index(("num_parcels", ""))]] = -0.7, 0.4
    made = costs_from(lessons, price_list.with_values(wanted))
    found = fitted_prices(price_list, PlanScorer(8), together([made] * 200))  # so that the ridge weighs little
    terms = price_list.differences_of(lessons.features[0], lessons.context[0])
    said = [terms @ values for values in (found, wanted)]
    np.testing.assert_allclose(said[0] - said[0][0], said[1] - said[1][0], atol=0.05)
    assert found[TERMS.index(("queue_load", ""))] == pytest.approx(-0.7, abs=0.2)


def test_prices_are_fitted_to_what_the_network_leaves(lessons):
    """What a network says already is not said again by prices: costs are made from the network alone."""
    torch.manual_seed(1)
    scorer = PlanScorer(8)
    with torch.no_grad():
        scorer.plan_out.weight.normal_(0.0, 20.0)
    with torch.no_grad():
        worth = scorer.worth(torch.from_numpy(lessons.features), torch.from_numpy(lessons.context)).numpy()
    said = worth + lessons.features[..., SCORE_GAP]
    assert np.ptp(said[lessons.is_tried]) > 1.0
    made = Lessons(lessons.features, lessons.context, -worth, lessons.is_tried, lessons.num_decisions)
    price_list = PriceList.of(TERMS, new_world(1), 0)
    np.testing.assert_allclose(fitted_prices(price_list, scorer, made), 0.0, atol=1e-3)
    assert np.abs(fitted_prices(price_list, PlanScorer(8), made)).max() > 0.01


def costs_from(lessons: Lessons, price_list: PriceList) -> Lessons:
    costs = np.zeros_like(lessons.costs)
    for i in range(len(lessons)):
        said = price_list.differences_of(lessons.features[i], lessons.context[i]) @ price_list.values
        costs[i] = lessons.features[i, :, SCORE_GAP] - said
    return Lessons(lessons.features, lessons.context, costs, lessons.is_tried, lessons.num_decisions)


def test_the_network_learns_what_is_left_and_leaves_the_prices(lessons):
    price_list = PriceList.of(TERMS, new_world(1), 0)
    made = together([costs_from(lessons, price_list.with_values(np.full(len(TERMS), 0.2)))] * 5)
    torch.manual_seed(0)
    scorer = PlanScorer(16)

    def error(one: PlanScorer) -> float:
        with torch.no_grad():
            said = one.worth(torch.from_numpy(made.features), torch.from_numpy(made.context)).numpy()
        wrong = np.where(made.is_tried, said + made.costs, 0.0)
        wrong -= wrong.sum(axis=1, keepdims=True) / made.is_tried.sum(axis=1, keepdims=True)
        return float((wrong[made.is_tried] ** 2).mean())

    learned = fitted_network(scorer, made, num_epochs=60, seed=0)
    assert error(learned) < 0.3 * error(scorer)
    assert torch.equal(learned.prices, scorer.prices)
    assert error(with_prices(scorer, price_list.with_values(np.full(len(TERMS), 0.2)))) < 0.1 * error(scorer)
    silent = louder(learned, 0.0)
    assert error(silent) == pytest.approx(error(scorer))


def config_of_a_round(**changes) -> TrainingConfig:
    small = {"value_traces": 2, "value_checks": 3, "value_share": 0.1, "value_epochs": 2, "hidden": 8}
    return TrainingConfig(**{**small, **changes})


def start() -> ValueState:
    torch.manual_seed(0)
    price_list = PriceList.of(TERMS, new_world(1), 0)
    return ValueState(0, price_list, PlanScorer(8))


def test_a_round_draws_training_traces_only_and_never_ends_above_where_it_began(monkeypatch):
    drawn: list[int] = []

    def noted(scenario, seed):
        drawn.append(seed)
        return draw_trace(scenario, seed)

    monkeypatch.setattr(values, "draw_trace", noted)
    config = config_of_a_round()
    state = next_round(SCENARIO, PRIMAL_DUAL, start(), config)
    assert len(drawn) == 5
    assert max(drawn) < HISTORY.start
    checks = Trial.of(SCENARIO, PRIMAL_DUAL, config.preferences, drawn[2:])
    before, after = checks.costs(linear()), checks.costs(state.scorer.arrays())
    assert after.mean() == pytest.approx(state.cost_per_order)
    assert before.mean() == pytest.approx(state.base_cost_per_order)
    assert checks.share(after) <= 1.0
    assert state.num_steps > 0


def test_a_step_that_does_not_pay_is_not_taken(monkeypatch):
    """Fits that say the opposite of all sense leave the scorer as it was."""
    monkeypatch.setattr(values, "fitted_prices", lambda price_list, scorer, lessons: np.full(len(TERMS), -50.0))
    monkeypatch.setattr(values, "fitted_network", lambda scorer, lessons, **rest: scorer)
    state = next_round(SCENARIO, PRIMAL_DUAL, start(), config_of_a_round())
    assert state.cost_per_order == state.base_cost_per_order
    assert not state.price_list.values.any()


def test_a_round_without_lessons_changes_nothing():
    state = next_round(SCENARIO, PRIMAL_DUAL, start(), config_of_a_round(value_share=1e-9))
    assert state.round == 1
    assert state.cost_per_order == state.base_cost_per_order
    assert not state.price_list.values.any()
