"""Look-ups in integer quantile tables: draws, tails, expectations. Exact integer arithmetic."""

from __future__ import annotations

import numpy as np

from envs.compiling import inlined
from scenarios.network import TABLE_SIZE, TABLE_WEIGHT

_LUCK_SHIFT = np.uint64(48)


@inlined
def draw(tables, row, luck):
    """Value that 16 bits of ``luck`` (uint64) pick from table ``row``."""
    return at_weight(tables, row, np.int64(luck >> _LUCK_SHIFT))


@inlined
def at_weight(tables, row, position):
    """Value at cumulative weight ``position`` in 0..TABLE_WEIGHT-1 (a quantile)."""
    low, high = 0, TABLE_SIZE - 1
    while low < high:
        middle = (low + high) >> 1
        if tables[row, middle]["weight_up_to"] > position:
            high = middle
        else:
            low = middle + 1
    return tables[row, low]["value"]


@inlined
def mean(tables, row):
    """Expected value, rounded down."""
    return tables[row, TABLE_SIZE - 1]["moment_up_to"] // TABLE_WEIGHT


@inlined
def num_at_most(tables, row, threshold):
    """How many entries are <= threshold; most thresholds lie beyond one end of a table."""
    if tables[row, TABLE_SIZE - 1]["value"] <= threshold:
        return TABLE_SIZE
    if tables[row, 0]["value"] > threshold:
        return 0
    count, step = 0, TABLE_SIZE >> 1
    while step > 0:  # without a branch that depends on what is found
        count += step * (tables[row, count + step - 1]["value"] <= threshold)
        step >>= 1
    return count


@inlined
def tail_weight(tables, row, num_below):
    """Weight of all entries but the first ``num_below``, in TABLE_WEIGHT-ths."""
    if num_below == 0:
        return TABLE_WEIGHT
    return TABLE_WEIGHT - tables[row, num_below - 1]["weight_up_to"]


@inlined
def tail_moment(tables, row, num_below, threshold):
    """Sum of weight * (value - threshold) over all entries but the first ``num_below``."""
    if num_below == TABLE_SIZE:
        return 0
    total = tables[row, TABLE_SIZE - 1]["moment_up_to"]
    if num_below == 0:
        return total - threshold * TABLE_WEIGHT
    weight = TABLE_WEIGHT - tables[row, num_below - 1]["weight_up_to"]
    return total - tables[row, num_below - 1]["moment_up_to"] - threshold * weight
