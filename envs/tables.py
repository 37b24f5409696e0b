"""Look-ups in integer quantile tables: draws, tails, expectations. Exact integer arithmetic."""

from __future__ import annotations

import numpy as np

from envs.compiling import compiled
from scenarios.network import TABLE_SIZE, TABLE_WEIGHT

_LUCK_SHIFT = np.uint64(48)


@compiled
def draw(tables, row, luck):
    """Value that 16 bits of ``luck`` (uint64) pick from table ``row``."""
    return at_weight(tables, row, np.int64(luck >> _LUCK_SHIFT))


@compiled
def at_weight(tables, row, position):
    """Value at cumulative weight ``position`` in 0..TABLE_WEIGHT-1 (a quantile)."""
    up_to = tables["weight_up_to"]
    low, high = 0, TABLE_SIZE - 1
    while low < high:
        middle = (low + high) >> 1
        if up_to[row, middle] > position:
            high = middle
        else:
            low = middle + 1
    return tables["value"][row, low]


@compiled
def mean(tables, row):
    """Expected value, rounded down."""
    return tables["moment_up_to"][row, TABLE_SIZE - 1] // TABLE_WEIGHT


@compiled
def _num_at_most(tables, row, threshold):
    """How many entries are <= threshold."""
    values = tables["value"]
    low, high = 0, TABLE_SIZE
    while low < high:
        middle = (low + high) >> 1
        if values[row, middle] > threshold:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def tail_weight(tables, row, threshold):
    """Weight of values above ``threshold``, in TABLE_WEIGHT-ths."""
    n = _num_at_most(tables, row, threshold)
    if n == 0:
        return TABLE_WEIGHT
    return TABLE_WEIGHT - tables["weight_up_to"][row, n - 1]


@compiled
def tail_moment(tables, row, threshold):
    """Sum of weight * (value - threshold) over values above ``threshold``."""
    n = _num_at_most(tables, row, threshold)
    total = tables["moment_up_to"][row, TABLE_SIZE - 1]
    if n == 0:
        return total - threshold * TABLE_WEIGHT
    weight = TABLE_WEIGHT - tables["weight_up_to"][row, n - 1]
    return total - tables["moment_up_to"][row, n - 1] - threshold * weight
