"""Look-ups in quantile tables against sums over all entries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs import costs, tables
from scenarios.network import SETTINGS, TABLE_SIZE, TABLE_WEIGHT
from scenarios.quantiles import QuantileTable, lognormal

VALUES = st.lists(st.integers(0, 10**6), min_size=TABLE_SIZE, max_size=TABLE_SIZE).map(sorted)
WEIGHTS = st.lists(st.integers(1, 500), min_size=TABLE_SIZE - 1, max_size=TABLE_SIZE - 1).map(
    lambda weights: [*weights, TABLE_WEIGHT - sum(weights)]
)
TABLES = st.builds(
    lambda values, weights: QuantileTable(tuple(values), tuple(weights)).row()[None],
    st.one_of(VALUES, st.lists(st.integers(0, 5), min_size=TABLE_SIZE, max_size=TABLE_SIZE).map(sorted)),
    WEIGHTS,
)
THRESHOLD = st.integers(-(10**6), 2 * 10**6)


@given(TABLES, st.integers(0, 2**64 - 1))
def test_draw_picks_by_the_top_16_bits(table, key):
    position = key >> 48
    entry = int(np.flatnonzero(np.cumsum(table["weight"][0]) > position)[0])
    assert tables.draw(table, 0, np.uint64(key)) == table["value"][0, entry]


@given(TABLES)
def test_mean(table):
    assert tables.mean(table, 0) == int((table["weight"] * table["value"]).sum()) // TABLE_WEIGHT


@given(TABLES, st.one_of(THRESHOLD, st.integers(0, 5)))
def test_tails(table, threshold):
    above = table["value"][0] > threshold
    weight, value = table["weight"][0][above], table["value"][0][above]
    num_below = tables.num_at_most(table, 0, threshold)
    assert num_below == TABLE_SIZE - above.sum()
    assert tables.tail_weight(table, 0, num_below) == weight.sum()
    assert tables.tail_moment(table, 0, num_below, threshold) == (weight * (value - threshold)).sum()


@given(TABLES, THRESHOLD, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_expected_lateness_is_the_mean_of_lateness(table, slack, step, slope, cap):
    """Rounded down at most three times, so within a few millicents and an hour's slope over 3600."""
    settings = np.zeros(1, SETTINGS)
    settings["lateness_step_millicents"], settings["lateness_hour_millicents"] = step, slope
    settings["lateness_cap_seconds"] = cap
    direct = sum(
        int(weight) * (step + slope * min(int(value) - slack, cap) / 3600)
        for weight, value in zip(table["weight"][0], table["value"][0], strict=True)
        if value > slack
    )
    found = costs.expected_lateness(settings, table, 0, slack, tables.num_at_most(table, 0, slack))
    assert -2 - slope / 3600 <= found - direct / TABLE_WEIGHT <= 0.001


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6))
def test_lateness_has_a_step_a_slope_and_a_cap(late_seconds, cap):
    settings = np.zeros(1, SETTINGS)
    settings["lateness_step_millicents"], settings["lateness_hour_millicents"] = 500_000, 36_000
    settings["lateness_cap_seconds"] = cap
    wanted = 500_000 + 10 * min(late_seconds, cap) if late_seconds > 0 else 0
    assert costs.lateness(settings, late_seconds) == wanted


def test_a_draw_over_all_positions_has_the_tables_mean():
    table = lognormal(1000.0, 1.0).row()[None]
    drawn = [tables.draw(table, 0, np.uint64(position << 48)) for position in range(0, TABLE_WEIGHT)]
    assert np.mean(drawn) == pytest.approx((table["weight"] * table["value"]).sum() / TABLE_WEIGHT)
