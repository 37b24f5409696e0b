"""Local times of a table to UTC seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from scenarios.local_time import zone_of
from scenarios.tables.cells import LOCAL

_EPOCH = datetime(1970, 1, 1)


def utc_seconds(moments: np.ndarray, zone_names: Sequence[str], zone_of_row: np.ndarray) -> np.ndarray:
    """UTC seconds of ``Moment`` values.

    A local time that a change to summer time skips is read with the offset before the change; one that happens
    twice means the first.

    Args:
        moments: int64, shape ``(N,)``.
        zone_names: IANA names.
        zone_of_row: position in ``zone_names`` for each moment, shape ``(N,)``.

    Returns:
        int64, shape ``(N,)``; 0 for an absent moment.
    """
    seconds = np.maximum(moments, 0)
    is_local = moments >= LOCAL
    for code, name in enumerate(zone_names):
        chosen = np.flatnonzero(is_local & (zone_of_row == code))
        walls, inverse = np.unique(moments[chosen] - LOCAL, return_inverse=True)
        zone = zone_of("time_zone", name)
        seconds[chosen] = np.array([_utc(wall, zone) for wall in walls.tolist()], np.int64)[inverse]
    return seconds


def _utc(wall_seconds: int, zone: ZoneInfo) -> int:
    return int((_EPOCH + timedelta(seconds=wall_seconds)).replace(tzinfo=zone).timestamp())
