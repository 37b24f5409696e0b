"""Limits as options of ``routelab serve``."""

from __future__ import annotations

import argparse

from serve.admission.limits import Limits

_DEFAULT = Limits()


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Options that ``limits_of`` reads."""
    parser.add_argument(
        "--in-flight", type=int, default=_DEFAULT.in_flight, help="decisions worked on at once (default: %(default)s)"
    )
    parser.add_argument(
        "--waiting", type=int, default=_DEFAULT.waiting, help="decisions that may wait for that (default: %(default)s)"
    )
    parser.add_argument(
        "--client-rate",
        type=_rate,
        default=_DEFAULT.client_rate,
        metavar="RATE",
        help="requests a second of one client, or none (default: %(default)g)",
    )
    parser.add_argument(
        "--decision-rate", type=_rate, metavar="RATE", help="decisions a second of all clients (default: none)"
    )
    parser.add_argument(
        "--burst",
        type=float,
        default=_DEFAULT.burst_seconds,
        metavar="SECONDS",
        help="for which either rate may be saved up (default: %(default)g)",
    )


def _rate(text: str) -> float | None:
    try:
        return None if text == "none" else float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a number, or none") from error


def limits_of(options: argparse.Namespace) -> Limits:
    """What was asked for.

    Raises:
        InputError: a number out of range.
    """
    return Limits(options.in_flight, options.waiting, options.client_rate, options.decision_rate, options.burst)
