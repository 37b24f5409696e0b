"""The clock of whoever asks and tells, which need not be that of the endpoint."""

from __future__ import annotations

from scenarios.errors import InputError
from scenarios.local_time import format_utc
from serve.stated_time import stated_utc

FAST_CLOCK_SECONDS = 300
"""By which a shop's clock may be ahead of the endpoint's; what it says counts as happening now, then."""


def by_our_clock(key: str, text: str, now: int) -> int:
    """UTC second of what a shop says was, by the endpoint's clock: not after now, as no snapshot could be of later.

    Args:
        key: path of the time, for errors.
        text: the time.
        now: UTC seconds, of the endpoint.

    Raises:
        InputError: no time, or farther ahead than clocks differ; a wrong year would make later decisions fail.
    """
    at = stated_utc(key, text)
    if at > now + FAST_CLOCK_SECONDS:
        expected = f"what has happened, {FAST_CLOCK_SECONDS // 60} minutes after {format_utc(now)} at most"
        raise InputError(key, text, expected, "correct the time, or the clock that it was taken from")
    return min(at, now)
