"""The pricer of a dual in two files, so that whoever serves a policy solves the same prices as its simulation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from agents.dual.pricer import DualPricer
from agents.forecast.analogues import Forecast
from agents.forecast.past_file import WrittenHistory, write_past
from envs.playable import LATEST
from envs.pricer import check_pricer
from envs.prices import Pricing
from scenarios.checks import check_int
from scenarios.errors import InputError
from scenarios.network import Network

SETTINGS, PAST = "pricing.json", "past.npz"
PRICER_FILES = (SETTINGS, PAST)

VERSION = 1
"""Bumped whenever the same files come to mean other prices."""

_NUMBERS = ("lookahead_seconds", "num_samples", "max_orders")
_OWN = tuple(field.name for field in fields(DualPricer) if field.name != "forecast")


def write_pricer(pricer: DualPricer) -> dict[str, bytes]:
    """Contents of the files, by name."""
    forecast = pricer.forecast
    settings = {name: getattr(pricer, name) for name in _OWN}
    settings |= {"version": VERSION, "num_nearest": forecast.num_nearest, "seed": forecast.seed}
    return {
        SETTINGS: (json.dumps(settings, indent=1, sort_keys=True) + "\n").encode(),
        PAST: write_past(forecast.history),
    }


def read_pricer(contents: Mapping[str, bytes], network: Network) -> DualPricer:
    """The pricer of ``write_pricer``.

    Args:
        contents: of both files, by name.
        network: public arrays of the scenario; see ``WrittenHistory``.

    Raises:
        InputError: a file that cannot be used, or settings that no schedule can keep.
    """
    remedy = "export the policy again with `routelab export`"
    try:
        settings: dict[str, Any] = json.loads(contents[SETTINGS])
        found = settings.pop("version")
        if found != VERSION:
            raise InputError(f"{SETTINGS} version", found, str(VERSION), remedy)
        nearest, seed = settings.pop("num_nearest"), settings.pop("seed")
        check_int(f"{SETTINGS} seed", seed, 0, 1 << 32, "as it was written,")
        for name in _NUMBERS:
            check_int(f"{SETTINGS} {name}", settings[name], 1, LATEST, "as it was written,")
        if settings["ends_at"] is not None:
            check_int(f"{SETTINGS} ends_at", settings["ends_at"], 1, LATEST, "seconds")
        forecast = Forecast(WrittenHistory(contents[PAST], network), nearest, seed)
        pricer = DualPricer(forecast, **settings)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(SETTINGS, repr(error), "the settings that were written", remedy) from error
    check_pricer(Pricing.SCHEDULED, pricer)
    return pricer
