"""The stated optimum of each toy with a disruption, recomputed from its arrays by trying every sensible way."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pytest

from scenarios import draw_trace, load_scenario
from scenarios.catalogue import toys, toys_disruptions
from scenarios.catalogue.toys_disruptions import OPTIMUM_MILLICENTS
from scenarios.network import FOREVER_SECONDS, NO_TABLE, TABLE_WEIGHT
from scenarios.registry import SCENARIOS
from scenarios.trace import ALL_WAREHOUSES, Trace

HOUR, DAY = 3600, 86_400


class Unit(NamedTuple):
    """One unit that will be somewhere."""

    warehouse: int
    sku: int
    available_at: int
    known_from: int


class Choice(NamedTuple):
    """How one line is served."""

    unit: int
    service: int
    planned_at: int
    release_at: int


def units_of(trace: Trace) -> list[Unit]:
    """All units that can really be picked: on the shelf, received, or reordered once the shelf is empty."""
    network = trace.network
    found = []
    for w, k in np.argwhere(network.stock["on_hand_units"] > 0):
        if network.warehouses["short_weight"][w] < TABLE_WEIGHT:
            found += [Unit(int(w), int(k), 0, 0)] * int(network.stock["on_hand_units"][w, k])
    for row in trace.future.receipts:
        unit = Unit(int(row["warehouse"]), int(row["sku"]), int(row["actual_at"]), int(row["announced_at"]))
        found += [unit] * int(row["actual_units"])
    review, first = int(network.settings["review_seconds"][0]), int(trace.future.orders["arrival_seconds"][0])
    for w, k in np.argwhere(network.stock["order_up_to_units"] > 0):
        assert network.stock["on_hand_units"][w, k] == 1 + network.stock["reorder_point_units"][w, k]
        reviewed_at = -(-first // review) * review  # the first order has taken the last unit
        lead = int(network.tables["value"][network.warehouses["lead_table"][w], 0])
        found += [Unit(int(w), int(k), reviewed_at + lead, reviewed_at)] * int(network.stock["order_up_to_units"][w, k])
    return found


def collected_at(trace: Trace, warehouse: int, service: int, release_at: int) -> int:
    """First collection after the pick that no outage cancels."""
    network, site = trace.network, trace.network.warehouses[warehouse]
    shifts = network.shifts[site["first_shift"] :][: site["num_shifts"]]
    start = min(max(release_at, int(row["open_seconds"])) for row in shifts if row["close_seconds"] > release_at)
    pair = network.pairs[warehouse, service]
    times = network.collections["time_seconds"][pair["first_collection"] :][: pair["num_collections"]]
    for time in times[times >= start + site["pick_parcel_seconds"]]:
        if not any(
            row["service"] == service
            and row["warehouse"] in (ALL_WAREHOUSES, warehouse)
            and row["starts_at"] <= time < row["ends_at"]
            for row in trace.future.outages
        ):
            return int(time)
    raise AssertionError("the last collection always comes")


def delivered_at(trace: Trace, warehouse: int, service: int, region: int, release_at: int) -> int:
    collected = collected_at(trace, warehouse, service, release_at)
    transit = trace.network.tables["value"][trace.network.lanes["transit_table"][warehouse, service, region], 0]
    permille = 1000
    for row in trace.future.regimes:
        if row["service"] == service and row["starts_at"] <= collected:
            permille = row["transit_permille"]
    return collected + int(transit) * int(permille) // 1000


def choices_of(trace: Trace, line: int, units: list[Unit]) -> list[Choice]:
    """Ways to serve a line: planned at once or when a held order is joined, released by its own or its order's date."""
    future = trace.future
    row, order = future.lines[line], future.orders[future.lines["order"][line]]
    arrival, hold = int(order["arrival_seconds"]), int(trace.network.settings["hold_short_seconds"][0])
    same = future.orders[future.orders["customer_id"] == order["customer_id"]]["arrival_seconds"]
    moments = {arrival, *(int(at) for at in same if arrival < at <= arrival + hold)}
    dates = {
        int(row["ship_from_seconds"]),
        int(future.lines["ship_from_seconds"][future.lines["order"] == row["order"]].max()),
    }
    found = []
    for (number, unit), service, planned_at, date in itertools.product(
        enumerate(units), range(len(trace.network.services)), moments, dates
    ):
        release_at = max(planned_at, unit.available_at, date)
        is_kept = release_at <= arrival or release_at < arrival + order["patience_seconds"] or row["ship_from_seconds"]
        if unit.sku == row["sku"] and planned_at >= unit.known_from and is_kept:
            found.append(Choice(number, service, planned_at, release_at))
    return found


def cost_of(trace: Trace, units: list[Unit], chosen: tuple[Choice, ...]) -> int:
    """Ledger of one way to serve all lines; those of a customer that leave together share a parcel."""
    network, future, settings = trace.network, trace.future, trace.network.settings[0]
    total, parcels = 0, set()
    for line, choice in enumerate(chosen):
        order = future.orders[future.lines["order"][line]]
        site, region = units[choice.unit].warehouse, int(order["region"])
        arrival, date = int(order["arrival_seconds"]), int(future.lines["ship_from_seconds"][line])
        total += int(network.warehouses["line_millicents"][site])
        for waited in (choice.planned_at - arrival, max(0, choice.release_at - max(choice.planned_at, date))):
            total += int(settings["waiting_hour_millicents"]) * waited // HOUR
        promise_at = int(order["promise_at"]) + max(0, date - arrival)
        late = delivered_at(trace, site, choice.service, region, choice.release_at) - promise_at
        if late > 0:
            total += int(settings["lateness_step_millicents"])
            total += (
                int(settings["lateness_hour_millicents"]) * min(late, int(settings["lateness_cap_seconds"])) // HOUR
            )
        parcel = (int(order["customer_id"]), site, choice.service, choice.release_at)
        if parcel not in parcels:
            parcels.add(parcel)
            row = network.lanes["rate_row"][site, choice.service, region]
            total += int(network.rates["price_millicents"][row, 0] + network.warehouses["parcel_millicents"][site])
    return total


def optimum(trace: Trace) -> int:
    units = units_of(trace)
    ways = itertools.product(*(choices_of(trace, line, units) for line in range(len(trace.future.lines))))
    costs = [cost_of(trace, units, chosen) for chosen in ways if len({choice.unit for choice in chosen}) == len(chosen)]
    return min(costs)


@pytest.mark.parametrize("name", sorted(OPTIMUM_MILLICENTS))
@pytest.mark.parametrize("seed", [1, 2_000_000])
def test_the_stated_optimum(name, seed):
    assert optimum(draw_trace(load_scenario(name), seed)) == OPTIMUM_MILLICENTS[name]


def test_every_toy_states_its_optimum():
    stated = {*toys.OPTIMUM_MILLICENTS, *OPTIMUM_MILLICENTS, "toy-mmc"}
    assert stated == {name for name in SCENARIOS if name.startswith("toy-")}


@pytest.mark.parametrize("name", sorted(OPTIMUM_MILLICENTS))
def test_nothing_in_a_toy_depends_on_luck(name):
    network = draw_trace(load_scenario(name), 1).network
    assert (network.tables["value"] == network.tables["value"][:, :1]).all()
    assert set(network.warehouses["short_weight"].tolist()) <= {0, TABLE_WEIGHT}


def units_promised(trace: Trace) -> int:
    return int(trace.future.receipts["expected_units"].sum())


def test_each_toy_has_its_own_disruption():
    """What only one of them has."""
    has = {
        "toy-hold": lambda trace: trace.network.settings["hold_short_seconds"][0] == 1800,
        "toy-presale": lambda trace: trace.future.lines["ship_from_seconds"].tolist() == [0, 2 * DAY] * 2,
        "toy-short-pick": lambda trace: trace.network.warehouses["short_weight"].tolist() == [TABLE_WEIGHT, 0],
        "toy-outage": lambda trace: trace.future.outages.tolist() == [(0, ALL_WAREHOUSES, 9 * HOUR, 3 * DAY)],
        "toy-regime": lambda trace: trace.future.regimes.tolist() == [(0, 0, 2000)],
        "toy-promotion": lambda trace: len(np.unique(trace.future.orders["customer_id"] >> 32)) == 2,
        "toy-cancel": lambda trace: trace.future.orders["patience_seconds"].tolist() == [2 * HOUR],
        "toy-receipt-short": lambda trace: (
            trace.future.receipts[["expected_units", "actual_units"]].tolist() == [(2, 1)]
        ),
        "toy-reorder": lambda trace: (trace.network.warehouses["lead_table"] != NO_TABLE).all(),
    }
    assert has.keys() == toys_disruptions.OPTIMUM_MILLICENTS.keys()
    for name in has:
        trace = draw_trace(load_scenario(name), 1)
        assert [other for other, check in has.items() if check(trace)] == [name]


def test_the_promotion_doubles_one_order_within_the_hour():
    for seed in range(20):
        orders = draw_trace(load_scenario("toy-promotion"), seed).future.orders
        assert orders["region"].tolist() == [0, 0, 1]
        assert orders["arrival_seconds"][0] == 8 * HOUR
        assert orders["arrival_seconds"][1] < 9 * HOUR
        assert (orders["patience_seconds"] == FOREVER_SECONDS).all()
