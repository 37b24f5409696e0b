"""The direct search: without prices it plays the base router, and threads change nothing."""

from __future__ import annotations

import numpy as np

from agents import load_agent
from agents.learned.base import PRIMAL_DUAL
from agents.learned.search import SearchState, next_generation
from agents.learned.terms import TERMS, PriceList, places
from agents.learned.training_config import TrainingConfig
from envs import World, simulate
from envs.inner import Code, Inner
from envs.loop import play_alone
from envs.prices import Pricing
from envs.scorer import linear
from scenarios import draw_trace, load_scenario

SCENARIO = load_scenario("tiny")


def searched(generations: int, num_threads: int, seed: int = 3, is_conditioned: bool = False) -> SearchState:
    price_list = PriceList.of(TERMS, PRIMAL_DUAL.world(draw_trace(SCENARIO, 1), (1.0, 1.0, 1.0)), 1)
    state = SearchState.start(price_list, linear())
    config = TrainingConfig(
        seed=seed, search_candidates=9, search_traces=2, search_threads=num_threads, is_conditioned=is_conditioned
    )
    for _ in range(generations):
        state = next_generation(SCENARIO, PRIMAL_DUAL, state, config)
    return state


def test_without_prices_it_plays_the_base_router():
    trace = draw_trace(load_scenario("metro-small", horizon_days=2), 9)
    world = World(trace, "none", (1.0, 1.0, 1.0), Pricing.CLOSED_FORM)
    play_alone(world, Inner(Code.SCORER))
    assert (world.totals == simulate(trace, load_agent("primal-dual")).world.totals).all()


def test_threads_change_nothing_and_seeds_do():
    one, two, other = searched(2, 1), searched(2, 2), searched(2, 1, seed=4)
    assert (one.price_list.values == two.price_list.values).all()
    assert one.cost_per_order == two.cost_per_order
    assert not (one.price_list.values == other.price_list.values).all()
    assert one.generation == 2


def test_terms_that_never_differ_stay_at_nothing():
    """In ``tiny`` nothing can be held, and nothing waits for a presale date."""
    state = searched(2, 1)
    left_out = [i for i, (feature, _) in enumerate(TERMS) if feature in ("is_hold", "hold", "later_share")]
    assert (state.price_list.differences[left_out] == 0).all()
    prices = state.price_list.matrix()
    assert not prices[places(TERMS)][left_out].any()
    assert (state.spread[left_out] == 0).all()
    assert prices.any()


def test_a_generation_starts_where_the_one_before_ended():
    """The mean moves by what the elite says; the base router's cost does not depend on it."""
    one, two = searched(1, 1), searched(2, 1)
    assert np.isfinite([one.cost_per_order, two.cost_per_order]).all()
    assert one.cost_per_order == one.base_cost_per_order  # no price yet
    assert two.num_steps > one.num_steps > 0


def test_drawn_preferences_are_what_costs_count():
    even, drawn = searched(2, 1), searched(2, 1, is_conditioned=True)
    assert even.base_cost_per_order != drawn.base_cost_per_order
