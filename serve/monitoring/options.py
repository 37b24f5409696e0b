"""The options of ``routelab serve`` that say what is an alarm."""

from __future__ import annotations

import argparse

from scenarios.errors import InputError
from serve.monitoring.watch import WatchSettings


def add_watch(parser: argparse.ArgumentParser) -> None:
    """Adds them."""
    parser.add_argument(
        "--drift-review", action="store_true", help="a person looks at orders while traffic has shifted"
    )
    parser.add_argument(
        "--fallback-share", type=float, default=0.05, help="of decisions not made by the policy that is no alarm"
    )


def watch_of(options: argparse.Namespace) -> WatchSettings:
    """What they say.

    Raises:
        InputError: a number that cannot be.
    """
    if not 0 <= options.fallback_share <= 1:
        raise InputError("--fallback-share", options.fallback_share, "from 0 to 1", "correct the number")
    return WatchSettings(options.drift_review, most_fallbacks=options.fallback_share)
