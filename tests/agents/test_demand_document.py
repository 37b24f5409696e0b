"""Demand seen and bid prices solved on a schedule, in documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.document_reader import DocumentReader
from agents.documents import parse_case
from agents.recording import Recorder
from envs.prices import Pricing
from envs.simulation import simulate
from envs.snapshot import Snapshot
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.registry import load_scenario
from tests.agents.test_snapshot_document import Comparer
from tests.every_agent import agent_of
from tests.nested import put
from tests.policy_bundles import FIRST_TEST_SEED


class Counting(Comparer):
    """Compares what was counted, too."""

    num_rates = 0

    def _compare(self, a: Snapshot, b: Snapshot) -> None:
        super()._compare(a, b)
        num_lines = int(a.seen.order["num_lines"][0])
        skus = a.seen.lines["sku"][:num_lines]
        assert a.seen.demand.tobytes() == b.seen.demand.tobytes()
        assert a.seen.goods[skus].tobytes() == b.seen.goods[:num_lines].tobytes()
        assert a.seen.goods["demanded_units"][skus].all()
        price = "bid_price_millicents"
        assert a.seen.stock[price][:, skus].tolist() == b.seen.stock[price].tolist()
        self.num_rates += int((a.seen.goods["recent_milli"][skus] > 0).sum())


@pytest.mark.parametrize(("scenario", "every"), [("tiny", 1), ("metro-small", 9)])
def test_demand_and_scheduled_prices_go_there_and_back(scenario: str, every: int) -> None:
    comparer = Counting(agent_of("scheduled"), load_scenario(scenario), every)
    simulate(draw_trace(load_scenario(scenario), FIRST_TEST_SEED), comparer, level="none")
    assert comparer.num_compared > 10
    assert comparer.num_rates > 10


def _case() -> dict[str, Any]:
    trace = draw_trace(load_scenario("tiny"), FIRST_TEST_SEED)
    recorder = Recorder(agent_of("scheduled"), trace.names)
    simulate(trace, recorder, level="none")
    document = recorder.decisions[-1].document
    assert document["snapshot"]["demand"]["regions"]
    assert document["snapshot"]["demand"]["goods"]
    return json.loads(json.dumps(document))


def _reader() -> DocumentReader:
    return DocumentReader(load_scenario("tiny").public(), Pricing.SCHEDULED)


def test_without_rows_nothing_was_demanded() -> None:
    document = _case()
    for name in ("regions", "goods"):
        del document["snapshot"]["demand"][name]
    seen = _reader().read(parse_case(document)).seen
    assert not any(seen.demand[name].any() for name in seen.demand.dtype.names)
    assert not any(seen.goods[name].any() for name in seen.goods.dtype.names)


def test_without_solved_prices_the_endpoint_uses_the_closed_form() -> None:
    document = _case()
    for row in document["snapshot"]["stock"]:
        del row["bid_price_millicents"]
    closed = DocumentReader(load_scenario("tiny").public(), Pricing.CLOSED_FORM).read(parse_case(document))
    fallen_back = _reader().read(parse_case(document))
    assert fallen_back.seen.stock.tobytes() == closed.seen.stock.tobytes()
    assert closed.seen.stock["bid_price_millicents"].any()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("snapshot.demand.regions[0].region", "Atlantis"),
        ("snapshot.demand.regions[0].num_orders", -1),
        ("snapshot.demand.regions[0].recent_milli", 1.5),
        ("snapshot.demand.goods[0].sku", "nothing"),
        ("snapshot.demand.goods[0].units_this_hour", None),
        ("snapshot.demand.goods[0].recent_milli", -1),
    ],
)
def test_what_does_not_fit_is_named(path: str, value: Any) -> None:
    document = _case()
    put(document, path, value)
    with pytest.raises(InputError) as caught:
        _reader().read(parse_case(document))
    assert caught.value.key == path


@pytest.mark.parametrize("table", ["regions", "goods"])
def test_rows_given_twice_are_refused(table: str) -> None:
    document = _case()
    rows = document["snapshot"]["demand"][table]
    rows.append(dict(rows[0]))
    with pytest.raises(InputError, match="each once"):
        _reader().read(parse_case(document))
