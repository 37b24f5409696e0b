"""Random streams: one for each noun, so that a new noun changes no other.

What belongs to an item (an order's basket, its luck) is drawn by the item's position in the stream of its origin,
so that further items change nothing for those that are already there.
"""

from __future__ import annotations

import zlib

import numpy as np

from scenarios.network import TABLE_WEIGHT
from scenarios.quantiles import QuantileTable


def stream(seed: int, noun: str) -> np.random.Generator:
    """The random stream of a noun."""
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(zlib.crc32(noun.encode()),))
    return np.random.Generator(np.random.PCG64DXSM(sequence))


def luck_keys(seed: int, noun: str, size: int) -> np.ndarray:
    """uint64 (size,): the keys of a noun's first items."""
    return stream(seed, noun).integers(0, 1 << 64, size, np.uint64)


def levels_of(shares: np.ndarray | tuple[float, ...]) -> np.ndarray:
    """Cumulated shares, the last one 1."""
    levels = np.cumsum(np.array(shares, np.float64))
    return levels / levels[-1]


def position_of(levels: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Positions with probability by share; none with share 0."""
    return np.minimum(np.searchsorted(levels, uniform, side="right"), np.searchsorted(levels, 1.0))


def choose(shares: np.ndarray | tuple[float, ...], size: int, random: np.random.Generator) -> np.ndarray:
    """Positions with probability by share."""
    return position_of(levels_of(shares), random.random(size))


def look_up(table: QuantileTable, uniform: np.ndarray) -> np.ndarray:
    """int64: values of a table at uniform numbers in [0, 1)."""
    row = table.row()
    return row["value"][np.searchsorted(row["weight_up_to"], (uniform * TABLE_WEIGHT).astype(np.int64), side="right")]
