"""The page of the routers lists all of them, and says the numbers that the code has."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from agents.dual.pricer import DualPricer
from agents.dual.router import INTERVAL_HOURS, LOOKAHEAD_HOURS, MAX_ORDERS, NUM_SAMPLES, STATIC_SAMPLES
from agents.forecast.analogues import _FEW, NUM_NEAREST, STRETCH_DEVIATION
from agents.forecast.history import NUM_TRACES
from agents.registry import FORECASTERS, HEURISTICS

DOCS = Path(inspect.getfile(DualPricer)).parents[2] / "docs"
DEFAULTS = {field.name: field.default for field in fields(DualPricer)}
FUTURES = f"{NUM_SAMPLES} futures of {LOOKAHEAD_HOURS} hours"


def test_every_router_is_listed_once():
    rows = [line for line in (DOCS / "routers.md").read_text().splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(HEURISTICS | FORECASTERS)


@pytest.mark.parametrize(
    "words",
    [
        f"solved again every {INTERVAL_HOURS} hours of simulated time",
        f"The record is {NUM_TRACES} traces",
        f"the {NUM_NEAREST} past traces that looked most like the present",
        f"{FUTURES}, each thinned to {MAX_ORDERS} orders at most",
        f"force {DEFAULTS['delay_seconds']} seconds of simulated time after",
        f"averages over {STATIC_SAMPLES} futures of the whole horizon",
    ],
)
def test_the_page_says_the_numbers_that_are_used(words):
    assert words in (DOCS / "routers.md").read_text()


@pytest.mark.parametrize(
    "words",
    [
        f"{NUM_TRACES} traces drawn from",
        f"the {NUM_NEAREST} nearest",
        f"at {_FEW} orders an hour",
        f"deviates by {STRETCH_DEVIATION} from",
        f"{FUTURES}, thinned to {MAX_ORDERS} orders each, solved every {INTERVAL_HOURS} hours",
        f"in force {DEFAULTS['delay_seconds']} seconds later",
    ],
)
def test_the_assumptions_are_those_that_are_made(words):
    assert words in (DOCS / "assumptions.md").read_text()
