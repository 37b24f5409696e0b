"""Places: where customers are grouped into regions and where warehouses stand."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenarios.expand import EARTH_KM

KM_PER_DEGREE = 111.195
RANDOM_STATE = 0


@dataclass(frozen=True, slots=True, eq=False)
class Centres:
    """Cluster centres, the heaviest first.

    Attributes:
        names: unique, after the place with the most weight in the cluster.
        latitudes: float (N,), degrees.
        longitudes: float (N,), degrees.
    """

    names: tuple[str, ...]
    latitudes: np.ndarray
    longitudes: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def nearest(self, latitudes: np.ndarray, longitudes: np.ndarray) -> np.ndarray:
        """Position of the nearest centre of each point, int64."""
        return self.distances_km(latitudes, longitudes).argmin(axis=1)

    def distances_km(self, latitudes: np.ndarray, longitudes: np.ndarray) -> np.ndarray:
        """Great-circle distances, float (points, N)."""
        return great_circles_km(
            np.asarray(latitudes, float)[:, None],
            np.asarray(longitudes, float)[:, None],
            self.latitudes,
            self.longitudes,
        )


def great_circles_km(
    latitude_a: np.ndarray, longitude_a: np.ndarray, latitude_b: np.ndarray, longitude_b: np.ndarray
) -> np.ndarray:
    """``scenarios.expand.great_circle_km`` on arrays that broadcast."""
    a, b = np.radians(latitude_a), np.radians(latitude_b)
    across = np.radians(np.asarray(longitude_b) - longitude_a)
    chord = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(across / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(chord)))


def cluster(points: pd.DataFrame, num_centres: int) -> Centres:
    """Weighted k-means on kilometres (equirectangular at the mean latitude, so distances are near the true ones).

    Source: Lloyd 1982, "Least squares quantization in PCM", as implemented by scikit-learn with k-means++ starts.

    Args:
        points: one row a point: ``latitude``, ``longitude``, ``city``, ``state``; equal points add up.
        num_centres: at most so many, fewer if there are fewer distinct points.
    """
    from sklearn.cluster import KMeans  # slow to import, needed for real orders only
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    spots = points.groupby(["latitude", "longitude", "city", "state"], sort=True).size().rename("weight").reset_index()
    middle = np.cos(np.radians(np.average(spots["latitude"], weights=spots["weight"])))
    flat = np.column_stack([spots["latitude"] * KM_PER_DEGREE, spots["longitude"] * KM_PER_DEGREE * middle])
    num_centres = min(num_centres, len(np.unique(flat, axis=0)))
    with threadpool_limits(1):  # many small steps: more threads wait for each other
        model = KMeans(num_centres, n_init=4, random_state=RANDOM_STATE).fit(flat, sample_weight=spots["weight"])
    spots["label"] = model.labels_
    weights = spots.groupby("label")["weight"].sum()
    order = weights.sort_values(ascending=False, kind="stable").index.to_numpy()
    centres = model.cluster_centers_[order]
    names: list[str] = []
    for label in order:
        inside = spots[spots["label"] == label].groupby(["state", "city"])["weight"].sum()
        names.append(_unused(_slug(*inside.idxmax()), names))
    return Centres(
        tuple(names), np.round(centres[:, 0] / KM_PER_DEGREE, 4), np.round(centres[:, 1] / KM_PER_DEGREE / middle, 4)
    )


def _slug(state: str, city: str) -> str:
    plain = unicodedata.normalize("NFKD", f"{state}-{city}").encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "place"


def _unused(name: str, taken: list[str]) -> str:
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}-{number}"
    return unique
