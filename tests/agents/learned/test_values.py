"""Lessons tell what plans lead to; what is fitted to them explains them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.learned import values
from agents.learned.lessons import Lessons, Outcomes, lessons_of, together
from agents.learned.network import PlanScorer
from agents.learned.terms import TERMS, PriceList
from agents.learned.training_config import TrainingConfig
from agents.learned.values import (
    ValueState,
    costs_of,
    fitted_network,
    fitted_prices,
    louder,
    next_round,
    with_prices,
)
from envs import World
from envs.feature_schema import NUM_CONTEXT, SCORE_GAP
from envs.inner import Code, Inner
from envs.loop import BEGIN, DUE, Alone, play_alone
from envs.plan_table import MAX_PLANS
from envs.prices import Pricing
from envs.scorer import linear
from scenarios import draw_trace, load_scenario
from scenarios.seeds import HISTORY

SCENARIO = load_scenario("metro-small", horizon_days=2)
EVEN = (1.0, 1.0, 1.0)
LONG_SECONDS = 60 * 86400


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    return lessons_of(draw_trace(SCENARIO, 8), linear(), share=0.2, horizon_seconds=6 * 3600, seed=1)


def test_the_own_plan_leads_to_the_episode_as_it_goes_on():
    """With no horizon, the outcome of the learner's own plan is what the whole episode costs."""
    trace, inner = draw_trace(SCENARIO, 4), Inner(Code.SCORER)
    whole = World(trace, "none", EVEN, Pricing.CLOSED_FORM)
    play_alone(whole, inner)
    world = World(trace, "none", EVEN, Pricing.CLOSED_FORM)
    alone, outcomes, num_asked = Alone(world), Outcomes(world, inner, LONG_SECONDS, EVEN), 0
    outcome = alone.step(BEGIN)
    while outcome == DUE and num_asked < 30:
        if int(world.plans.counts[0]) > 1:
            own, *others = outcomes.costs(list(range(min(4, int(world.plans.counts[0])))))
            assert own == pytest.approx(whole.weighted_cost(EVEN), abs=1e-9)
            num_asked += any(cost != own for cost in others)
        outcome = alone.step(0)
    assert num_asked == 30


def test_what_was_tried_is_marked_and_the_rest_is_nothing(lessons):
    assert len(lessons) > 20
    assert lessons.features.shape[:2] == lessons.costs.shape == lessons.is_tried.shape == (len(lessons), MAX_PLANS)
    assert lessons.context.shape == (len(lessons), NUM_CONTEXT)
    assert (lessons.is_tried.sum(axis=1) >= 2).all()
    assert not lessons.costs[~lessons.is_tried].any()
    assert lessons.costs[lessons.is_tried].all()
    twice = together([lessons, lessons])
    assert len(twice) == 2 * len(lessons)
    assert twice.num_decisions == 2 * lessons.num_decisions


def test_prices_that_made_the_costs_are_found_again(lessons):
    """Costs are made from known prices of two terms, without noise."""
    price_list = PriceList.of(TERMS, draw_trace(SCENARIO, 1), Pricing.CLOSED_FORM, 0)
    wanted = np.zeros(len(TERMS))
    wanted[[TERMS.index(("queue_load", "")), TERMS.index(("num_parcels", ""))]] = -0.7, 0.4
    made = costs_from(lessons, price_list.with_values(wanted))
    found = fitted_prices(price_list, together([made] * 200))  # so that the ridge weighs little
    terms = price_list.differences_of(lessons.features[0], lessons.context[0])
    said = [terms @ values for values in (found, wanted)]
    np.testing.assert_allclose(said[0] - said[0][0], said[1] - said[1][0], atol=0.05)
    assert found[TERMS.index(("queue_load", ""))] == pytest.approx(-0.7, abs=0.2)


def costs_from(lessons: Lessons, price_list: PriceList) -> Lessons:
    costs = np.zeros_like(lessons.costs)
    for i in range(len(lessons)):
        said = price_list.differences_of(lessons.features[i], lessons.context[i]) @ price_list.values
        costs[i] = lessons.features[i, :, SCORE_GAP] - said
    return Lessons(lessons.features, lessons.context, costs, lessons.is_tried, lessons.num_decisions)


def test_the_network_learns_what_is_left_and_leaves_the_prices(lessons):
    price_list = PriceList.of(TERMS, draw_trace(SCENARIO, 1), Pricing.CLOSED_FORM, 0)
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
    price_list = PriceList.of(TERMS, draw_trace(SCENARIO, 1), Pricing.CLOSED_FORM, 0)
    return ValueState(0, price_list, PlanScorer(8))


def test_a_round_draws_training_traces_only_and_never_ends_above_where_it_began(monkeypatch):
    drawn: list[int] = []

    def noted(scenario, seed):
        drawn.append(seed)
        return draw_trace(scenario, seed)

    monkeypatch.setattr(values, "draw_trace", noted)
    config = config_of_a_round()
    state = next_round(SCENARIO, start(), config)
    assert len(drawn) == 5
    assert max(drawn) < HISTORY.start
    checks = {seed: draw_trace(SCENARIO, seed) for seed in drawn[2:]}
    before = costs_of(linear(), checks, config.preferences, Pricing.CLOSED_FORM)
    after = costs_of(state.scorer.arrays(), checks, config.preferences, Pricing.CLOSED_FORM)
    assert after.mean() == pytest.approx(state.cost_per_order)
    assert before.mean() == pytest.approx(state.base_cost_per_order)
    assert after.mean() <= before.mean()
    assert state.num_steps > 0


def test_a_step_that_does_not_pay_is_not_taken(monkeypatch):
    """Fits that say the opposite of all sense leave the scorer as it was."""
    monkeypatch.setattr(values, "fitted_prices", lambda price_list, lessons: np.full(len(TERMS), -50.0))
    monkeypatch.setattr(values, "fitted_network", lambda scorer, lessons, **rest: scorer)
    state = next_round(SCENARIO, start(), config_of_a_round())
    assert state.cost_per_order == state.base_cost_per_order
    assert not state.price_list.values.any()


def test_a_round_without_lessons_changes_nothing():
    state = next_round(SCENARIO, start(), config_of_a_round(value_share=1e-9))
    assert state.round == 1
    assert state.cost_per_order == state.base_cost_per_order
    assert not state.price_list.values.any()
