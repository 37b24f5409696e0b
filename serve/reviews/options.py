"""The options of ``routelab serve`` that say which decisions a person looks at."""

from __future__ import annotations

import argparse
from pathlib import Path

from envs.costs import MILLICENTS
from scenarios.errors import InputError
from scenarios.public import PublicScenario
from serve.orders.known import Known
from serve.reviews.queue import ReviewLimits
from serve.reviews.rules import read_rules

_DEFAULTS = {"review_minutes": 60, "review_confidence": 0.0, "review_margin": None, "review_rules": None}


def add_reviews(parser: argparse.ArgumentParser) -> None:
    """Adds them."""
    parser.add_argument("--review-minutes", type=int, help="until a review ends by itself (default: 60)")
    parser.add_argument("--review-confidence", type=float, help="a person looks at less probable plans (default: 0)")
    parser.add_argument("--review-margin", type=float, help="a person looks at orders of at least this margin")
    parser.add_argument(
        "--review-rules", type=Path, metavar="TOML", help="a person looks at what one of these rules holds of"
    )
    parser.set_defaults(**_DEFAULTS)


def check_reviews(options: argparse.Namespace) -> None:
    """Refuses what cannot be, before anything is read.

    Raises:
        InputError: a number that cannot be, or reviews without a database to keep them in.
    """
    if options.database == "none":
        given = {name: value for name in _DEFAULTS if (value := getattr(options, name)) != _DEFAULTS[name]}
        for name, value in given.items():
            expected = "a --database, in which reviews are kept"
            shown = str(value) if isinstance(value, Path) else value
            raise InputError(f"--{name.replace('_', '-')}", shown, expected, "leave it out, or name a database")
    if not 0 < options.review_minutes <= 100_000:
        raise InputError("--review-minutes", options.review_minutes, "minutes from 1 to 100000", "correct the number")
    if not 0 <= options.review_confidence <= 1:
        raise InputError("--review-confidence", options.review_confidence, "from 0 to 1", "correct the number")
    if options.review_margin is not None and not 0 <= options.review_margin < 1e9:
        raise InputError("--review-margin", options.review_margin, "an amount of money", "correct the number")


def limits_of_reviews(options: argparse.Namespace, public: PublicScenario) -> ReviewLimits:
    """What they say.

    Raises:
        InputError: rules that cannot be used.
    """
    margin = None if options.review_margin is None else round(MILLICENTS * options.review_margin)
    rules = () if options.review_rules is None else read_rules(options.review_rules, Known(public))
    return ReviewLimits(60 * options.review_minutes, options.review_confidence, margin, rules)
