"""Hypervolume of three goals against boxes that one can add up, and against counting."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.scoreboard.hypervolume import area, expected_utility, hypervolume, nadir

TEN = np.array([10.0, 10.0, 10.0])


@pytest.mark.parametrize(
    ("points", "volume"),
    [
        ([[10, 0, 0]], 0.0),
        ([[8, 7, 6]], 2 * 3 * 4),
        ([[8, 7, 6], [9, 8, 7]], 2 * 3 * 4),
        ([[8, 7, 6], [8, 7, 6]], 2 * 3 * 4),
        ([[9, 0, 0], [0, 9, 0]], 2 * 100 - 10),
        ([[9, 0, 0], [0, 9, 0], [0, 0, 9]], 3 * 100 - 3 * 10 + 1),
        ([[8, 7, 6], [11, 0, 0]], 2 * 3 * 4),
    ],
)
def test_boxes(points, volume):
    assert hypervolume(np.array(points, float), TEN) == pytest.approx(volume)


def test_areas_of_two_goals():
    corner = TEN[:2]
    assert area(np.array([[8.0, 7.0], [9.0, 0.0], [11.0, 0.0], [0.0, 10.0]]), corner) == 2 * 3 + 1 * 7
    assert area(np.array([[10.0, 0.0]]), corner) == 0.0


def test_counting_cells_gives_the_same():
    random = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.arange(10)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    for _ in range(20):
        points = random.integers(0, 10, (8, 3)).astype(float)
        counted = (points[:, None, :] <= grid[None]).all(axis=2).any(axis=0).sum()
        assert hypervolume(points, TEN) == pytest.approx(float(counted))


def test_a_point_more_never_makes_it_smaller():
    random = np.random.default_rng(1)
    points = random.random((12, 3))
    volumes = [hypervolume(points[:count], np.ones(3)) for count in range(13)]
    assert volumes == sorted(volumes)


def test_the_nadir_leaves_out_what_is_beaten():
    points = np.array([[1.0, 5.0, 2.0], [4.0, 2.0, 3.0], [9.0, 9.0, 9.0]])
    assert nadir(points).tolist() == [4.0, 5.0, 3.0]


def test_utility_is_the_best_point_under_each_preference():
    points = np.array([[1.0, 4.0, 0.0], [3.0, 1.0, 0.0]])
    weights = np.array([[1.0, 0.1, 1.0], [1.0, 2.0, 1.0]])  # 1.4 or 3.1; 9 or 5
    assert expected_utility(points, weights) == pytest.approx((1.4 + 5.0) / 2)
