"""Hypervolume: how much of the space before a reference point a set of points dominates; here for three goals."""

from __future__ import annotations

import numpy as np

from experiments.statistics import pareto_front


def hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    """Volume that is at least as bad as some point and better than the reference.

    Swept along the third goal: between two of its values the dominated area in the first two is a staircase.

    Args:
        points: float (n, 3); lower is better.
        reference: float (3,); points that are not better than it in every goal count nothing.

    Source: Fonseca, Paquete and López-Ibáñez 2006, "An improved dimension-sweep algorithm for the hypervolume
    indicator", whose plain form serves for a dozen points.
    """
    inside = points[(points < reference).all(axis=1)]
    if not len(inside):
        return 0.0
    inside = inside[np.argsort(inside[:, 2], kind="stable")]
    ends = np.append(inside[1:, 2], reference[2])
    volume = 0.0
    for number, (start, end) in enumerate(zip(inside[:, 2], ends, strict=True), start=1):
        if end > start:
            volume += (end - start) * area(inside[:number, :2], reference[:2])
    return float(volume)


def area(points: np.ndarray, corner: np.ndarray) -> float:
    """The same for two goals.

    Args:
        points: float (n, 2); lower is better.
        corner: float (2,); points that are not better than it in both goals count nothing.
    """
    found, lowest = 0.0, float(corner[1])
    for x, y in points[np.lexsort((points[:, 1], points[:, 0]))].tolist():
        if y < lowest and x < corner[0]:
            found += (corner[0] - x) * (lowest - y)
            lowest = y
    return float(found)


def nadir(points: np.ndarray) -> np.ndarray:
    """The worst value of each goal among the points that no other beats, float (goals,).

    Args:
        points: float (n, goals); lower is better.
    """
    return np.asarray(points[pareto_front(points)].max(axis=0))


def expected_utility(points: np.ndarray, weights: np.ndarray) -> float:
    """Mean over preferences of the least weighted cost that a set of points offers; lower is better.

    Args:
        points: float (n, goals).
        weights: float (m, goals).

    Source: Zintgraf et al. 2015, "Quality assessment of MORL algorithms: a utility-based approach".
    """
    return float((weights @ points.T).min(axis=1).mean())
