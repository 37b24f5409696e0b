"""Documents of decisions that are not the first: after holds, of several orders, after a plan broke, in an outage."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from agents.document_reader import DocumentReader
from agents.documents import parse_case
from agents.snapshot_document import to_document
from envs.plan_table import new_plans
from envs.prices import Pricing
from envs.snapshot import Snapshot
from envs.state import Observable, new_observable
from scenarios.errors import InputError
from scenarios.handling import Handling
from scenarios.local_time import DAY_SECONDS as DAY
from scenarios.local_time import HOUR_SECONDS as HOUR
from scenarios.network import Network
from scenarios.registry import load_scenario
from tests.nested import put


def _troubled() -> tuple[Any, Any, Network, Observable]:
    """Three lines of two orders decided together again after two holds, with presale and an outage; and its network."""
    scenario = load_scenario("metro-disrupted")
    public = scenario.public()
    network = public.expand()
    seen = new_observable(network, 2)
    now = 3 * DAY + 5 * HOUR + 7
    clock, asked = seen.clock, seen.order
    clock["now_seconds"], clock["hour"], clock["pricing"] = now, now // HOUR, int(Pricing.NONE)
    clock["num_receipts"] = 2
    seen.stations["num_open"] = network.warehouses["num_stations"]
    dates = np.array(public.ship_from_seconds) - public.epoch_seconds
    presale = int(np.flatnonzero(dates > now)[0])
    asked["order"], asked["region"], asked["arrival_seconds"] = 40, 3, now - 90 * 60
    asked["promise_at"], asked["requirements"], asked["num_lines"] = now + DAY, int(Handling.GIFT), 3
    asked["margin_millicents"], asked["num_orders"], asked["num_holds"] = 12_345, 2, 2
    asked["held_seconds"], asked["is_again"] = 5400, 1
    for i, (sku, order, ship_from, promise_at, own) in enumerate(
        (
            (3, 40, 0, now + DAY, Handling.GIFT),
            (presale, 40, int(dates[presale]), now + 5 * DAY, Handling.GIFT),
            (9, 44, 0, now + 2 * DAY, Handling.NONE),
        )
    ):
        row = network.skus[sku]
        mask = int(row["requirements"]) | int(own)
        seen.lines[i] = (70 + i, sku, 2, 2 * row["grams"], mask, ship_from, order, promise_at)
    seen.interruptions["until_seconds"][2, 1] = now + 7 * HOUR
    seen.interruptions["until_seconds"][4, 1] = now + 9 * HOUR
    seen.interruptions["until_seconds"][0, 0] = now - HOUR  # over
    seen.receipts[0] = (1, 3, now - 2 * HOUR, 8, 3, 1, -1)  # overdue
    seen.receipts[1] = (2, 9, now + HOUR, 5, 0, 1, -1)
    return public, public.names, network, seen


def _written() -> tuple[dict[str, Any], Any, Observable]:
    public, names, network, seen = _troubled()
    document = json.loads(json.dumps(to_document(Snapshot(network, seen, new_plans(network)), names), allow_nan=False))
    return document, public, seen


def test_what_an_interrupted_decision_depends_on_goes_there_and_back() -> None:
    document, public, seen = _written()
    network, again = DocumentReader(public, Pricing.NONE).observe(*_parts(document))
    shift = 3 * DAY  # the window starts with the day of the decision
    assert network.settings["epoch_seconds"][0] == public.epoch_seconds + shift
    times = {"arrival_seconds", "promise_at"}
    for field in seen.order.dtype.names:
        if field != "order":  # of the document itself
            assert seen.order[field][0] == again.order[field][0] + (shift if field in times else 0), field
    skus = seen.lines["sku"][:3]
    assert again.lines["sku"][:3].tolist() == [0, 1, 2]  # a decision sees its own SKUs alone
    assert (network.skus == public.expand().skus[skus]).all()
    for field in ("units", "grams", "requirements"):
        assert seen.lines[field][:3].tolist() == again.lines[field][:3].tolist(), field
    assert seen.lines["promise_at"][:3].tolist() == (again.lines["promise_at"][:3] + shift).tolist()
    assert seen.lines["ship_from_seconds"][1] == again.lines["ship_from_seconds"][1] + shift
    assert (again.lines["ship_from_seconds"][[0, 2]] < 0).all()
    assert again.lines["order"][:3].tolist() == [0, 0, 1]
    now = seen.clock["now_seconds"][0]
    left = np.maximum(seen.interruptions["until_seconds"] - now, 0)
    assert left.sum() == 16 * HOUR
    assert (np.maximum(again.interruptions["until_seconds"] + shift - now, 0) == left).all()
    for field in seen.receipts.dtype.names:
        moved = shift if field == "expected_at" else 0
        is_known = seen.receipts["is_open"] == 1
        assert is_known.any()
        found = again.receipts[field][is_known]
        assert seen.receipts[field][is_known].tolist() == (skus[found] if field == "sku" else found + moved).tolist()


def test_a_new_order_needs_none_of_it() -> None:
    """Without its optional fields a document means an ordinary new order; presale dates are those of the SKUs."""
    document, public, seen = _written()
    for name in ("num_holds", "held_seconds", "is_again"):
        del document["order"][name]
    for line in document["order"]["lines"]:
        for name in ("ship_from", "promise_at", "order", "requirements"):
            line.pop(name, None)
    del document["snapshot"]["interruptions"]
    _, again = DocumentReader(public, Pricing.NONE).observe(*_parts(document))
    asked, lines = again.order[0], again.lines
    assert [int(asked[name]) for name in ("num_orders", "num_holds", "held_seconds", "is_again")] == [1, 0, 0, 0]
    date = seen.lines["ship_from_seconds"][1]
    assert lines["ship_from_seconds"][1] + 3 * DAY == date
    later = date - seen.order["arrival_seconds"][0]
    promise_at = seen.order["promise_at"][0] - 3 * DAY
    assert lines["promise_at"][:3].tolist() == [promise_at, promise_at + later, promise_at]
    assert asked["promise_at"] == promise_at
    assert not again.interruptions["until_seconds"].any()
    assert (lines["requirements"][:3] & int(Handling.GIFT)).all()


def _parts(document: dict[str, Any]) -> tuple[Any, Any]:
    case = parse_case(document)
    return case.order, case.snapshot


BAD_AGAIN: list[tuple[str, Any, str]] = [
    ("order.num_holds", -1, "order.num_holds"),
    ("order.num_holds", 0, "order.held_seconds"),
    ("order.held_seconds", 7201, "order.held_seconds"),
    ("order.is_again", 1, "order.is_again"),
    ("order.lines[0].promise_at", "2001-01-01T00:00:00Z", "order.lines[0].promise_at"),
    ("order.lines[1].promise_at", "tomorrow", "order.lines[1].promise_at"),
    ("order.lines[1].ship_from", "2025-03-07", "order.lines[1].ship_from"),
    ("order.lines[2].order", -1, "order.lines[2].order"),
    ("order.lines[2].order", 10**6, "order.lines[2].order"),
    ("order.lines[2].requirements", ["warm"], "order.lines[2].requirements[0]"),
    ("snapshot.interruptions[0].warehouse", "Moon", "snapshot.interruptions[0].warehouse"),
    ("snapshot.interruptions[0].service", "pigeon", "snapshot.interruptions[0].service"),
    ("snapshot.interruptions[1].until", "never", "snapshot.interruptions[1].until"),
    ("snapshot.interruptions[1].until", "2199-01-01T00:00:00Z", "snapshot.interruptions[1].until"),
]


@pytest.mark.parametrize(("path", "value", "key"), BAD_AGAIN)
def test_what_does_not_fit_an_interrupted_decision_is_named(path: str, value: Any, key: str) -> None:
    document, public, _ = _written()
    reader = DocumentReader(public, Pricing.NONE)
    reader.observe(*_parts(document))
    put(document, path, value)
    with pytest.raises(InputError) as caught:
        reader.observe(*_parts(document))
    assert caught.value.key == key
    assert caught.value.expected
    assert caught.value.remedy


def test_interruptions_given_twice_are_refused() -> None:
    document, public, _ = _written()
    rows = document["snapshot"]["interruptions"]
    rows.append(dict(rows[0]))
    with pytest.raises(InputError, match="each once"):
        DocumentReader(public, Pricing.NONE).observe(*_parts(document))
