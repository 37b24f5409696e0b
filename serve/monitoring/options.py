"""The options of ``routelab serve`` that say what is an alarm, and what is too old."""

from __future__ import annotations

import argparse

from scenarios.errors import InputError
from serve.monitoring.staleness import Staleness
from serve.monitoring.watch import WatchSettings


def add_watch(parser: argparse.ArgumentParser) -> None:
    """Adds them."""
    parser.add_argument(
        "--drift-review", action="store_true", help="a person looks at orders while traffic has shifted"
    )
    parser.add_argument(
        "--fallback-share", type=float, default=0.05, help="of decisions not made by the policy that is no alarm"
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
    if not 0 <= options.fallback_share <= 1:
        raise InputError("--fallback-share", options.fallback_share, "from 0 to 1", "correct the number")
    return WatchSettings(options.drift_review, most_fallbacks=options.fallback_share)
