"""Promises of many orders at once are those of each order by itself."""

from datetime import UTC, datetime

import numpy as np
import pytest

from scenarios.demand import Promise
from scenarios.drawing.promises import promise_times, promised_day
from scenarios.local_time import utc_of, zone_of

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Europe/Berlin")
PROMISES = (
    Promise("express", 1.0, 1, cutoff="14:00", skip_weekdays=(6,)),
    Promise("today", 1.0, 0, cutoff="09:30"),
    Promise("saver", 1.0, 4, skip_weekdays=(5, 6)),
)


@pytest.mark.parametrize("start", ["2025-03-27T00:00:00", "2025-10-24T00:00:00", "2025-06-01T00:00:00"])
def test_a_table_of_days_gives_what_the_calendar_gives(start):
    """Five days, some with a change of the clock, in three zones."""
    random = np.random.default_rng(1)
    begin = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp())
    placed_at = begin + random.integers(0, 5 * 86_400, 3000)
    rule, region = random.integers(0, 3, 3000), random.integers(0, 4, 3000)
    promised = promise_times(PROMISES, ZONES, rule, region, placed_at)
    for i in range(3000):
        zone, promise = zone_of("zone", ZONES[region[i]]), PROMISES[rule[i]]
        local = datetime.fromtimestamp(int(placed_at[i]), zone)
        hours, minutes = map(int, promise.cutoff.split(":"))
        is_after = (local.hour, local.minute) >= (hours, minutes)
        assert promised[i] == utc_of(zone, promised_day(promise, local.date(), is_after), 24 * 60)


def test_no_orders_no_promises():
    nothing = np.zeros(0, np.int64)
    assert not len(promise_times(PROMISES, ZONES, nothing, nothing, nothing))
