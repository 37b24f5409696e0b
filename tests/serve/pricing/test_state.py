"""The stored state as a pricer sees it, at any time of a shop's life."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.bundle import BundleAgent
from scenarios.draw import draw_trace
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.registry import load_scenario
from serve.orders.known import Known
from serve.pricing.scheduled import Scheduled, scheduled_of
from serve.pricing.state import StateReader
from serve.storage import tables
from serve.storage.database import Database
from serve.storage.seed import seed
from tests.policy_bundles import FIRST_TEST_SEED
from tests.serve.lost_sku import without_sku


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


def test_what_was_told_is_seen(scarce_agent: BundleAgent, scheduled: Scheduled, database: Database) -> None:
    """Receipts in the order of announcement, interruptions that last, transit times, demand of the hours before."""
    known = Known(scarce_agent.bundle.public)
    names, now = known.names, scheduled.epoch + 3 * DAY_SECONDS
    house, other = names.warehouses[:2]
    sku, service, region = names.skus[3], names.services[0], names.regions[1]
    with database.writing() as tx:
        seed(tx, known)
        receipt = {"warehouse": other, "sku": sku, "claimed_units": 0, "is_open": True}
        for number, units in enumerate((7, 9)):
            values = {"id": str(number), "expected_at": now + 60 * number, "expected_units": units}
            tx.execute(tables.receipts.insert().values(**receipt | values))
        gone = {"id": "gone", "expected_at": now, "expected_units": 5, "is_open": False}
        tx.execute(tables.receipts.insert().values(**receipt | gone))
        for place, until in ((house, now + 5), (other, now)):
            tx.execute(tables.interruptions.insert().values(warehouse=place, service=service, until=until))
        slow = tables.punctuality.update().where(tables.punctuality.c.service == service)
        tx.execute(slow.values(num_delivered=4, num_late=1, transit_permille=1234))
        counted = {"kind": "region", "name": region, "hour": 3 * 24 - 1, "total": 64, "this_hour": 64}
        tx.execute(tables.demand.insert().values(**counted))
        short = (tables.stock.c.warehouse == house, tables.stock.c.sku == sku)
        tx.execute(tables.stock.delete().where(*short))
    with database.reading() as tx:
        _, seen = StateReader(known).read(tx, scheduled, now)
    start = now - int(seen.clock["now_seconds"][0])
    count = int(seen.clock["num_receipts"][0])
    assert seen.receipts["expected_units"][:count].tolist() == [7, 9]
    assert (seen.receipts["expected_at"][:count] + start).tolist() == [now, now + 60]
    assert seen.receipts["is_open"].sum() == 2
    assert seen.interruptions["until_seconds"][0, 0] + start == now + 5
    assert seen.interruptions["until_seconds"][1:].max() == 0
    assert seen.punctuality[0].tolist() == (4, 1, 1234)
    assert seen.demand["recent_milli"].tolist() == [7000 * (name == region) for name in names.regions]
    assert seen.stock["on_hand_units"][0, 3] == 0
    assert seen.stock["on_hand_units"].sum() > 0


def test_goods_of_a_sku_that_is_gone_are_passed_over(
    scarce_agent: BundleAgent, scheduled: Scheduled, database: Database
) -> None:
    known = Known(scarce_agent.bundle.public)
    lost, now = known.names.skus[3], scheduled.epoch + 3 * DAY_SECONDS
    after = without_sku(known.public, lost)
    with database.writing() as tx:
        seed(tx, known)
        receipt = {"warehouse": known.names.warehouses[0], "expected_at": now + 60, "claimed_units": 0, "is_open": True}
        for number, sku in enumerate((lost, known.names.skus[4])):
            values = {"id": sku, "sku": sku, "expected_units": number + 1}
            tx.execute(tables.receipts.insert().values(**receipt | values))
    with database.reading() as tx:
        _, seen = StateReader(after).read(tx, scheduled, now)
    assert seen.stock["on_hand_units"].sum() == sum(row.on_hand_units for row in after.public.stock)
    assert seen.receipts["expected_units"][: int(seen.clock["num_receipts"][0])].tolist() == [2]
    assert seen.receipts["sku"][0] == 3


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
