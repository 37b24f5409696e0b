"""Transit tables: days from the carrier's hands to the customer's, by distance band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scenarios.olist.bands import band_of
from scenarios.quantiles import QuantileTable, from_samples


def fit_transit(distances_km: np.ndarray, seconds: np.ndarray, ends_km: tuple[int, ...]) -> tuple[QuantileTable, ...]:
    """Empirical distributions by band; no quantile falls with distance.

    Args:
        distances_km: float (orders,), seller to customer.
        seconds: float (orders,), handed to the carrier until delivered, not negative.
        ends_km: upper ends of the bands; none empty.
    """
    band = band_of(distances_km, ends_km)
    tables = [from_samples(seconds[band == position]) for position in range(len(ends_km))]
    values = np.maximum.accumulate(np.array([table.values for table in tables]), axis=0)
    return tuple(
        replace(table, values=tuple(int(value) for value in row)) for table, row in zip(tables, values, strict=True)
    )


def stretched(table: QuantileTable, factor: float, least_seconds: int = 0) -> QuantileTable:
    """Each quantile times ``factor``, at least ``least_seconds``."""
    return replace(table, values=tuple(max(least_seconds, round(value * factor)) for value in table.values))
