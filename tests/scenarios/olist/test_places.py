from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scenarios.expand import great_circle_km
from scenarios.olist.places import cluster, great_circles_km


def spots(*rows: tuple[float, float, str, str, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["latitude", "longitude", "city", "state", "weight"])
    return table.loc[table.index.repeat(table.pop("weight"))].reset_index(drop=True)


THREE_TOWNS = spots(
    (-23.50, -46.60, "são paulo", "SP", 50),
    (-23.60, -46.60, "santo andre", "SP", 10),
    (-12.97, -38.50, "salvador / centro", "BA", 20),
    (-3.12, -60.02, "manaus", "AM", 5),
)


def test_centres_are_weighted_means_the_heaviest_first():
    centres = cluster(THREE_TOWNS, 3)
    assert centres.names == ("sp-sao-paulo", "ba-salvador-centro", "am-manaus")
    assert centres.latitudes == pytest.approx([-(50 * 23.5 + 10 * 23.6) / 60, -12.97, -3.12], abs=1e-4)
    assert centres.longitudes == pytest.approx([-46.6, -38.5, -60.02], abs=1e-4)


def test_there_are_no_more_centres_than_places():
    assert len(cluster(THREE_TOWNS, 50)) == 4


def test_names_are_unique():
    twice = spots((-23.5, -46.6, "springfield", "SP", 3), (-3.1, -60.0, "springfield", "SP", 2))
    assert cluster(twice, 2).names == ("sp-springfield", "sp-springfield-2")


def test_the_same_points_in_another_sequence_give_the_same_centres():
    shuffled = THREE_TOWNS.sample(frac=1.0, random_state=3)
    first, second = cluster(THREE_TOWNS, 2), cluster(shuffled, 2)
    assert first.names == second.names
    assert np.array_equal(first.latitudes, second.latitudes)


def test_distances_are_those_of_the_lanes():
    random = np.random.default_rng(0)
    latitude, longitude = random.uniform(-34, 5, (2, 50)), random.uniform(-74, -34, (2, 50))
    wanted = [great_circle_km(*pair) for pair in zip(latitude[0], longitude[0], latitude[1], longitude[1], strict=True)]
    assert great_circles_km(latitude[0], longitude[0], latitude[1], longitude[1]) == pytest.approx(wanted, rel=1e-12)
