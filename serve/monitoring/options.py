"""The options of ``routelab serve`` that say what is an alarm, and what is too old."""

from __future__ import annotations

import argparse

from scenarios.errors import InputError
from serve.monitoring.settings import WatchSettings
from serve.monitoring.staleness import Staleness


def add_watch(parser: argparse.ArgumentParser) -> None:
    """Adds them."""
    parser.add_argument(
        "--drift-review", action="store_true", help="a person looks at orders while traffic has shifted"
    )
    usual = WatchSettings()
    parser.add_argument(
        "--fallback-share",
        type=float,
        default=usual.most_fallbacks,
        help="of decisions by others than the policy: no alarm",
    )
    parser.add_argument("--slow-ms", type=float, default=usual.slow_ms, help="after which a decision is slow")
    parser.add_argument("--slow-share", type=float, default=usual.most_slow, help="of slow decisions that is no alarm")
    parser.add_argument(
        "--outcome-hours", type=int, default=usual.outcome_hours, help="after which a due outcome is missing"
    )
    parser.add_argument(
        "--missing-share", type=float, default=usual.most_missing, help="of missing outcomes that is no alarm"
    )
    parser.add_argument("--stale-minutes", type=int, help="of a warehouse's last news: older, and no policy decides")
    parser.add_argument("--too-old-minutes", type=int, help="of a warehouse's last news: older, and nothing leaves it")


def staleness_of(options: argparse.Namespace) -> Staleness:
    """What they say of old news.

    Raises:
        InputError: a number that cannot be.
    """
    limits = {"--stale-minutes": options.stale_minutes, "--too-old-minutes": options.too_old_minutes}
    for name, minutes in limits.items():
        if minutes is not None and not 0 < minutes <= 1_000_000:
            raise InputError(name, minutes, "minutes from 1 to 1000000", "correct the number")
    return Staleness(*(None if minutes is None else 60 * minutes for minutes in limits.values()))


def watch_of(options: argparse.Namespace) -> WatchSettings:
    """What they say.

    Raises:
        InputError: a number that cannot be.
    """
    shares = {
        "--fallback-share": options.fallback_share,
        "--slow-share": options.slow_share,
        "--missing-share": options.missing_share,
    }
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise InputError(name, share, "from 0 to 1", "correct the number")
    if not 0 < options.slow_ms <= 3_600_000:
        raise InputError("--slow-ms", options.slow_ms, "milliseconds above 0, at most 3600000", "correct the number")
    if not 0 <= options.outcome_hours <= 10_000:
        raise InputError("--outcome-hours", options.outcome_hours, "hours from 0 to 10000", "correct the number")
    return WatchSettings(
        opens_reviews=options.drift_review,
        most_fallbacks=options.fallback_share,
        slow_ms=options.slow_ms,
        most_slow=options.slow_share,
        outcome_hours=options.outcome_hours,
        most_missing=options.missing_share,
    )
