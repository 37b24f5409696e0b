"""The direct search: what it plays is what the scorer plays, and threads change nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import load_agent
from agents.learned.network import PlanScorer
from agents.learned.search import SEARCHED, SearchState, next_generation
from agents.learned.torch_agent import TorchAgent
from agents.learned.training import set_prices
from envs import World, simulate
from envs.feature_schema import NUM_FEATURES, SLOT_FEATURES
from envs.inner import Code, Inner
from envs.loop import play_alone
from envs.prices import Pricing
from scenarios import draw_trace, load_scenario

WEIGHTS = (1.0, 1.0, 1.0)


def searched(generations: int, num_threads: int, seed: int = 3) -> SearchState:
    state = SearchState.start()
    for _ in range(generations):
        state = next_generation(
            load_scenario("tiny"),
            state,
            seed=seed,
            num_candidates=9,
            num_traces=2,
            weights=WEIGHTS,
            pricing=Pricing.CLOSED_FORM,
            num_threads=num_threads,
        )
    return state


def test_without_prices_it_plays_the_base_router():
    trace = draw_trace(load_scenario("metro-small", horizon_days=2), 9)
    world = World(trace, "none", WEIGHTS, Pricing.CLOSED_FORM)
    play_alone(world, Inner(Code.PRICES, prices=np.zeros(NUM_FEATURES)))
    assert (world.totals == simulate(trace, load_agent("primal-dual")).world.totals).all()


def test_with_prices_it_plays_what_the_scorer_plays():
    trace = draw_trace(load_scenario("metro-small", horizon_days=2), 9)
    state = SearchState(1, np.linspace(-1.0, 1.0, len(SEARCHED)), np.ones(len(SEARCHED)), 0.0, 0.0, 0)
    scorer = PlanScorer()
    set_prices(scorer, state)
    world = World(trace, "none", WEIGHTS, Pricing.CLOSED_FORM)
    play_alone(world, Inner(Code.PRICES, prices=state.weights()))
    by_scorer = simulate(trace, TorchAgent(scorer, Pricing.CLOSED_FORM)).world.totals
    base = simulate(trace, load_agent("primal-dual")).world.totals
    assert world.weighted_cost(WEIGHTS) == pytest.approx(by_scorer.sum() / 1e5, rel=2e-3)  # near-ties in float32
    assert not (by_scorer == base).all()
    assert torch.equal(scorer.plan_linear.weight[0], torch.from_numpy(state.weights()))


def test_threads_change_nothing_and_seeds_do():
    one, two, other = searched(2, 1), searched(2, 2), searched(2, 1, seed=4)
    assert (one.mean == two.mean).all()
    assert one.cost_per_order == two.cost_per_order
    assert not (one.mean == other.mean).all()
    assert one.generation == 2


def test_searched_features_exist_and_none_is_a_cost():
    names = {feature.name for feature in SLOT_FEATURES}
    assert set(SEARCHED) <= names
    assert not any(name.endswith("_cost") for name in SEARCHED)
