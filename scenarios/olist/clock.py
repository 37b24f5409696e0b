"""The data's clock: local Brazilian time, and how it becomes UTC seconds."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from scenarios.local_time import utc_of, zone_of

TIME_ZONE = "America/Sao_Paulo"
"""The clock of every published timestamp (the data set says local Brazilian time; most customers live in this zone)."""


def local_to_utc(local: pd.Series) -> pd.Series:
    """Naive local times to whole UTC seconds (NaN if missing), with the rule of ``scenarios.local_time``:
    a time that summer time skips has the offset before the change, one that happens twice means the first."""
    aware = local.dt.tz_localize(TIME_ZONE, ambiguous=np.ones(len(local), bool), nonexistent=pd.Timedelta(hours=1))
    return naive_seconds(aware.dt.tz_convert("UTC").dt.tz_localize(None))


def naive_seconds(times: pd.Series) -> pd.Series:
    """Seconds since 1970 on the clock of the times; NaN if missing."""
    return (times - pd.Timestamp(0)) / pd.Timedelta(seconds=1)


def local_dates(utc_seconds: np.ndarray) -> np.ndarray:
    """Local days, ``datetime64[D]``."""
    moments = pd.to_datetime(pd.Series(utc_seconds), unit="s", utc=True).dt.tz_convert(TIME_ZONE)
    return moments.dt.tz_localize(None).to_numpy().astype("datetime64[D]")


def midnight(day: date) -> int:
    """UTC seconds of the start of a local day."""
    return utc_of(zone_of("time_zone", TIME_ZONE), day, 0)
