"""Rate cards: freight values by distance band and weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenarios.money import millicents
from scenarios.olist.bands import band_of
from scenarios.service import Rate

MAX_GRAMS = (300, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000)
"""Upper ends of the weight steps of a rate card; the heaviest line of the data is below the last one."""


@dataclass(frozen=True, slots=True, eq=False)
class FreightFit:
    """Straight lines ``base + slope * kg`` for each distance band, never falling with distance.

    Attributes:
        ends_km: upper ends of the bands.
        base: float (bands,), BRL.
        slope: float (bands,), BRL a kilogram.
        step_kg: float (steps,), mean mass of the items that fall into each step of ``MAX_GRAMS``.
        r_squared: of the lines, over all items.
    """

    ends_km: tuple[int, ...]
    base: np.ndarray
    slope: np.ndarray
    step_kg: np.ndarray
    r_squared: float

    def rates(self, band: int, factor: float = 1.0, max_grams: int = MAX_GRAMS[-1]) -> tuple[Rate, ...]:
        """The rate card of a band: each step costs what its mean mass costs on the line."""
        return tuple(
            Rate(grams, millicents(round(factor * (self.base[band] + self.slope[band] * kg), 2)))
            for grams, kg in zip(MAX_GRAMS, self.step_kg, strict=True)
            if grams <= max_grams
        )

    def price(self, distances_km: np.ndarray, grams: np.ndarray) -> np.ndarray:
        """What the card charges for single parcels, BRL."""
        band = band_of(distances_km, self.ends_km)
        return self.base[band] + self.slope[band] * self.step_kg[np.searchsorted(MAX_GRAMS, grams, side="left")]


def fit_freight(
    distances_km: np.ndarray, grams: np.ndarray, freight: np.ndarray, ends_km: tuple[int, ...]
) -> FreightFit:
    """Least squares within each band, then pooled with neighbours where base or slope would fall with distance.

    Source: ordinary least squares; Barlow, Bartholomew, Bremner and Brunk 1972 for the isotonic regression
    (scikit-learn's implementation).

    Args:
        distances_km: float (items,), seller to customer.
        grams: float (items,).
        freight: float (items,), BRL paid for the item.
        ends_km: upper ends of the bands.
    """
    from sklearn.isotonic import IsotonicRegression  # slow to import, needed for real orders only

    band, kg = band_of(distances_km, ends_km), grams / 1000.0
    counts = np.bincount(band, minlength=len(ends_km)).astype(float)
    means_kg = np.bincount(band, kg, len(ends_km)) / counts
    means = np.bincount(band, freight, len(ends_km)) / counts
    spread = np.bincount(band, (kg - means_kg[band]) ** 2, len(ends_km))
    joint = np.bincount(band, (kg - means_kg[band]) * (freight - means[band]), len(ends_km))
    slope = np.divide(joint, spread, out=np.zeros_like(joint), where=spread > 0)
    rising = IsotonicRegression(y_min=0.0)
    order = np.arange(len(ends_km))
    slope = rising.fit_transform(order, slope, sample_weight=np.maximum(spread, 1e-9))
    base = rising.fit_transform(order, means - slope * means_kg, sample_weight=counts)
    residual = freight - base[band] - slope[band] * kg
    total = float(((freight - freight.mean()) ** 2).sum())
    return FreightFit(
        ends_km, base, slope, _step_kg(grams), 1.0 - float((residual**2).sum()) / total if total > 0 else 1.0
    )


def _step_kg(grams: np.ndarray) -> np.ndarray:
    """Mean mass in each step; a step without items counts with its middle."""
    step = np.searchsorted(MAX_GRAMS, grams, side="left")
    counts = np.bincount(step, minlength=len(MAX_GRAMS))
    sums = np.bincount(step, grams, len(MAX_GRAMS))
    ends = np.array(MAX_GRAMS, float)
    middle = (ends + np.concatenate([[0.0], ends[:-1]])) / 2
    return np.where(counts > 0, np.divide(sums, counts, out=middle.copy(), where=counts > 0), middle) / 1000.0
