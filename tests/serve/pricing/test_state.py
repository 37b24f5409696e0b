"""The stored state as a pricer sees it, at any time of a shop's life."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.bundle import BundleAgent
from scenarios.draw import draw_trace
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.registry import load_scenario
from serve.database import Database
from serve.known import Known
from serve.pricing.scheduled import Scheduled, scheduled_of
from serve.pricing.state import StateReader
from serve.seed import seed
from tests.policy_bundles import FIRST_TEST_SEED


@pytest.fixture(scope="module")
def scheduled(scarce_agent: BundleAgent) -> Scheduled:
    found = scheduled_of(scarce_agent)
    assert found is not None
    return found


def test_seconds_count_so_that_a_forecast_finds_its_hour(scarce_agent: BundleAgent, scheduled: Scheduled) -> None:
    """And tells a first lap from all later ones, however many there were."""
    history, states = scheduled.pricer.forecast.history, StateReader(Known(scarce_agent.bundle.public))
    for days in (0, 0.5, 1, 1.5, 2, 7.25, 400):
        now = scheduled.epoch + int(days * DAY_SECONDS) + 1234
        second, own = now - states.begins_at(scheduled, now), now - scheduled.epoch
        assert history.demand_hour_of(second) == history.demand_hour_of(own)
        assert 0 <= second < 2 * history.period_seconds


def test_the_calendar_reaches_beyond_what_is_looked_at(
    scarce_agent: BundleAgent, scheduled: Scheduled, database: Database
) -> None:
    known = Known(scarce_agent.bundle.public)
    with database.writing() as tx:
        seed(tx, known)
    for days in (0, 400):
        now = scheduled.epoch + days * DAY_SECONDS + 5 * HOUR_SECONDS
        with database.reading() as tx:
            network, seen = StateReader(known).read(tx, scheduled, now)
        assert network.settings["epoch_seconds"][0] + seen.clock["now_seconds"][0] == now
        end = network.settings["end_seconds"][0] - seen.clock["now_seconds"][0]
        assert end >= scheduled.pricer.lookahead_seconds + 28 * DAY_SECONDS


def test_in_a_replay_it_is_that_of_the_simulation(
    scarce_agent: BundleAgent, scheduled: Scheduled, database: Database
) -> None:
    trace = draw_trace(load_scenario("misplaced-scarce", horizon_days=1), FIRST_TEST_SEED)
    end = int(trace.network.settings["epoch_seconds"][0] + trace.network.settings["end_seconds"][0])
    known = Known(scarce_agent.bundle.public, end)
    with database.writing() as tx:
        seed(tx, known)
    with database.reading() as tx:
        network, _ = StateReader(known).read(tx, scheduled, scheduled.epoch + 3 * DAY_SECONDS)
    assert network.collections.tobytes() == trace.network.collections.tobytes()
    assert network.pairs.tobytes() == trace.network.pairs.tobytes()


def test_a_published_end_is_that_of_a_simulation_alone(scarce_agent: BundleAgent, scheduled: Scheduled) -> None:
    ending = replace(scheduled, pricer=replace(scheduled.pricer, ends_at=DAY_SECONDS))
    public = scarce_agent.bundle.public
    assert StateReader(Known(public)).pricer(ending).ends_at is None
    assert StateReader(Known(public, scheduled.epoch + 7 * DAY_SECONDS)).pricer(ending).ends_at == DAY_SECONDS
