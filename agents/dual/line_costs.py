"""What it would cost to serve imagined lines from each warehouse: the numbers of a linear program's objective.

Formulas are those of ``envs.costs``, for whole columns and in floating point; queues and full collections are left out,
because a linear program on stock does not see them.
"""

from __future__ import annotations

import numpy as np

from agents.forecast.analogues import Window
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
    num_warehouses, num_services = network.pairs.shape
    orders = window.orders[window.lines["order"]]
    grams = window.lines["units"] * network.skus["grams"][window.lines["sku"]]
    ship_from = np.maximum(orders["arrival_seconds"], window.lines["ship_from_seconds"])
    promise_at = orders["promise_at"] + ship_from - orders["arrival_seconds"]  # as in ``envs.parcels.promise_of``
    required = network.skus["requirements"][window.lines["sku"]] | orders["requirements"]
    whole = np.full((len(grams), num_warehouses), UNREACHABLE)
    fixed = np.zeros((len(grams), num_warehouses))
    for warehouse in range(num_warehouses):
        row = network.warehouses[warehouse]
        can_pick = (required & WAREHOUSE_SIDE & ~row["capabilities"]) == 0
        picked_at = ship_from + (
            row["pick_parcel_seconds"] + row["pick_line_seconds"] + row["pick_unit_seconds"] * window.lines["units"]
        )
        for service in range(num_services):
            can_carry = can_pick & ((required & SERVICE_SIDE & ~network.services["capabilities"][service]) == 0)
            lanes = network.lanes[warehouse, service][orders["region"]]
            can_carry &= lanes["zone"] != NO_LANE
            if not can_carry.any() or network.pairs["num_collections"][warehouse, service] == 0:
                continue
            each, base = _parcel(network, seen, warehouse, service, lanes, grams)
            ready_at = np.maximum(picked_at, seen.interruptions["until_seconds"][warehouse, service])
            slack = promise_at - _collected_at(network, warehouse, service, ready_at)
            late = _lateness(network, lanes["transit_table"], slack, window.stretch[service])
            each = np.where(can_carry, each + seen.clock["weight_lateness_permille"][0] / 1000 * late, UNREACHABLE)
            is_better = each < whole[:, warehouse]
            whole[is_better, warehouse] = each[is_better]
            fixed[is_better, warehouse] = np.minimum(base, each)[is_better]
    return whole, fixed


def _parcel(
    network: Network, seen: Observable, warehouse: int, service: int, lanes: np.ndarray, grams: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted cost and carbon of parcels of one line each; and the same without the line and what its mass adds."""
    settings, row, clock = network.settings[0], network.warehouses[warehouse], seen.clock[0]
    rates = network.rates[lanes["rate_row"]]
    band = (grams[:, None] > rates["max_grams"]).sum(axis=1)
    is_light = band < rates.shape[1]
    places = np.arange(len(grams)), np.minimum(band, rates.shape[1] - 1)
    shipping = np.where(is_light, rates["price_millicents"][places], UNREACHABLE)
    carbon = network.services[service]["carbon_parcel_milligrams"] + (
        network.services[service]["carbon_kg_km_milligrams"] * lanes["distance_km"] * grams / 1000
    )
    box = row["parcel_millicents"] + settings["packaging_parcel_millicents"]
    filling = settings["packaging_kg_millicents"] * grams / 1000
    cost, green = clock["weight_cost_permille"] / 1000, clock["weight_carbon_permille"] / 1000
    per_milligram = green * settings["carbon_kg_millicents"] / 1_000_000
    whole = cost * (shipping + box + filling + row["line_millicents"]) + per_milligram * carbon
    base = cost * (rates["price_millicents"][:, 0] + box)
    base = base + per_milligram * network.services[service]["carbon_parcel_milligrams"]
    return whole, base


def _collected_at(network: Network, warehouse: int, service: int, ready_at: np.ndarray) -> np.ndarray:
    """When the first collection after ``ready_at`` comes; the last one of the calendar takes all that comes later."""
    pair = network.pairs[warehouse, service]
    first, count = int(pair["first_collection"]), int(pair["num_collections"])
    times = network.collections["time_seconds"][first : first + count]
    return np.maximum(ready_at, times[np.minimum(np.searchsorted(times, ready_at), count - 1)])


def _lateness(network: Network, tables: np.ndarray, slack: np.ndarray, stretch: float) -> np.ndarray:
    """Expected lateness of lines whose transit follows ``tables`` and may take ``slack`` seconds, in millicents."""
    settings, expected = network.settings[0], np.zeros(len(slack))
    for table in np.unique(tables):
        rows = tables == table
        late = _Tail(network.tables["value"][table] * stretch, network.tables["weight"][table] / TABLE_WEIGHT)
        seconds = late.excess(slack[rows]) - late.excess(slack[rows] + settings["lateness_cap_seconds"])
        expected[rows] = settings["lateness_step_millicents"] * late.chance(slack[rows])
        expected[rows] += settings["lateness_hour_millicents"] * seconds / HOUR
    return expected


class _Tail:
    """Chance and mean excess of a discrete random time beyond thresholds.

    Args:
        seconds: ascending, float (n,).
        chances: of these, summing to 1.
    """

    def __init__(self, seconds: np.ndarray, chances: np.ndarray) -> None:
        self._seconds = seconds
        self._chance = np.append(np.cumsum(chances[::-1])[::-1], 0.0)
        self._moment = np.append(np.cumsum((chances * seconds)[::-1])[::-1], 0.0)

    def chance(self, thresholds: np.ndarray) -> np.ndarray:
        """P(T > threshold)."""
        return self._chance[np.searchsorted(self._seconds, thresholds, side="right")]

    def excess(self, thresholds: np.ndarray) -> np.ndarray:
        """E max(T - threshold, 0)."""
        beyond = np.searchsorted(self._seconds, thresholds, side="right")
        return self._moment[beyond] - thresholds * self._chance[beyond]
