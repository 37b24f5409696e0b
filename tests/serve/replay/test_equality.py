"""A replay against the endpoint decides as the simulator does with the same bundle on the same trace, row for row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.bundle import BundleAgent
from agents.registry import load_agent
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.registry import load_scenario
from tests.policy_bundles import FIRST_TEST_SEED, make_bundle
from tests.serve.replay.endpoints import check_same, replayed

SEED = FIRST_TEST_SEED + 1

TOYS = (
    "toy-backorder",
    "toy-cancel",
    "toy-cutoff",
    "toy-handling",
    "toy-outage",
    "toy-presale",
    "toy-receipt-short",
    "toy-reorder",
    "toy-short-pick",
)


def bundle_agent(scenario: str, folder: Path, every: int = 1) -> BundleAgent:
    return BundleAgent(make_bundle(folder / scenario, scenario, every))


def test_tiny_on_both_databases(database_url: str, tmp_path: Path) -> None:
    agent, trace = bundle_agent("tiny", tmp_path), draw_trace(load_scenario("tiny"), SEED)
    shop = replayed(agent, trace, database_url)
    check_same(shop, simulate(trace, agent))
    assert shop.report.stages.keys() == {"policy"}
    assert sum(shop.report.stages.values()) == trace.num_orders


@pytest.mark.parametrize("scenario", TOYS)
def test_whatever_happens(scenario: str, tmp_path: Path, sqlite_template: Path) -> None:
    """Each toy is about one thing that may come between a decision and the door."""
    agent, trace = bundle_agent(scenario, tmp_path), draw_trace(load_scenario(scenario), SEED)
    check_same(replayed(agent, trace, f"sqlite:///{tmp_path / 'shop.db'}"), simulate(trace, agent))


def test_a_fallback_decides_as_its_heuristic_does(tmp_path: Path) -> None:
    agent, trace = bundle_agent("tiny", tmp_path), draw_trace(load_scenario("tiny"), SEED)
    agent.scores = lambda features, context: np.full(32, np.nan, np.float32)  # type: ignore[method-assign]
    shop = replayed(agent, trace, f"sqlite:///{tmp_path / 'shop.db'}")
    assert shop.report.stages.keys() == {"heuristic"}
    check_same(shop, simulate(trace, load_agent(agent.bundle.plan.fallback[0])))
