"""What the endpoint computes from a document equals what the simulator computed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from agents.document_reader import DocumentReader
from agents.documents import parse_case
from agents.registry import load_agent
from agents.snapshot_document import to_document
from envs.plan_table import OPTIONS
from envs.prices import Pricing
from envs.protocol import pricer_of
from envs.simulation import simulate
from envs.snapshot import Snapshot
from scenarios.draw import draw_trace
from scenarios.network import Network
from scenarios.registry import load_scenario, scenario_names
from tests.policy_bundles import FIRST_TEST_SEED

TOYS = [name for name in scenario_names() if name.startswith("toy-")]
ABSOLUTE_TIMES = ("ready_at", "collected_at", "mean_at", "quoted_at")
INDICES = ("collection", "receipt")  # of other tables


class Comparer:
    """Lets a heuristic decide; each snapshot also goes through a document and back, and both are compared."""

    needs_features = True

    def __init__(self, agent: Any, scenario: Any, every: int, edit: Any = None) -> None:
        self.agent = load_agent(agent) if isinstance(agent, str) else agent
        self.name, self.pricing, self.pricer = self.agent.name, self.agent.pricing, pricer_of(self.agent)
        self.names = scenario.public().names
        public = type(scenario.public()).from_json(scenario.public().to_json())
        self.reader = DocumentReader(public, self.pricing)
        self.every, self.edit = every, edit
        self.num_compared = self.num_shifted = self.num_backorders = self.num_splits = 0
        self.num_again = self.num_held = self.num_joined = self.num_presale = self.num_interrupted = 0

    def start(self, network: Network) -> None:
        self.agent.start(network)

    def choose(self, snapshot: Snapshot) -> int:
        slot = self.agent.choose(snapshot)
        if snapshot.decision_id % self.every == 0:
            document = json.loads(json.dumps(to_document(snapshot, self.names), allow_nan=False))
            if self.edit:
                self.edit(document)
            again = self.reader.read_to_choose(parse_case(document))  # scratch of the decision before
            self._compare(snapshot, again)
            assert self.agent.choose(again) == slot
        return slot

    def _compare(self, a: Snapshot, b: Snapshot) -> None:
        n = a.num_plans
        assert b.num_plans == n
        shift = int(b.network.settings["epoch_seconds"][0] - a.network.settings["epoch_seconds"][0])
        for name in ("costs", "rules", "features", "context"):
            left, right = getattr(a.plans, name), getattr(b.plans, name)
            if name in ("costs", "rules"):
                left, right = left[:n], right[:n]
            assert left.dtype == right.dtype
            np.testing.assert_array_equal(left, right, err_msg=name)
        for slot in range(n):
            count = a.plans.slots["num_parcels"][slot]
            assert b.plans.slots["num_parcels"][slot] == count
            for field in a.plans.slots.dtype.names:
                moved = shift if field == "quoted_at" and count else 0
                assert a.plans.slots[field][slot] == b.plans.slots[field][slot] + moved, field
            for i in range(count):
                self._compare_parcels(a, b, slot, i, shift)
        self.num_compared += 1
        self.num_shifted += shift != 0
        self.num_backorders += bool(a.plans.slots["num_backordered_lines"][:n].any())
        self.num_splits += bool((a.plans.slots["num_parcels"][:n] > 1).any())
        asked, now = a.seen.order[0], a.seen.clock["now_seconds"][0]
        self.num_again += asked["is_again"]
        self.num_held += asked["num_holds"] > 0
        self.num_joined += asked["num_orders"] > 1
        self.num_presale += bool((a.seen.lines["ship_from_seconds"][: asked["num_lines"]] > now).any())
        self.num_interrupted += bool((a.seen.interruptions["until_seconds"] > now).any())

    def _compare_parcels(self, a: Snapshot, b: Snapshot, slot: int, i: int, shift: int) -> None:
        left, right = (s.plans.options[s.plans.chosen[slot, i]] for s in (a, b))
        for field in OPTIONS.names:
            if field not in INDICES:
                is_moment = field in ABSOLUTE_TIMES or (field == "release_at" and left[field] > 0)
                assert left[field] == right[field] + (shift if is_moment else 0), field
        times = [s.network.collections["time_seconds"][row["collection"]] for s, row in ((a, left), (b, right))]
        assert times[0] == times[1] + shift
        assert (left["receipt"] < 0) == (right["receipt"] < 0)
        if left["receipt"] >= 0:
            expected = [s.seen.receipts["expected_at"][row["receipt"]] for s, row in ((a, left), (b, right))]
            assert expected[0] == expected[1] + shift


class Waiter:
    """Holds, waits for dates and receipts, and splits, wherever it can."""

    name, pricing, needs_features = "waiter", Pricing.CLOSED_FORM, True

    def start(self, network: Network) -> None: ...

    def choose(self, snapshot: Snapshot) -> int:
        slots = snapshot.plans.slots[: snapshot.num_plans]
        liked = [slots[name] for name in ("hold_seconds", "num_later_lines", "num_backordered_lines", "num_parcels")]
        return int(np.lexsort(liked[::-1])[-1])


def played(scenario_name: str, agent: Any, every: int, edit: Any = None, **overrides: Any) -> Comparer:
    scenario = load_scenario(scenario_name, **overrides)
    comparer = Comparer(agent, scenario, every, edit)
    simulate(draw_trace(scenario, FIRST_TEST_SEED), comparer, level="none", weights=(1.0, 0.7, 2.5))
    return comparer


@pytest.mark.parametrize("agent", ["primal-dual", "nearest"])
@pytest.mark.parametrize("scenario", ["tiny", *(name for name in TOYS if name != "toy-mmc")])
def test_endpoint_and_simulator_see_the_same_in_small_worlds(scenario: str, agent: str) -> None:
    assert played(scenario, agent, every=1).num_compared > 0


@pytest.mark.parametrize("scenario", ["metro-disrupted", "metro-reorder"])
def test_endpoint_and_simulator_see_the_same_in_disrupted_worlds(scenario: str) -> None:
    size = {"orders_per_day": 300.0, "num_initial_orders": 60, "horizon_days": 2, "warmup_hours": 0}
    comparer = played(scenario, Waiter(), every=1, **size)
    assert comparer.num_compared > 500
    assert comparer.num_backorders > 100
    if scenario == "metro-disrupted":
        assert comparer.num_again > 3
        assert comparer.num_held > 300
        assert comparer.num_joined > 20
        assert comparer.num_presale > 20
        assert comparer.num_interrupted > 100


@pytest.mark.parametrize("agent", ["primal-dual", "fewest-splits"])
def test_endpoint_and_simulator_see_the_same_in_metro_small(agent: str) -> None:
    comparer = played("metro-small", agent, every=3)
    assert comparer.num_compared > 500
    assert comparer.num_shifted > 300  # on other windows than the simulation's
    assert comparer.num_backorders > 10
    assert comparer.num_splits > 100


def test_endpoint_and_simulator_see_the_same_under_congestion() -> None:
    """Queues, full collections and scarce stock."""
    comparer = played("metro-small", "cheapest", every=5, orders_per_day=1500.0, max_orders=6000)
    assert comparer.num_compared > 500


def test_endpoint_and_simulator_see_the_same_over_weeks() -> None:
    assert played("toy-mmc", "myopic", every=40).num_shifted > 250


def test_no_calendar_end_is_needed_while_the_simulation_has_days_left() -> None:
    def leave_out_the_end(document: dict[str, Any]) -> None:
        del document["snapshot"]["calendar_end"]

    assert played("metro-small", "primal-dual", 7, leave_out_the_end).num_compared > 250


def test_bid_prices_follow_from_the_stock_if_not_given() -> None:
    prices = []

    def drop(document: dict[str, Any]) -> None:
        prices.extend(row.pop("bid_price_millicents") for row in document["snapshot"]["stock"])

    assert played("metro-small", "primal-dual", 7, drop).num_compared > 250
    assert sum(price > 0 for price in prices) > 100


def test_rows_of_skus_that_the_order_does_not_need_change_nothing() -> None:
    def add_rows(document: dict[str, Any]) -> None:
        snapshot = document["snapshot"]
        known = {row["sku"] for row in snapshot["stock"]}
        warehouse = snapshot["stock"][0]["warehouse"]
        for sku in load_scenario("metro-small").public().names.skus:
            if sku not in known:
                row = {"warehouse": warehouse, "sku": sku, "on_hand_units": 7, "allocated_units": 1}
                snapshot["stock"].append({**row, "reference_units": 9, "bid_price_millicents": 123_456})
                receipt = {"warehouse": warehouse, "sku": sku, "expected_at": snapshot["now"], "expected_units": 9}
                snapshot["receipts"].insert(0, receipt)
                if all(row["sku"] != sku for row in snapshot["demand"]["goods"]):
                    counted = {"sku": sku, "demanded_units": 99, "units_this_hour": 9, "recent_milli": 90_000}
                    snapshot["demand"]["goods"].insert(0, counted)

    assert played("metro-small", "primal-dual", 40, add_rows).num_compared > 40


def test_handling_is_written_by_name() -> None:
    scenario = load_scenario("toy-handling")
    documents = []

    class Listener:
        name, pricing, needs_features = "listener", Pricing.NONE, True

        def start(self, network: Network) -> None: ...

        def choose(self, snapshot: Snapshot) -> int:
            documents.append(to_document(snapshot, scenario.public().names))
            return 0

    simulate(draw_trace(scenario, FIRST_TEST_SEED), Listener(), level="none")
    assert documents[0]["snapshot"]["schema"] == "routelab.snapshot/2"
    assert all(isinstance(name, str) for name in documents[0]["order"]["requirements"])
