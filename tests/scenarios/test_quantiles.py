import math

import numpy as np
import pytest

from scenarios.errors import InputError
from scenarios.network import TABLE_SIZE, TABLE_WEIGHT
from scenarios.quantiles import (
    EDGES,
    WEIGHTS,
    QuantileTable,
    constant,
    exponential,
    from_quantiles,
    from_samples,
    lognormal,
    unit_lognormal,
)

TABLES_TO_CHECK = [
    constant(600),
    lognormal(50_000, 0.5, 30_000),
    unit_lognormal(0.4),
    exponential(1000.0),
    from_quantiles((0.1, 0.5, 0.95), (10, 20, 90)),
    from_samples([3.0, 1.0, 2.0, 40.0]),
]


@pytest.mark.parametrize("table", TABLES_TO_CHECK)
def test_rows_are_ascending_with_exact_prefix_sums(table):
    row = table.row()
    assert row.shape == (TABLE_SIZE,)
    assert (np.diff(row["value"]) >= 0).all()
    assert (row["weight"] > 0).all()
    assert row["weight_up_to"][-1] == TABLE_WEIGHT
    assert row["moment_up_to"][-1] == (row["value"] * row["weight"]).sum() == round(table.mean * TABLE_WEIGHT)


def test_cells_are_finer_in_the_tail():
    assert sum(WEIGHTS) == TABLE_WEIGHT
    assert len(WEIGHTS) == TABLE_SIZE
    assert {0.99, 0.999} <= set(EDGES)
    assert WEIGHTS[-1] < WEIGHTS[0] / 10


def test_tables_keep_mean_and_tail_of_their_distribution():
    assert exponential(1000.0).mean == pytest.approx(1000.0, rel=1e-3)
    assert unit_lognormal(0.4).mean == pytest.approx(1000.0, rel=1e-3)
    assert lognormal(50_000, 0.5, 30_000).mean == pytest.approx(30_000 + 50_000 * math.exp(0.125), rel=1e-3)
    second = sum(v * v * w for v, w in zip(exponential(1000.0).values, WEIGHTS, strict=True)) / TABLE_WEIGHT
    assert second == pytest.approx(2e6, rel=0.01)
    assert exponential(1000.0).values[-1] == pytest.approx(1000 * (math.log(1000) + 1), rel=0.01)


def test_samples_give_their_own_distribution_back():
    samples = np.random.default_rng(1).lognormal(10, 0.6, 20_000)
    table = from_samples(samples)
    assert table.mean == pytest.approx(samples.mean(), rel=0.005)
    middle = table.values[int(np.searchsorted(table.row()["weight_up_to"], TABLE_WEIGHT // 2))]
    assert middle == pytest.approx(np.median(samples), rel=0.02)


VALUES = (1,) * TABLE_SIZE


@pytest.mark.parametrize(
    "build",
    [
        lambda: QuantileTable((1, 2, 3)),
        lambda: QuantileTable((*VALUES[:-1], 0)),
        lambda: QuantileTable((-1, *VALUES[1:])),
        lambda: QuantileTable((1.5, *VALUES[1:])),
        lambda: QuantileTable(VALUES, (0, *WEIGHTS[1:])),
        lambda: QuantileTable(VALUES, (WEIGHTS[0] + 1, *WEIGHTS[1:])),
        lambda: constant(-1),
        lambda: lognormal(math.nan, 0.5),
        lambda: lognormal(10.0, -0.5),
        lambda: exponential(math.inf),
        lambda: from_samples([]),
        lambda: from_samples([1.0, math.nan]),
        lambda: from_samples([-1.0]),
        lambda: from_quantiles((0.5, 0.4), (1, 2)),
        lambda: from_quantiles((0.4, 0.5), (2, 1)),
        lambda: from_quantiles((0.4,), (1, 2)),
        lambda: from_quantiles((), ()),
    ],
)
def test_illegal_tables(build):
    with pytest.raises(InputError):
        build()
