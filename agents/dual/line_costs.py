"""What it would cost to serve imagined lines from each warehouse: the numbers of a linear program's objective.

Formulas are those of ``envs.costs``, in floating point; queues and full collections are left out, because a linear
program on stock does not see them.
"""

from __future__ import annotations

import numpy as np

from agents.forecast.analogues import Window
from envs import tables
from envs.compiling import compiled
from envs.costs import HOUR
from envs.state import Observable
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE
from scenarios.network import NO_LANE, TABLE_WEIGHT, Network

UNREACHABLE = np.inf


def line_costs(network: Network, seen: Observable, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Expected weighted cost of each line as a parcel of its own, by the best service of each warehouse.

    Args:
        network: public arrays.
        seen: preference weights and interruptions are read.
        window: imagined demand.

    Returns:
        Costs in millicents, float (L, W), infinite where no service can carry the line; and the part of it that a
        parcel costs however many lines it holds, float (L, W), not above the first.
    """
    whole = np.full((len(window.lines), network.pairs.shape[0]), UNREACHABLE)
    fixed = np.zeros(whole.shape)
    names = ("weight_cost_permille", "weight_lateness_permille", "weight_carbon_permille")
    weights = np.array([seen.clock[name][0] / 1000 for name in names])
    until = seen.interruptions["until_seconds"]
    _fill(network, weights, until, window.orders, window.lines, window.stretch, whole, fixed)
    return whole, fixed


@compiled
def _fill(network, weights, until, orders, lines, stretch, whole, fixed):
    """Fills ``whole`` and ``fixed``; ``weights`` are those of cost, lateness and carbon, 1 for one."""
    num_warehouses, num_services = network.pairs.shape
    for line in range(len(lines)):
        order = orders[lines[line]["order"]]
        sku, units = network.skus[lines[line]["sku"]], lines[line]["units"]
        grams, required = units * sku["grams"], sku["requirements"] | order["requirements"]
        ship_from = max(order["arrival_seconds"], lines[line]["ship_from_seconds"])
        promise_at = order["promise_at"] + ship_from - order["arrival_seconds"]  # as ``envs.parcels.promise_of``
        for warehouse in range(num_warehouses):
            site = network.warehouses[warehouse]
            if required & WAREHOUSE_SIDE & ~site["capabilities"]:
                continue
            seconds = site["pick_parcel_seconds"] + site["pick_line_seconds"] + site["pick_unit_seconds"] * units
            for service in range(num_services):
                lane = network.lanes[warehouse, service, order["region"]]
                pair = network.pairs[warehouse, service]
                if lane["zone"] == NO_LANE or pair["num_collections"] == 0:
                    continue
                if required & SERVICE_SIDE & ~network.services[service]["capabilities"]:
                    continue
                each, base = _parcel(network, weights, site, service, lane, grams)
                ready_at = max(ship_from + seconds, until[warehouse, service])
                slack = promise_at - _collected_at(network.collections, pair, ready_at)
                each += weights[1] * _lateness(network, lane["transit_table"], slack, stretch[service])
                if each < whole[line, warehouse]:
                    whole[line, warehouse] = each
                    fixed[line, warehouse] = min(base, each)


@compiled
def _parcel(network, weights, site, service, lane, grams):
    """Weighted cost and carbon of a parcel of one line; and the same without the line and what its mass adds."""
    settings, carrier, rates = network.settings[0], network.services[service], network.rates[lane["rate_row"]]
    band = 0
    while band < len(rates) and grams > rates[band]["max_grams"]:
        band += 1
    if band == len(rates):
        return UNREACHABLE, UNREACHABLE
    box = site["parcel_millicents"] + settings["packaging_parcel_millicents"]
    filling = settings["packaging_kg_millicents"] * grams / 1000
    carbon = carrier["carbon_parcel_milligrams"] + (
        carrier["carbon_kg_km_milligrams"] * lane["distance_km"] * grams / 1000
    )
    a_milligram = weights[2] * settings["carbon_kg_millicents"] / 1_000_000
    whole = weights[0] * (rates[band]["price_millicents"] + box + filling + site["line_millicents"])
    base = weights[0] * (rates[0]["price_millicents"] + box)
    return whole + a_milligram * carbon, base + a_milligram * carrier["carbon_parcel_milligrams"]


@compiled
def _collected_at(collections, pair, ready_at):
    """When the first collection from ``ready_at`` on comes; the last one of the calendar takes all that comes later."""
    low, high = pair["first_collection"], pair["first_collection"] + pair["num_collections"] - 1
    while low < high:
        middle = (low + high) >> 1
        if collections[middle]["time_seconds"] >= ready_at:
            high = middle
        else:
            low = middle + 1
    return max(ready_at, collections[low]["time_seconds"])


@compiled
def _lateness(network, table, slack, stretch):
    """Expected lateness of a line whose transit is ``stretch`` times ``table`` and may take ``slack`` seconds."""
    settings = network.settings[0]
    weight, excess = _beyond(network.tables, table, slack / stretch)
    if weight == 0:
        return 0.0
    _, capped = _beyond(network.tables, table, (slack + settings["lateness_cap_seconds"]) / stretch)
    hours = stretch * (excess - capped) / TABLE_WEIGHT / HOUR
    return settings["lateness_step_millicents"] * weight / TABLE_WEIGHT + settings["lateness_hour_millicents"] * hours


@compiled
def _beyond(quantiles, table, threshold):
    """Weight of a table's values above a threshold, and by how much they exceed it, weighted."""
    num_below = tables.num_at_most(quantiles, table, int(np.floor(threshold)))
    return (
        tables.tail_weight(quantiles, table, num_below),
        tables.tail_moment(quantiles, table, num_below, threshold),
    )
