"""Set partitions of an order's blocks: the ways to split it into parcels, fewest parcels first."""

from __future__ import annotations

import numpy as np

from envs.plan_table import MAX_BLOCKS


def _partitions(blocks: list[int]) -> list[list[int]]:
    """All partitions of ``blocks``, each as a list of bit masks."""
    if not blocks:
        return [[]]
    first, rest = 1 << blocks[0], _partitions(blocks[1:])
    grown = [[first, *parts] for parts in rest]
    for parts in rest:
        grown += [[*parts[:i], part | first, *parts[i + 1 :]] for i, part in enumerate(parts)]
    return grown


def _table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows: list[list[int]] = []
    starts = [0, 0]
    for num_blocks in range(1, MAX_BLOCKS + 1):
        found = [sorted(parts, key=lambda part: part & -part) for parts in _partitions(list(range(num_blocks)))]
        rows += sorted(found, key=lambda parts: (len(parts), parts))
        starts.append(len(rows))
    parts = np.zeros((len(rows), MAX_BLOCKS), np.int64)
    for i, row in enumerate(rows):
        parts[i, : len(row)] = row
    return parts, np.array([len(row) for row in rows], np.int64), np.array(starts, np.int64)


PARTS, NUM_PARTS_OF, FIRST_OF = _table()
"""Rows FIRST_OF[n]..FIRST_OF[n + 1] - 1 hold the partitions of n blocks: bit masks, and how many."""
