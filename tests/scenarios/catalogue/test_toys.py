"""The stated optimum of each toy, recomputed from its arrays by trying every way to serve its orders."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from scenarios import draw_trace, load_scenario
from scenarios.catalogue.toys import MMC_ORDERS_PER_DAY, MMC_PICK_SECONDS, MMC_STATIONS, OPTIMUM_MILLICENTS
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE
from scenarios.trace import Trace


def line_source_cost(trace: Trace, line: int, warehouse: int, available_at: int) -> int | None:
    """Shipping, line handling, lateness and waiting of one line in a parcel of its own; None if not allowed."""
    network, order = trace.network, trace.future.orders[trace.future.lines["order"][line]]
    site, settings = network.warehouses[warehouse], network.settings[0]
    needs = int(network.skus["requirements"][trace.future.lines["sku"][line]])
    if needs & WAREHOUSE_SIDE & ~int(site["capabilities"]) or needs & SERVICE_SIDE & ~int(
        network.services["capabilities"][0]
    ):
        return None
    released = max(int(order["arrival_seconds"]), available_at)
    pick = site["pick_parcel_seconds"] + site["pick_line_seconds"] + site["pick_unit_seconds"]
    pair, lane = network.pairs[warehouse, 0], network.lanes[warehouse, 0, order["region"]]
    times = network.collections["time_seconds"][pair["first_collection"] :][: pair["num_collections"]]
    collected = times[times >= released + pick][0]
    delivered = collected + network.tables["value"][lane["transit_table"], 0]
    late = max(0, int(delivered - order["promise_at"]))
    cost = int(network.rates["price_millicents"][lane["rate_row"], 0]) + int(site["line_millicents"])
    if late:
        hours = min(late, int(settings["lateness_cap_seconds"])) / 3600
        cost += int(settings["lateness_step_millicents"]) + round(hours * int(settings["lateness_hour_millicents"]))
    waited = (released - int(order["arrival_seconds"])) / 3600
    return cost + round(waited * int(settings["waiting_hour_millicents"]))


def optimum(trace: Trace) -> int:
    """Least cost over all assignments of lines to warehouses that stock and receipts allow."""
    network, lines = trace.network, trace.future.lines
    units = [
        (int(w), int(k), 0)
        for w, k in np.argwhere(network.stock["on_hand_units"] > 0)
        for _ in range(network.stock["on_hand_units"][w, k])
    ]
    units += [(int(row["warehouse"]), int(row["sku"]), int(row["actual_at"])) for row in trace.future.receipts]
    best = None
    for chosen in itertools.permutations(range(len(units)), len(lines)):
        total, parcels = 0, {}
        for line, unit in enumerate(chosen):
            warehouse, sku, available_at = units[unit]
            cost = line_source_cost(trace, line, warehouse, available_at) if sku == lines["sku"][line] else None
            if cost is None:
                break
            key = (int(lines["order"][line]), warehouse, available_at)
            shipping = int(
                network.rates["price_millicents"][
                    network.lanes["rate_row"][warehouse, 0, trace.future.orders["region"][key[0]]], 0
                ]
            )
            total += cost - (shipping if key in parcels else 0)
            parcels[key] = int(network.warehouses["parcel_millicents"][warehouse])
        else:
            total += sum(parcels.values())
            best = total if best is None else min(best, total)
    assert best is not None
    return best


@pytest.mark.parametrize("name", sorted(OPTIMUM_MILLICENTS))
def test_the_stated_optimum(name):
    trace = draw_trace(load_scenario(name), 1)
    assert optimum(trace) == OPTIMUM_MILLICENTS[name]


@pytest.mark.parametrize("name", sorted(OPTIMUM_MILLICENTS))
def test_nothing_in_a_toy_depends_on_luck(name):
    network = draw_trace(load_scenario(name), 1).network
    assert (network.tables["value"] == network.tables["value"][:, :1]).all()


def test_mmc_is_a_stable_queue_of_the_stated_size():
    trace = draw_trace(load_scenario("toy-mmc"), 1)
    rate = MMC_ORDERS_PER_DAY / 86_400
    assert rate * MMC_PICK_SECONDS / MMC_STATIONS == pytest.approx(0.8)
    orders = trace.future.orders
    assert len(orders) == pytest.approx(rate * 20 * 86_400, rel=0.05)
    gaps = np.diff(orders["arrival_seconds"])
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)  # exponential
    assert len(trace.network.shifts) == 1
