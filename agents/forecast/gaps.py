"""Gaps: how soon customers ordered again in the past, to the same region, and how many never did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from envs.state import MAX_HOLD_SECONDS
from scenarios.network import FOREVER_SECONDS
from scenarios.trace import Future

NUM_GAPS = 1024
"""Values that stand for a distribution: chances are told to a tenth of a percent."""


def gaps_of(futures: Sequence[Future]) -> np.ndarray:
    """Seconds to the next order of the same customer, for tails of strangers.

    Orders near the end of a trace are left out: who would have come again, and how soon, is not on record.

    Args:
        futures: the past.

    Returns:
        int64 (2, NUM_GAPS), equally likely and ascending, FOREVER_SECONDS for never: after a customer's first order
        and after a later one. A kind of order that there never was is never followed by another.
    """
    pairs = [_gaps(future.orders) for future in futures]
    gaps, is_later = (np.concatenate(rows) for rows in zip(*pairs, strict=True))
    return np.stack([_spread(gaps[is_later == kind]) for kind in (False, True)])


def _gaps(orders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each order that is not near the end: the gap to the next of its customer, and whether it has one before."""
    arrivals = orders["arrival_seconds"]
    sequence = np.lexsort((np.arange(len(orders)), orders["region"], orders["customer_id"]))
    before, after = sequence[:-1], sequence[1:]
    is_same = (orders["customer_id"][before] == orders["customer_id"][after]) & (
        orders["region"][before] == orders["region"][after]
    )
    gaps, is_later = np.full(len(orders), FOREVER_SECONDS), np.zeros(len(orders), bool)
    gaps[before[is_same]] = (arrivals[after] - arrivals[before])[is_same]
    is_later[after[is_same]] = True
    is_told = arrivals <= arrivals.max(initial=0) - MAX_HOLD_SECONDS
    return gaps[is_told], is_later[is_told]


def _spread(gaps: np.ndarray) -> np.ndarray:
    """NUM_GAPS values at equal distances in the sorted gaps."""
    if not len(gaps):
        return np.full(NUM_GAPS, FOREVER_SECONDS)
    places = ((np.arange(NUM_GAPS) + 0.5) / NUM_GAPS * len(gaps)).astype(np.int64)
    return np.sort(gaps)[places]
