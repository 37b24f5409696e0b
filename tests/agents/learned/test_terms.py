"""Terms of the linear part: they exist, stand for what they say, and are measured in typical differences."""

from __future__ import annotations

import numpy as np
import pytest

from agents.learned.base import PRIMAL_DUAL
from agents.learned.preferences import CARBON, LATENESS, Preferences
from agents.learned.terms import CONDITIONED_TERMS, TERMS, PriceList, gates_of, places
from envs.feature_schema import CONTEXT_FEATURES, NUM_CONTEXT, NUM_FEATURES, SLOT_FEATURES, WEIGHT_COST
from envs.scorer import NUM_GATES
from scenarios import draw_trace, load_scenario


@pytest.fixture(scope="module")
def price_list() -> PriceList:
    trace = draw_trace(load_scenario("metro-small", horizon_days=2), 3)
    return PriceList.of(TERMS, PRIMAL_DUAL.world(trace, (1.0, 1.0, 1.0)), 0)


def test_no_term_is_a_cost_or_stands_twice():
    assert not any(feature.endswith("_cost") or feature.startswith("score") for feature, _ in CONDITIONED_TERMS)
    assert len(set(CONDITIONED_TERMS)) == len(CONDITIONED_TERMS)


def test_places_are_those_of_the_names():
    rows, columns = places(CONDITIONED_TERMS)
    for (feature, gate), row, column in zip(CONDITIONED_TERMS, rows, columns, strict=True):
        assert SLOT_FEATURES[row].name == feature
        assert column == 0 if gate == "" else CONTEXT_FEATURES[column - 1].name == gate


def test_a_price_list_and_its_matrix_say_the_same(price_list):
    random = np.random.default_rng(0)
    valued = price_list.with_values(random.standard_normal(len(TERMS)))
    features = random.standard_normal((5, NUM_FEATURES)).astype(np.float32)
    context = random.standard_normal(NUM_CONTEXT).astype(np.float32)
    squashed = np.sign(features) * np.log1p(np.abs(features))
    assert valued.matrix().shape == (NUM_FEATURES, NUM_GATES)
    np.testing.assert_allclose(
        squashed @ (valued.matrix() @ gates_of(context)),
        valued.differences_of(features, context) @ valued.values,
        rtol=1e-4,
    )


def test_halfway_is_halfway(price_list):
    there = np.ones(len(TERMS))
    assert (price_list.towards(there, 0.5).values == 0.5).all()
    assert (price_list.towards(there, 0.5).towards(there, 1.0).values == 1.0).all()


def test_weights_are_gates_as_they_are():
    context = np.zeros(NUM_CONTEXT, np.float32)
    context[WEIGHT_COST:] = 1.0, 6.0, 40.0
    assert gates_of(context)[1 + WEIGHT_COST :].tolist() == [1.0, 6.0, 40.0]


def test_preferences_are_drawn_by_the_seed_of_the_trace_within_their_ranges():
    drawn = [Preferences(is_drawn=True).of(seed) for seed in range(400)]
    assert drawn == [Preferences(is_drawn=True).of(seed) for seed in range(400)]
    cost, lateness, carbon = np.array(drawn).T
    assert (cost == 1.0).all()
    for values, (low, high) in ((lateness, LATENESS), (carbon, CARBON)):
        assert low <= values.min() < values.max() <= high
        assert np.log(values).mean() == pytest.approx(np.log([low, high]).mean(), abs=0.2)
    assert Preferences((2.0, 1.0, 1.0)).of(5) == (2.0, 1.0, 1.0)
