"""Requests that do not fit are refused by the name of their field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.document_reader import DocumentReader
from agents.documents import parse_case
from envs.prices import Pricing
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.local_time import format_utc
from scenarios.registry import load_scenario
from tests.agents.test_snapshot_document import Comparer
from tests.nested import put
from tests.policy_bundles import FIRST_TEST_SEED


def _case() -> dict[str, Any]:
    scenario = load_scenario("tiny")
    documents: list[dict[str, Any]] = []
    comparer = Comparer("primal-dual", scenario, 1, lambda document: documents.append(json.loads(json.dumps(document))))
    simulate(draw_trace(scenario, FIRST_TEST_SEED), comparer, level="none")
    return documents[len(documents) // 2]


BAD: list[tuple[str, Any, str]] = [
    ("order.region", "Atlantis", "order.region"),
    ("order.lines", [], "order.lines"),
    ("order.lines[0].sku", "nothing", "order.lines[0].sku"),
    ("order.lines[0].units", 0, "order.lines[0].units"),
    ("order.lines[0].units", -1, "order.lines[0].units"),
    ("order.lines[0].units", 1.5, "order.lines[0].units"),
    ("order.lines[0].units", True, "order.lines[0].units"),
    ("order.lines[0].units", float("nan"), "order.lines[0].units"),
    ("order.lines[0].units", "2", "order.lines[0].units"),
    ("order.promise_at", "2001-01-01T00:00:00Z", "order.promise_at"),
    ("order.promise_at", "2025-03-04T00:00:00", "order.promise_at"),
    ("order.promise_at", "soon", "order.promise_at"),
    ("order.placed_at", "2031-01-01T00:00:00Z", "order.placed_at"),
    ("order.requirements", ["warm"], "order.requirements[0]"),
    ("order.margin_millicents", -5, "order.margin_millicents"),
    ("order.colour", "red", "order.colour"),
    ("snapshot.schema", "routelab.snapshot/1", "snapshot.schema"),
    ("snapshot.now", "9999-12-31T00:00:00Z", "snapshot.now"),
    ("snapshot.now", 3, "snapshot.now"),
    ("snapshot.stock[0].warehouse", "Moon", "snapshot.stock[0].warehouse"),
    ("snapshot.stock[0].sku", "nothing", "snapshot.stock[0].sku"),
    ("snapshot.stock[0].on_hand_units", -1, "snapshot.stock[0].on_hand_units"),
    ("snapshot.stock[0].allocated_units", 10**8, "snapshot.stock[0].allocated_units"),
    ("snapshot.stock", [], "snapshot.stock"),
    ("snapshot.stations", [], "snapshot.stations"),
    ("snapshot.stations[0].num_open", 10**6, "snapshot.stations[0].num_open"),
    ("snapshot.stations[0].warehouse", "Moon", "snapshot.stations[0].warehouse"),
    ("snapshot.stations[0].busy_until", ["2025-03-03T00:00:00Z"] * 9999, "snapshot.stations[0].busy_until"),
    ("snapshot.stations[0].busy_until", ["9999-03-03T00:00:00Z"], "snapshot.stations[0].busy_until[0]"),
    ("snapshot.stations[0].queued_seconds", 5, "snapshot.stations[0].queued_seconds"),
    ("snapshot.punctuality[0].service", "pigeon", "snapshot.punctuality[0].service"),
    ("snapshot.weights.cost", float("inf"), "snapshot.weights.cost"),
    ("snapshot.weights.cost", -1.0, "snapshot.weights.cost"),
    ("snapshot.calendar_end", "2025-03-20T11:00:00Z", "snapshot.calendar_end"),
    ("snapshot.demand", None, "snapshot.demand"),
]


@pytest.mark.parametrize(("path", "value", "key"), BAD)
def test_what_does_not_fit_is_named(path: str, value: Any, key: str) -> None:
    document = _case()
    reader = DocumentReader(load_scenario("tiny").public(), Pricing.CLOSED_FORM)
    reader.read(parse_case(document))
    put(document, path, value)
    with pytest.raises(InputError) as caught:
        reader.read(parse_case(document))
    assert caught.value.key == key
    assert caught.value.expected
    assert caught.value.remedy


def test_rows_given_twice_are_refused() -> None:
    reader = DocumentReader(load_scenario("tiny").public(), Pricing.CLOSED_FORM)
    for table in ("stock", "stations", "punctuality"):
        document = _case()
        rows = document["snapshot"][table]
        rows.append(dict(rows[0]))
        with pytest.raises(InputError, match="each once"):
            reader.read(parse_case(document))
    document = _case()
    document["order"]["lines"].append(dict(document["order"]["lines"][0]))
    with pytest.raises(InputError, match="once an order"):
        reader.read(parse_case(document))


def test_a_booking_on_a_collection_that_does_not_exist_names_the_nearest() -> None:
    document = _case()
    names = load_scenario("tiny").public().names
    reader = DocumentReader(load_scenario("tiny").public(), Pricing.CLOSED_FORM)
    document["snapshot"]["bookings"] = [
        {
            "warehouse": names.warehouses[0],
            "service": names.services[0],
            "collection_at": "2025-03-05T03:33:33Z",
            "booked_parcels": 1,
        }
    ]
    with pytest.raises(InputError, match="nearest"):
        reader.read(parse_case(document))


def test_a_collection_takes_what_is_told_but_where_the_calendar_ends() -> None:
    document, public = _case(), load_scenario("tiny").public()
    reader = DocumentReader(public, Pricing.CLOSED_FORM)
    network = reader.read(parse_case(document)).network
    pair = network.pairs[0, 0]
    last = pair["first_collection"] + pair["num_collections"] - 1
    start = int(network.settings["epoch_seconds"][0])
    document["snapshot"]["bookings"] = [
        {
            "warehouse": public.names.warehouses[0],
            "service": public.names.services[0],
            "collection_at": format_utc(start + int(network.collections["time_seconds"][place])),
            "booked_parcels": 0,
            "capacity_parcels": capacity,
        }
        for place, capacity in ((last - 2, 7), (last - 1, None), (last, 7))
    ]
    told = reader.read(parse_case(document)).network.collections
    assert (network.collections["capacity_parcels"] != 7).all()  # it is shared with other decisions
    assert (told["capacity_parcels"] == 7).nonzero()[0].tolist() == [last - 2]
    unchanged = told["capacity_parcels"] == network.collections["capacity_parcels"]
    assert unchanged.sum() == len(told) - 1


def test_a_stock_row_for_each_sku_of_the_order_is_required() -> None:
    document = _case()
    wanted = document["order"]["lines"][0]["sku"]
    other = next(name for name in load_scenario("tiny").public().names.skus if name != wanted)
    for row in document["snapshot"]["stock"]:
        row["sku"] = other
    with pytest.raises(InputError, match=f"no row of {wanted}"):
        DocumentReader(load_scenario("tiny").public(), Pricing.CLOSED_FORM).read(parse_case(document))
