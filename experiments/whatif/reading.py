"""What a finished simulation leaves in its arrays: the one place that knows them."""

from __future__ import annotations

from typing import Any

import numpy as np

from envs.costs import MILLICENTS
from envs.hidden import DELIVERED, DEPARTED, VOID
from envs.simulation import Simulation
from envs.state import NONE
from envs.world import World
from experiments.portrait import busy_seconds, map_of_network, open_seconds
from experiments.statistics import tail_mean
from experiments.whatif.order_table import OrderTable
from experiments.whatif.outcome import HOURS_A_WEEK
from experiments.whatif.witness import Witness
from scenarios.network import Network
from scenarios.scenario import Scenario

HOUR = 3600
THURSDAY_HOURS = 3 * 24
"""The hour of the week at which the count of Unix seconds began."""


def shipments(world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order, parcel and number of its lines for every order and parcel that brought it something, int64 (P,) each.

    A parcel may hold lines of several orders, if they were decided together.
    """
    rows, most = world.hidden.lines, max(1, len(world.hidden.parcels))
    is_sent = rows["status"] == DELIVERED
    pairs, counts = np.unique(world.future.lines["order"][is_sent] * most + rows["parcel"][is_sent], return_counts=True)
    return pairs // most, pairs % most, counts


def is_shipping(network: Network) -> np.ndarray:
    """bool (W, S): whether the service ever collects there."""
    return np.asarray(network.pairs["num_collections"] > 0)


def place_of(scenario: Scenario) -> dict[str, Any]:
    """Names, places and prices of a scenario's network, as JSON; see ``experiments.portrait.map_of``."""
    public = scenario.public()
    network = public.expand()
    place = map_of_network(network, public.names)
    for row, ships in zip(place["warehouses"], is_shipping(network), strict=True):
        row["is_closed"] = not ships.any()
    place["skus"] = list(public.names.skus)
    place["service_prices"] = [
        sum(rate.price_millicents for zone in service.zones for rate in zone.rates) for service in scenario.services
    ]
    return place


def figures_of(simulation: Simulation) -> dict[str, Any]:
    """Metrics, flows and hourly load, as the fields of an ``Outcome``."""
    world = simulation.world
    network = world.network
    busy, opened = busy_seconds(network, world.hidden), open_seconds(network)
    return {
        "metrics": _metrics(simulation, busy, opened),
        "flows": _flows(world),
        "busy": _by_hour_of_week(network, busy),
        "opened": _by_hour_of_week(network, opened),
    }


def _metrics(simulation: Simulation, busy: np.ndarray, opened: np.ndarray) -> dict[str, float]:
    """Those of the simulation, totals, and the load of those warehouses only from which something can be shipped."""
    world = simulation.world
    metrics = {name: float(value) for name, value in simulation.metrics.items()}
    costs = world.hidden.order_costs.sum(axis=1) / MILLICENTS
    is_measured = world.future.orders["arrival_seconds"] >= world.network.settings["warmup_seconds"][0]
    ships = is_shipping(world.network).any(axis=1)
    metrics["tail_cost_per_order"] = tail_mean(costs[is_measured] if is_measured.any() else costs)
    metrics["total_cost"] = metrics["cost_per_order"] * metrics["num_orders"]
    metrics["total_carbon_kg"] = metrics["carbon_kg_per_order"] * metrics["num_orders"]
    metrics["utilisation"] = float(busy[ships].sum() / max(1.0, opened[ships].sum()))
    return metrics


def _flows(world: World) -> list[list[int]]:
    shape = world.network.lanes.shape
    parcels = world.hidden.parcels[: int(world.hidden.counters["num_parcels"][0])]
    is_sent = parcels["stage"] == DEPARTED
    order, warehouse, service = (parcels[name][is_sent] for name in ("order", "warehouse", "service"))
    cells = np.ravel_multi_index((warehouse, service, world.future.orders["region"][order]), shape)
    counts = np.bincount(cells, minlength=int(np.prod(shape)))
    used = np.flatnonzero(counts)
    return [used.tolist(), counts[used].tolist()]


def _by_hour_of_week(network: Network, seconds: np.ndarray) -> list[list[int]]:
    """Sums of float (W, hours) by hour of the local week."""
    settings = network.settings[0]
    first = int(settings["epoch_seconds"] + settings["local_offset_seconds"]) // HOUR + THURSDAY_HOURS
    week = np.zeros((len(seconds), HOURS_A_WEEK))
    np.add.at(week.T, (first + np.arange(seconds.shape[1])) % HOURS_A_WEEK, seconds.T)
    return week.round().astype(int).tolist()


def orders_of(simulation: Simulation, witness: Witness) -> OrderTable:
    """What happened to each order, for the drill-down."""
    world = simulation.world
    future, hidden = world.future, world.hidden
    order, parcel, num_lines = shipments(world)
    parcels = hidden.parcels[parcel]
    return OrderTable(
        luck_key=future.orders["luck_key"].copy(),
        arrival_seconds=future.orders["arrival_seconds"].copy(),
        promise_at=future.orders["promise_at"].copy(),
        region=future.orders["region"].copy(),
        first_line=future.orders["first_line"].copy(),
        num_lines=future.orders["num_lines"].copy(),
        status=hidden.orders["status"].copy(),
        costs=hidden.order_costs.copy(),
        line_sku=future.lines["sku"].copy(),
        line_units=future.lines["units"].copy(),
        held_seconds=hidden.orders["held_seconds"].copy(),
        num_reroutes=hidden.orders["num_reroutes"].copy(),
        parcel_order=order,
        parcel_warehouse=parcels["warehouse"].copy(),
        parcel_service=parcels["service"].copy(),
        parcel_num_lines=num_lines,
        parcel_is_later=(parcels["receipt"] != NONE) | (parcels["release_at"] > 0),
        parcel_started_at=parcels["started_at"].copy(),
        parcel_departed_at=parcels["departed_at"].copy(),
        parcel_delivered_at=parcels["delivered_at"].copy(),
        decided_at=witness.decided_at,
        lines_in_stock=witness.lines_in_stock,
        queue_seconds=witness.queue_seconds,
        ships=is_shipping(world.network),
        outages=np.stack([future.outages[name] for name in ("service", "warehouse", "starts_at", "ends_at")], axis=1),
        withdrawn=_withdrawn(world),
    )


def _withdrawn(world: World) -> np.ndarray:
    """Parcels that left the pick queue with all their lines, see ``OrderTable``."""
    parcels = world.hidden.parcels[: int(world.hidden.counters["num_parcels"][0])]
    is_void = (parcels["stage"] == VOID) & (parcels["collection"] != NONE) & (parcels["started_at"] == 0)
    left = parcels[is_void]
    booked_at = world.network.collections["time_seconds"][left["collection"]]
    return np.stack([*(left[name] for name in ("order", "warehouse", "service", "released_at")), booked_at], axis=1)
