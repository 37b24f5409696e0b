from __future__ import annotations

import numpy as np
import pytest

from scenarios.olist.bands import FARTHEST_KM
from scenarios.olist.transit import fit_transit, stretched
from scenarios.quantiles import constant

DAY = 86_400


def mean(table):
    return sum(value * weight for value, weight in zip(table.values, table.weights, strict=True)) / sum(table.weights)


def test_tables_have_the_means_and_quantiles_of_their_bands():
    random = np.random.default_rng(0)
    km = np.repeat([50.0, 800.0], 5_000)
    seconds = random.lognormal(np.where(km < 100, 0.5, 2.0), 0.5) * DAY
    near, far = fit_transit(km, seconds, (100, FARTHEST_KM))
    assert mean(near) == pytest.approx(seconds[km < 100].mean(), rel=0.01)
    assert mean(far) == pytest.approx(seconds[km > 100].mean(), rel=0.01)
    assert far.values[29] == pytest.approx(np.quantile(seconds[km > 100], 0.505), rel=0.02)


def test_no_quantile_falls_with_distance():
    random = np.random.default_rng(1)
    km = np.repeat([50.0, 300.0, 800.0], 200)
    seconds = random.lognormal(1.0, 0.6, 600) * DAY
    tables = np.array([table.values for table in fit_transit(km, seconds, (100, 500, FARTHEST_KM))])
    assert (np.diff(tables, axis=0) >= 0).all()


def test_stretching_scales_each_quantile_down_to_a_least_one():
    assert stretched(constant(10 * DAY), 0.45).values[0] == 4.5 * DAY
    assert stretched(constant(DAY), 0.45, DAY).values[0] == DAY
