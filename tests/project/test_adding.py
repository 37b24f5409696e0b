"""The examples of docs/adding.md run as they stand, and docs/reference.md is what the code says."""

from __future__ import annotations

import re

import pytest

from agents import load_agent
from envs.log import Kind
from envs.reference import reference
from envs.simulation import simulate
from scenarios import draw_trace, load_scenario


def python_blocks(repository) -> list[str]:
    text = (repository / "docs" / "adding.md").read_text()
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def trace():
    return draw_trace(load_scenario("metro-small", horizon_days=2), 11)


def test_the_heuristic_of_the_page_decides(repository, trace):
    block = next(block for block in python_blocks(repository) if "greenest = RuleAgent" in block)
    names: dict = {}
    exec(block, names)  # the page's own words
    green = simulate(trace, names["greenest"], level="none").metrics["carbon_per_order"]
    assert green < simulate(trace, load_agent("fastest"), level="none").metrics["carbon_per_order"]


def test_the_pricer_of_the_page_is_asked(repository, trace):
    block = next(block for block in python_blocks(repository) if "seller = RuleAgent" in block)
    names: dict = {}
    exec(block, names)
    for clock in ("compiled", "simpy"):
        simulation = simulate(trace, names["seller"], clock)
        assert (simulation.events["kind"].to_numpy() == Kind.PRICES_IN).sum() > 8
    assert simulation.metrics != simulate(trace, load_agent("myopic")).metrics


def test_the_process_of_the_page_changes_the_story(repository):
    block = next(block for block in python_blocks(repository) if "def one_picker_is_ill" in block)
    names: dict = {}
    exec(block, names)
    healthy = simulate(names["trace"], load_agent("myopic"), "simpy")
    assert not names["simulation"].events.equals(healthy.events)
    assert names["simulation"].metrics["num_orders"] == healthy.metrics["num_orders"]


def test_the_reference_is_what_the_code_says(repository):
    assert (repository / "docs" / "reference.md").read_text() == reference(), (
        "python -m envs.reference > docs/reference.md"
    )
