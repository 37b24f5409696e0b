"""In sequential mode bid prices are solved when, and from what, the simulator solves them: decisions are equal."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.bundle import BundleAgent
from agents.dual.pricer import DualPricer
from envs.log import Kind
from envs.simulation import Simulation, simulate
from envs.state import Observable
from scenarios.draw import draw_trace
from scenarios.network import Network
from scenarios.registry import load_scenario
from scenarios.trace import Trace
from serve.pricing.kept import read_solved
from serve.pricing.scheduled import scheduled_of
from serve.storage.database import Database
from tests.policy_bundles import FIRST_TEST_SEED
from tests.serve.pricing.bundles import make_dual_bundle
from tests.serve.replay.endpoints import check_same, replayed

SEED = FIRST_TEST_SEED + 1


@pytest.fixture
def shop_url(tmp_path: Path, sqlite_template: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'shop.db')}"


class Watched:
    """A pricer whose prices are kept, by the second of their state."""

    def __init__(self, pricer: DualPricer) -> None:
        self._pricer, self.tables = pricer, dict[int, np.ndarray]()
        self.interval_seconds, self.delay_seconds = pricer.interval_seconds, pricer.delay_seconds

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        table = self._pricer.prices(network, seen)
        self.tables[int(seen.clock["now_seconds"][0])] = table
        return table


def simulated_with(agent: BundleAgent, trace: Trace) -> tuple[Simulation, dict[int, np.ndarray]]:
    """A simulation, and the prices that were solved in it."""
    pricer = agent.pricer
    assert pricer is not None
    watched = Watched(pricer)
    agent.pricer = watched  # type: ignore[assignment]
    simulated = simulate(trace, agent)
    agent.pricer = pricer
    return simulated, watched.tables


def kept_tables(url: str, agent: BundleAgent) -> dict[int, np.ndarray]:
    """Prices in the database by the second of their state, counted as the simulator counts."""
    scheduled, database = scheduled_of(agent), Database(url)
    assert scheduled is not None
    with database.reading() as tx:
        found = {row.solved_at - scheduled.epoch: row.table for row in read_solved(tx, scheduled.sha256, {})}
    database.close()
    return found


def test_tiny_on_both_databases(database_url: str, tmp_path: Path) -> None:
    agent, trace = BundleAgent(make_dual_bundle(tmp_path / "policy")), draw_trace(load_scenario("tiny"), SEED)
    simulated = simulate(trace, agent)
    assert (simulated.events["kind"].to_numpy() == Kind.PRICES_IN).sum() > 3
    shop = replayed(agent, trace, database_url)
    check_same(shop, simulated)
    assert shop.report.stages.keys() == {"policy"}


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        pytest.param("stationary", {"horizon_days": 2}, id="receipts"),
        pytest.param("misplaced-scarce", {"horizon_days": 1}, id="scarce", marks=pytest.mark.slow),
    ],
)
def test_prices_are_those_of_the_simulator(
    scenario: str, changes: dict[str, Any], tmp_path: Path, shop_url: str
) -> None:
    """Each table that is solved, bit by bit, and so each decision."""
    agent = BundleAgent(make_dual_bundle(tmp_path / "policy", scenario, every=20, **changes))
    trace = draw_trace(load_scenario(scenario, **changes), SEED)
    simulated, wanted = simulated_with(agent, trace)
    check_same(replayed(agent, trace, shop_url), simulated)
    found = kept_tables(shop_url, agent)
    shared = wanted.keys() & found.keys()  # jobs are left out where nothing happens, and after a week forgotten
    for second in shared:
        assert np.array_equal(found[second], wanted[second]), second
    assert len({wanted[second].tobytes() for second in shared if wanted[second].any()}) >= 4
