"""Counters in the database follow the rule of the simulation, hour by hour."""

from __future__ import annotations

from typing import Any

import msgspec

from agents.documents import OrderDocument
from agents.recording import Recorder
from agents.registry import load_agent
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.local_time import parse_utc
from scenarios.registry import load_scenario
from serve.orders.demand_seen import Counter, count_arrival, hour_of, read_demand
from serve.storage.database import Database
from tests.policy_bundles import FIRST_TEST_SEED


def test_a_counter_forgets_half_in_six_hours() -> None:
    counter = Counter(hour=0).counted(64)
    after = counter.turned(1, 1000)
    assert (after.total, after.this_hour, after.last_hour, after.recent_milli) == (64, 0, 64, 7000)
    assert after.turned(2, 1000).last_hour == 0
    assert after.turned(7, 1000).recent_milli in range(3480, 3500)
    assert after.turned(1000, 1000).recent_milli == 0
    assert after.turned(0, 1000) is after  # an order of an hour ago does not turn it back


def test_the_same_as_in_the_simulation(database: Database) -> None:
    """Every order of a played trace is shown the demand that the simulation showed."""
    scenario = load_scenario("metro-small")
    trace = draw_trace(scenario, FIRST_TEST_SEED)
    recorder = Recorder(load_agent("nearest"), trace.names)
    simulate(trace, recorder, level="none")
    epoch = scenario.public().epoch_seconds
    documents = [decision.document for decision in recorder.decisions if not is_asked_again(decision.document)][:150]
    assert len({document["snapshot"]["now"][:13] for document in documents}) > 5  # several hours
    for document in documents:
        order = OrderDocument.model_validate(document["order"])
        hour = hour_of(parse_utc("now", document["snapshot"]["now"]), epoch)
        with database.reading() as tx:
            seen = read_demand(tx, order, hour, order)
        told = document["snapshot"]["demand"]
        for field in ("orders_this_hour", "orders_last_hour"):
            assert getattr(seen, field) == told[field]
        for table, kind in (("regions", "region"), ("goods", "sku")):
            rows = [msgspec.to_builtins(row) for row in getattr(seen, table)]
            assert by_name(rows, kind) == by_name(told[table], kind)
        with database.writing() as tx:
            count_arrival(tx, order, hour)


def is_asked_again(document: dict[str, Any]) -> bool:
    order = document["order"]
    return bool(order["is_again"] or order["num_holds"] or order["placed_at"] != document["snapshot"]["now"])


def by_name(rows: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {row[kind]: row for row in rows}
