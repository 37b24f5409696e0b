"""A replay against the endpoint equals the simulator with a policy that torch has trained, exported to ONNX."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from agents.bundle import BundleAgent
from agents.dual.router import dual_router
from agents.registry import load_agent
from envs.prices import Pricing
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.registry import load_scenario
from scenarios.scenario import Scenario
from tests.policy_bundles import FIRST_TEST_SEED
from tests.serve.replay.endpoints import check_same, log_of, replayed

SCARCE = load_scenario("misplaced-scarce", horizon_days=1)


def trained(folder: Path, scenario: Scenario, pricing: Pricing, total_steps: int = 256) -> BundleAgent:
    """The bundle of a training of seconds, whose steps are so long that it strays from its base router."""
    from agents.learned.base import Base
    from agents.learned.export import export_bundle
    from agents.learned.training import TrainingConfig, train

    config = TrainingConfig(
        value_rounds=0,
        search_generations=0,
        validation_traces=0,
        total_steps=total_steps,
        num_envs=4,
        group_size=2,
        num_steps=32,
        batch_size=64,
        num_epochs=4,
        hidden=8,
        learning_rate=0.05,
        temperature=1.0,
        pricing=pricing.name,
    )
    policy = train(scenario, config, folder / "run")
    base = Base.of(scenario, pricing)
    return BundleAgent(export_bundle(policy, scenario, folder / "bundle", {"run": "a test"}, base=base))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("pricing", [Pricing.CLOSED_FORM, Pricing.SCHEDULED], ids=lambda pricing: pricing.name)
def test_a_trained_network_decides_as_in_simulation(pricing: Pricing, tmp_path: Path, sqlite_template: Path) -> None:
    agent, trace = trained(tmp_path, SCARCE, pricing), draw_trace(SCARCE, FIRST_TEST_SEED + 1)
    simulated = simulate(trace, agent)
    router = dual_router(SCARCE) if pricing == Pricing.SCHEDULED else load_agent("primal-dual")
    assert simulated.world.totals.sum() != simulate(trace, router).world.totals.sum()  # it has learned something
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'shop.db')}"
    shop = replayed(agent, trace, url)
    check_same(shop, simulated)
    assert shop.report.stages.keys() == {"policy"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_not_trained_decides_as_its_base_router(tmp_path: Path) -> None:
    """So a bundle of the plain dual needs nothing of its own."""
    agent = trained(tmp_path, SCARCE, Pricing.SCHEDULED, total_steps=0)
    for seed in range(FIRST_TEST_SEED, FIRST_TEST_SEED + 3):
        trace = draw_trace(SCARCE, seed)
        found, wanted = simulate(trace, agent), simulate(trace, dual_router(SCARCE))
        assert np.array_equal(log_of(found.world), log_of(wanted.world))
