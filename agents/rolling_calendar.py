"""Calendars around now: the scenario's weekly patterns, expanded on a window of whole days.

The rules see seconds since the window's start, and only differences of times matter to them. Windows start
a whole number of days after (or before) the scenario's epoch, so hours of the demand counters begin at the same
moments as in a simulation.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, format_utc
from scenarios.network import Network
from scenarios.public import PublicScenario

LOOKAHEAD_DAYS = 28
"""Calendar after now (and after the last announced receipt); then every pair has an uncapped collection."""

MAX_AHEAD_DAYS = 366
"""A receipt farther ahead is taken for a mistake."""

_KEPT_WINDOWS = 32
_LATEST = 1 << 33


class RollingCalendar:
    """Networks by window, the latest kept. Safe to share between threads."""

    def __init__(self, public: PublicScenario) -> None:
        self._public = public
        self._windows: OrderedDict[tuple[int, int], Network] = OrderedDict()
        self._lock = threading.Lock()

    def network(self, now: int, calendar_end: int | None = None, needed_until: int | None = None) -> Network:
        """The network whose second 0 is the start of the day of ``now``.

        Args:
            now: UTC seconds.
            calendar_end: UTC end of a simulated calendar; what lies beyond the rolling window is cut.
            needed_until: UTC time of the last receipt.

        Returns:
            Read-only arrays; ``settings["epoch_seconds"]`` is the window's start.

        Raises:
            InputError: times that no calendar can be made for.
        """
        epoch = self._public.epoch_seconds
        start = epoch + (now - epoch) // DAY_SECONDS * DAY_SECONDS
        if not 0 <= start < _LATEST:
            raise InputError("snapshot.now", format_utc(now), "a time from 1970 to 2242", "correct the year")
        last = max(now, needed_until or now)
        if last > now + MAX_AHEAD_DAYS * DAY_SECONDS:
            raise InputError(
                "snapshot.receipts expected_at", format_utc(last), f"within {MAX_AHEAD_DAYS} days", "correct the date"
            )
        num_days = (last - start) // DAY_SECONDS + 1 + LOOKAHEAD_DAYS
        num_days = -(-num_days // 7) * 7  # whole weeks: fewer different windows
        if calendar_end is not None:
            num_days = min(num_days, self._days_until(calendar_end, start, now))
        return self._window(start, num_days)

    def _days_until(self, calendar_end: int, start: int, now: int) -> int:
        days, rest = divmod(calendar_end - start, DAY_SECONDS)
        if rest or calendar_end <= now:
            raise InputError(
                "snapshot.calendar_end",
                format_utc(calendar_end),
                f"after now and whole days after the epoch {self._public.epoch}",
                "leave it out, unless the snapshot is of a simulation",
            )
        return days

    def _window(self, start: int, num_days: int) -> Network:
        key = (start, num_days)
        with self._lock:
            network = self._windows.get(key)
            if network is None:
                network = self._public.expand(start, num_days, 0)
                self._windows[key] = network
            self._windows.move_to_end(key)
            while len(self._windows) > _KEPT_WINDOWS:
                self._windows.popitem(last=False)
            return network
