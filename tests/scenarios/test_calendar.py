import numpy as np
import pytest

from scenarios.calendar import expand_collections, expand_shifts
from scenarios.collection import UNCAPPED_PARCELS, Collection
from scenarios.local_time import parse_utc
from scenarios.network import FOREVER_SECONDS
from scenarios.warehouse import ALL_WEEK, WORKDAYS, Shift, Warehouse

HOUR, DAY = 3600, 86_400
FRIDAY = parse_utc("epoch", "2025-03-28T00:00:00Z")  # summer time starts on Sunday, the 30th, at 01:00 UTC


def warehouse(*shifts: Shift, zone: str = "Europe/Berlin") -> Warehouse:
    return Warehouse(name="east", latitude=0.0, longitude=0.0, time_zone=zone, shifts=shifts)


def hours(shifts: np.ndarray) -> list[tuple[float, float]]:
    return [(row["open_seconds"] / HOUR, row["close_seconds"] / HOUR) for row in shifts]


def test_shifts_across_the_change_to_summer_time():
    shifts = expand_shifts(warehouse(Shift(ALL_WEEK, "06:00", "22:00")), FRIDAY, 4 * DAY)
    assert hours(shifts)[:4] == [(5, 21), (24 + 5, 24 + 21), (48 + 4, 48 + 20), (72 + 4, 72 + 20)]
    assert hours(shifts)[4] == (96, FOREVER_SECONDS / HOUR)
    assert (shifts["open_before_seconds"] / HOUR).tolist() == [0, 16, 32, 48, 64]


def test_the_night_of_the_change_has_an_hour_less():
    shifts = expand_shifts(warehouse(Shift((6,), "00:00", "24:00")), FRIDAY, 5 * DAY)
    assert hours(shifts)[0] == (47, 70)


def test_a_warehouse_that_never_closes_has_one_shift():
    shifts = expand_shifts(warehouse(Shift(ALL_WEEK, "00:00", "24:00")), FRIDAY + 1234, 30 * DAY)
    assert [tuple(row) for row in shifts.tolist()] == [(0, FOREVER_SECONDS, 0)]


def test_a_window_may_start_within_a_shift_and_end_within_one():
    shifts = expand_shifts(warehouse(Shift(WORKDAYS, "08:00", "16:00"), zone="UTC"), FRIDAY + 12 * HOUR, 3 * DAY)
    assert hours(shifts) == [(0, 4), (68, FOREVER_SECONDS / HOUR)]  # Monday's shift is the last
    shifts = expand_shifts(warehouse(Shift(WORKDAYS, "08:00", "16:00"), zone="UTC"), FRIDAY, 10 * HOUR)
    assert hours(shifts) == [(8, FOREVER_SECONDS / HOUR)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Sao_Paulo", "Pacific/Auckland", "Asia/Kathmandu"])
def test_shifts_ascend_without_overlap_in_every_zone(zone):
    pattern = (Shift(WORKDAYS, "05:30", "13:00"), Shift(ALL_WEEK, "13:00", "21:15"), Shift((5,), "22:00", "24:00"))
    shifts = expand_shifts(warehouse(*pattern, zone=zone), FRIDAY, 20 * DAY)
    assert (shifts["open_seconds"] < shifts["close_seconds"]).all()
    assert (shifts["open_seconds"][1:] > shifts["close_seconds"][:-1]).all()
    assert shifts["open_seconds"][-1] <= 20 * DAY
    assert shifts["close_seconds"][-1] == FOREVER_SECONDS


def test_collections_are_sorted_capped_and_end_with_an_uncapped_one():
    places = (warehouse(Shift(ALL_WEEK, "00:00", "24:00")), Warehouse(name="west", latitude=0.0, longitude=0.0))
    patterns = (
        Collection("west", "air", (4,), "18:00", 7),
        Collection("east", "ground", ALL_WEEK, "17:00", 5),
        Collection("east", "ground", (6,), "09:00", 3),
        Collection("west", "air", (4,), "18:00", 2),
    )
    collections, pairs = expand_collections(places, ("air", "ground"), patterns, FRIDAY, 3 * DAY)
    assert [(w, s, time / HOUR, room) for w, s, time, room in collections.tolist()] == [
        (0, 1, 16, 5),
        (0, 1, 24 + 16, 5),
        (0, 1, 48 + 7, 3),  # Sunday: summer time
        (0, 1, 48 + 15, 5),
        (0, 1, 72, UNCAPPED_PARCELS),
        (1, 0, 18, 9),  # two patterns at the same second are one collection
        (1, 0, 72, UNCAPPED_PARCELS),
    ]
    assert pairs["num_collections"].tolist() == [[0, 5], [2, 0]]
    assert pairs["first_collection"].tolist() == [[0, 0], [5, 0]]
