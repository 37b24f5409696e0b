"""Local clock times and how they become UTC seconds.

Calendars are written in local time and expanded to seconds when a trace is drawn. A local time that a
change to summer time skips is read with the offset before the change; one that happens twice means the
first (``fold=0`` of PEP 495).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scenarios.errors import InputError

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600
MINUTE_SECONDS = 60


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone_of(key: str, name: object) -> ZoneInfo:
    """The time zone of an IANA name such as ``Europe/Berlin``.

    Raises:
        InputError: no such zone.
    """
    try:
        if not isinstance(name, str) or not name:
            raise ValueError("not a text")
        return _zone(name)
    except (ValueError, OSError) as error:
        raise InputError(key, name, "an IANA time zone such as Europe/Berlin or UTC", "correct the name") from error
    except KeyError as error:  # ZoneInfoNotFoundError
        raise InputError(key, name, "an IANA time zone such as Europe/Berlin or UTC", "correct the name") from error


def minutes_of(key: str, text: object) -> int:
    """Minutes since local midnight of ``HH:MM``; ``24:00`` is the end of the day.

    Raises:
        InputError: not such a time.
    """
    match = re.fullmatch(r"([0-9]{2}):([0-9]{2})", text) if isinstance(text, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else -1
    if not 0 <= minutes <= 24 * 60:
        raise InputError(key, text, "a local time from 00:00 to 24:00", "write hours and minutes as HH:MM")
    return minutes


def utc_of(zone: ZoneInfo, day: date, minutes: int) -> int:
    """UTC seconds of ``minutes`` after the start of the local ``day`` on the clock on the wall."""
    if minutes == 24 * 60:
        day, minutes = day + timedelta(days=1), 0
    return int(datetime.combine(day, time(minutes // 60, minutes % 60), tzinfo=zone).timestamp())


def local_days(zone: ZoneInfo, start_seconds: int, end_seconds: int) -> list[date]:
    """Local days that touch the UTC interval, with one day more at each end."""
    first = datetime.fromtimestamp(start_seconds, zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(end_seconds, zone).date() + timedelta(days=1)
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def offset_seconds(zone: ZoneInfo, utc_seconds: int) -> int:
    """What is added to UTC to get the local clock at that moment."""
    offset = datetime.fromtimestamp(utc_seconds, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def parse_utc(key: str, text: object) -> int:
    """UTC seconds of an ISO 8601 time with zone, such as ``2025-03-02T23:00:00Z``; whole seconds.

    Raises:
        InputError: no such time, no zone, or a fraction of a second.
    """
    try:
        moment = datetime.fromisoformat(text)  # type: ignore[arg-type]
        if moment.tzinfo is None or moment.microsecond:
            raise ValueError("no zone, or a fraction of a second")
        return int(moment.timestamp())
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            key, text, "an ISO 8601 time with zone such as 2025-03-02T23:00:00Z", "add the zone, drop fractions"
        ) from error


def format_utc(utc_seconds: int) -> str:
    return datetime.fromtimestamp(utc_seconds, UTC).isoformat().replace("+00:00", "Z")
