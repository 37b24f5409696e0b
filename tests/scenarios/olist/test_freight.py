from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.errors import InputError
from scenarios.olist.bands import FARTHEST_KM, MIN_OBSERVATIONS, band_of, distance_bands
from scenarios.olist.freight import MAX_GRAMS, fit_freight

ENDS = (100, 500, FARTHEST_KM)


def made_up(base, slope, noise=0.0, size=3_000):
    random = np.random.default_rng(2)
    km, grams = random.uniform(0, 3_000, size), random.lognormal(7, 1.2, size).clip(10, 200_000)
    band = band_of(km, ENDS)
    freight = np.array(base)[band] + np.array(slope)[band] * grams / 1000 + random.normal(0, noise, size)
    return km, grams, np.maximum(freight, 0.0)


def test_straight_lines_are_found():
    fit = fit_freight(*made_up([8, 12, 20], [1.5, 2, 3]), ENDS)
    assert fit.base == pytest.approx([8, 12, 20])
    assert fit.slope == pytest.approx([1.5, 2, 3])
    assert fit.r_squared == pytest.approx(1.0)


def test_the_card_charges_on_the_mean_what_was_paid():
    km, grams, freight = made_up([8, 12, 20], [1.5, 2, 3], noise=4.0)
    fit = fit_freight(km, grams, freight, ENDS)
    assert fit.price(km, grams).mean() == pytest.approx(freight.mean(), rel=0.01)


def test_a_fall_with_distance_is_levelled():
    fit = fit_freight(*made_up([12, 8, 20], [3, 2, 2.5]), ENDS)
    assert (np.diff(fit.base) >= 0).all()
    assert (np.diff(fit.slope) >= 0).all()
    assert fit.slope[0] == fit.slope[1]


@given(
    base=st.lists(st.floats(0, 40), min_size=3, max_size=3), slope=st.lists(st.floats(-3, 6), min_size=3, max_size=3)
)
def test_prices_never_fall_with_weight_or_distance(base, slope):
    fit = fit_freight(*made_up(base, slope, noise=2.0, size=300), ENDS)
    prices = np.array([[rate.price_millicents for rate in fit.rates(band)] for band in range(3)])
    assert (np.diff(prices, axis=0) >= 0).all()
    assert (np.diff(prices, axis=1) >= 0).all()
    assert (prices >= 0).all()


def test_a_card_can_be_dearer_and_end_earlier():
    fit = fit_freight(*made_up([8, 12, 20], [1.5, 2, 3]), ENDS)
    rates = fit.rates(1, factor=2.0, max_grams=30_000)
    assert rates[-1].max_grams == 30_000
    assert rates[0].price_millicents == pytest.approx(2 * fit.rates(1)[0].price_millicents, abs=1_000)
    assert len(fit.rates(1)) == len(MAX_GRAMS)


def test_bands_with_few_observations_are_joined():
    many, few = np.full(100, 30.0), np.full(MIN_OBSERVATIONS - 1, 80.0)
    far = np.full(100, 300.0)
    km = np.concatenate([many, few, far])
    ends = distance_bands(km)
    assert ends == (50, FARTHEST_KM)
    counts = np.bincount(band_of(km, ends), minlength=len(ends))
    assert (counts >= MIN_OBSERVATIONS).all()


def test_bands_hold_enough_of_each_kind():
    near, far = np.full(100, 30.0), np.full(100, 900.0)
    assert distance_bands(np.concatenate([near, far]), near) == (FARTHEST_KM,)


def test_too_few_observations_are_refused():
    with pytest.raises(InputError, match="at least 30"):
        distance_bands(np.full(100, 1.0), np.full(3, 1.0))


def test_a_distance_belongs_to_the_band_of_its_whole_kilometres():
    assert band_of(np.array([0.0, 100.4, 100.6, 9_999.0]), ENDS).tolist() == [0, 0, 1, 2]
