"""A replay against the endpoint decides as the simulator does with the same bundle on the same trace, row for row."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.bundle import BundleAgent
from agents.recording import golden_cases
from agents.registry import load_agent
from envs.log import Kind
from envs.prices import Pricing
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.registry import load_scenario
from tests.policy_bundles import FIRST_TEST_SEED, make_bundle, plain_scores, plan_settings, record
from tests.serve.replay.endpoints import check_same, replayed

SEED = FIRST_TEST_SEED + 1

TOYS = (
    "toy-backorder",
    "toy-cancel",
    "toy-cutoff",
    "toy-handling",
    "toy-hold",
    "toy-outage",
    "toy-presale",
    "toy-receipt-short",
    "toy-reorder",
    "toy-short-pick",
)


def bundle_agent(scenario: str, folder: Path, every: int = 1, **changes: Any) -> BundleAgent:
    return BundleAgent(make_bundle(folder / scenario, scenario, every, **changes))


@pytest.fixture
def shop_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A SQLite database with its schema."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'shop.db')}"


def no_scores(features: np.ndarray, context: np.ndarray) -> np.ndarray:
    return np.full(32, np.nan, np.float32)


def test_tiny_on_both_databases(database_url: str, tmp_path: Path) -> None:
    agent, trace = bundle_agent("tiny", tmp_path), draw_trace(load_scenario("tiny"), SEED)
    shop = replayed(agent, trace, database_url)
    check_same(shop, simulate(trace, agent))
    assert shop.report.stages.keys() == {"policy"}
    assert sum(shop.report.stages.values()) == trace.num_orders


@pytest.mark.parametrize("scenario", TOYS)
def test_whatever_happens(scenario: str, tmp_path: Path, shop_url: str) -> None:
    """Each toy is about one thing that may come between a decision and the door."""
    agent, trace = bundle_agent(scenario, tmp_path), draw_trace(load_scenario(scenario), SEED)
    check_same(replayed(agent, trace, shop_url), simulate(trace, agent))


@pytest.mark.parametrize(
    ("scenario", "changes", "rule", "kind"),
    [
        ("tiny", {}, "nearest", Kind.DELIVERED),
        # by a rule that holds whatever it can, where customers order again
        ("hold-consolidate", {"horizon_days": 1, "orders_per_day": 50}, "consolidate", Kind.JOINED),
    ],
)
def test_a_fallback_decides_as_its_heuristic_does(
    scenario: str, changes: dict[str, Any], rule: str, kind: Kind, tmp_path: Path, shop_url: str
) -> None:
    plan = plan_settings(fallback=(rule, "nearest"), pricing=Pricing.NONE)
    every = 40 if changes else 1
    golden = golden_cases(record(scenario, "nearest", every), plain_scores, 8)
    agent = bundle_agent(scenario, tmp_path, every, plan=plan, golden=golden)
    trace = draw_trace(load_scenario(scenario, **changes), SEED)
    agent.scores = no_scores  # type: ignore[method-assign]
    shop = replayed(agent, trace, shop_url)
    assert shop.report.stages.keys() == {"heuristic"}
    simulated = simulate(trace, load_agent(rule))
    check_same(shop, simulated)
    assert (simulated.events["kind"].to_numpy() == kind).sum() >= 3


@pytest.mark.slow
def test_everything_at_once(tmp_path: Path, shop_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a world with all that can happen."""
    scenario = load_scenario("metro-disrupted", horizon_days=1, orders_per_day=400)
    monkeypatch.setattr("tests.policy_bundles.load_scenario", lambda name: scenario)
    agent, trace = bundle_agent("metro-disrupted", tmp_path, 20), draw_trace(scenario, SEED)
    simulated = simulate(trace, agent)
    check_same(replayed(agent, trace, shop_url), simulated)
    happened = set(simulated.events["kind"].to_pylist())
    assert {Kind.LINE_CANCELLED, Kind.SHORT_PICKED, Kind.ASKED_AGAIN, Kind.RELEASE_DUE} <= happened
