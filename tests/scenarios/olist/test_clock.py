from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from scenarios.local_time import utc_of, zone_of
from scenarios.olist.clock import TIME_ZONE, local_dates, local_to_utc, midnight


def test_summer_time_follows_the_rule_of_all_calendars():
    # On 2017-10-15 the hour after midnight was skipped; on 2018-02-18 the hour before midnight came twice.
    local = pd.Series(pd.to_datetime(["2017-10-15 00:30", "2018-02-17 23:30", "2017-07-01 08:00", None]))
    zone = zone_of("time_zone", TIME_ZONE)
    wanted = [
        utc_of(zone, date(2017, 10, 15), 30),
        utc_of(zone, date(2018, 2, 17), 23 * 60 + 30),
        utc_of(zone, date(2017, 7, 1), 8 * 60),
    ]
    seconds = local_to_utc(local)
    assert seconds[:3].tolist() == wanted
    assert np.isnan(seconds[3])


def test_local_dates_change_at_local_midnight():
    start = midnight(date(2018, 1, 5))
    days = local_dates(np.array([start - 1, start]))
    assert days.astype(str).tolist() == ["2018-01-04", "2018-01-05"]
