from datetime import date

import pytest

from scenarios.errors import InputError
from scenarios.local_time import format_utc, minutes_of, offset_seconds, parse_utc, utc_of, zone_of


@pytest.mark.parametrize("text", ["8:00", "25:00", "24:01", "12:60", "-1:00", "noon", None, 480])
def test_illegal_times(text):
    with pytest.raises(InputError, match="opens"):
        minutes_of("opens", text)


@pytest.mark.parametrize("name", ["Europe/Berlim", "", None, "../etc/passwd", "Europe"])
def test_illegal_zones(name):
    with pytest.raises(InputError, match="IANA"):
        zone_of("time_zone", name)


@pytest.mark.parametrize("text", ["2025-03-03", "2025-03-03T00:00:00", "2025-03-03T00:00:00.5Z", "soon", None, 5])
def test_illegal_epochs(text):
    with pytest.raises(InputError, match="epoch"):
        parse_utc("epoch", text)


def test_epochs_of_any_zone_are_read_and_written():
    assert parse_utc("epoch", "2025-03-03T01:00:00+01:00") == parse_utc("epoch", "2025-03-03T00:00:00Z")
    assert format_utc(parse_utc("epoch", "2025-03-03T00:00:00Z")) == "2025-03-03T00:00:00Z"


def test_local_times_across_the_change_to_summer_time():
    berlin, midnight_utc = zone_of("zone", "Europe/Berlin"), parse_utc("epoch", "2025-03-30T00:00:00Z")
    assert utc_of(berlin, date(2025, 3, 30), 0) == midnight_utc - 3600
    assert utc_of(berlin, date(2025, 3, 30), 6 * 60) == midnight_utc + 4 * 3600
    assert utc_of(berlin, date(2025, 3, 30), 24 * 60) == midnight_utc + 22 * 3600
    assert utc_of(berlin, date(2025, 3, 30), 150) == midnight_utc + 5400  # 02:30 is skipped: read as 03:30
    assert offset_seconds(berlin, midnight_utc) == 3600
    assert offset_seconds(berlin, midnight_utc + 3600) == 7200


def test_a_time_that_happens_twice_means_the_first():
    berlin = zone_of("zone", "Europe/Berlin")
    assert utc_of(berlin, date(2025, 10, 26), 150) == parse_utc("t", "2025-10-26T00:30:00Z")
