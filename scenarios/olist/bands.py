"""Distance bands that hold enough observations to fit something."""

from __future__ import annotations

import numpy as np

from scenarios.errors import InputError

EDGES_KM = (50, 100, 250, 500, 1_000, 1_500, 2_000)
"""Upper ends wanted."""

FARTHEST_KM = 7_000
"""Upper end of the last band: farther than any two points that cleaning lets pass."""

MIN_OBSERVATIONS = 30


def distance_bands(*distances_km: np.ndarray) -> tuple[int, ...]:
    """Upper ends of the bands; a band with too few observations of one of the kinds is joined to the next one.

    Args:
        *distances_km: one array a kind of observation.

    Returns:
        Whole kilometres, ascending; the last is ``FARTHEST_KM``.

    Raises:
        InputError: fewer than ``MIN_OBSERVATIONS`` in all.
    """
    for distances in distances_km:
        if len(distances) < MIN_OBSERVATIONS:
            raise InputError(
                "orders to fit rates and transit to",
                len(distances),
                f"at least {MIN_OBSERVATIONS} delivered ones with known places in the training period",
                "read more data",
            )
    ends: list[int] = []
    low = -1.0
    for high in EDGES_KM:
        inside = min(int(((km > low) & (km <= high)).sum()) for km in distances_km)
        beyond = min(int((km > high).sum()) for km in distances_km)
        if inside >= MIN_OBSERVATIONS and beyond >= MIN_OBSERVATIONS:
            ends.append(high)
            low = high
    return (*ends, FARTHEST_KM)


def band_of(distances_km: np.ndarray, ends: tuple[int, ...]) -> np.ndarray:
    """Position of the band of each distance, by whole kilometres as lanes have them."""
    return np.minimum(np.searchsorted(ends, np.rint(distances_km), side="left"), len(ends) - 1)
