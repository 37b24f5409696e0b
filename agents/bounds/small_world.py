"""Worlds small enough for an exact dynamic program: what must hold, and what is left of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.bounds.bound import PERMILLE
from agents.bounds.columns import ColumnCosts
from agents.bounds.lateness import ExpectedLuck
from agents.bounds.packs import make_packs
from agents.bounds.parcels import make_cargo
from agents.bounds.supply import Supply
from scenarios.demand import FLAT_DAY, FLAT_WEEK, Demand
from scenarios.drawing.promises import promise_times
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS
from scenarios.network import FOREVER_SECONDS, Network
from scenarios.scenario import Scenario
from scenarios.trace import LINES, ORDERS, RECEIPTS, quiet_future

MAX_STATES = 20_000
"""Shelves of one SKU times numbers of orders."""


class SmallWorld(NamedTuple):
    """All that matters.

    Attributes:
        rate: orders a second.
        max_orders: no more arrive.
        horizon_seconds: nor later.
        regions: float (R,), chances.
        skus: float (K,), chances.
        units: int64 (W, K), on the shelves at second 0.
        costs: int64 (R, K, W), millicents of a parcel at weights one.
        margins: int64 (K,), millicents lost if an order is declined.
    """

    rate: float
    max_orders: int
    horizon_seconds: int
    regions: np.ndarray
    skus: np.ndarray
    units: np.ndarray
    costs: np.ndarray
    margins: np.ndarray


def small_world(scenario: Scenario) -> SmallWorld:
    """What is left of a scenario that is small enough.

    Raises:
        InputError: it is not, and why.
    """
    network, demand = scenario.public().expand(), scenario.demand
    if not isinstance(demand, Demand) or demand.max_orders is None:
        raise _too_large(scenario, "demand", type(demand).__name__, "a demand model with max_orders")
    _check_demand(scenario, demand)
    _check_network(scenario, network, demand.max_orders)
    horizon = int(network.settings["horizon_seconds"][0])
    costs = _parcel_costs(scenario, network, demand, horizon)
    if (costs != costs[0]).any():
        raise _too_large(scenario, "parcel costs", "vary", "costs that do not depend on the hour")
    regions, skus = (np.array(shares) / sum(shares) for shares in (demand.region_shares, demand.sku_shares))
    return SmallWorld(
        rate=demand.orders_per_day / DAY_SECONDS,
        max_orders=demand.max_orders,
        horizon_seconds=horizon,
        regions=regions,
        skus=skus,
        units=network.stock["on_hand_units"],
        costs=costs[0],
        margins=network.skus["margin_millicents"],
    )


def _check_demand(scenario: Scenario, demand: Demand) -> None:
    is_single = demand.basket_shares[1:] == () or not any(demand.basket_shares[1:])
    rules = {
        "basket_shares": (is_single, "single lines"),
        "units_shares": (not any(demand.units_shares[1:]), "single units"),
        "promises": (len(demand.promises) == 1, "one promise"),
        "order_requirements": (not demand.order_requirements, "none"),
        "hour_weights": (demand.hour_weights == FLAT_DAY, "the same for all hours"),
        "weekday_weights": (demand.weekday_weights == FLAT_WEEK, "the same for all days"),
        "repeat_share": (demand.repeat_share == 0, "0"),
        "num_initial_orders": (demand.num_initial_orders == 0, "0"),
    }
    for key, (is_met, expected) in rules.items():
        if not is_met:
            raise _too_large(scenario, key, getattr(demand, key), expected)
    for key in ("receipts", "promotions", "surges", "outages", "outage_risks", "regimes"):
        if getattr(scenario, key):
            raise _too_large(scenario, key, len(getattr(scenario, key)), "none")
    if scenario.patience is not None or any(sku.ship_from_day is not None for sku in scenario.skus):
        raise _too_large(scenario, "scenario", scenario.id, "no patience and no presale")


def _check_network(scenario: Scenario, network: Network, max_orders: int) -> None:
    settings, sites = network.settings[0], network.warehouses
    for key in ("is_decline_a_choice", "hold_short_seconds", "hold_long_seconds", "review_seconds"):
        if settings[key]:
            raise _too_large(scenario, key, int(settings[key]), "0")
    if (network.tables["value"] != network.tables["value"][:, :1]).any() or sites["short_weight"].any():
        raise _too_large(scenario, "tables", "random", "pick and transit times without chance, no short picks")
    if min(sites["num_stations"].min(), network.collections["capacity_parcels"].min()) < max_orders:
        raise _too_large(scenario, "capacity", "less than max_orders", "stations and collections that never queue")
    states = (max_orders + 1) * int(np.prod(network.stock["on_hand_units"] + 1, axis=0).max())
    if states > MAX_STATES:
        raise _too_large(scenario, "states", states, f"at most {MAX_STATES} shelves times orders")


def _too_large(scenario: Scenario, key: str, value: object, expected: str) -> InputError:
    return InputError(f"{scenario.id}: {key}", value, expected, "an exact dynamic program is for worlds like tiny")


def _parcel_costs(scenario: Scenario, network: Network, demand: Demand, horizon: int) -> np.ndarray:
    """int64 (seconds, R, K, W): millicents of a parcel by the second in which its order arrives.

    All seconds in which a cost could change are looked at: shifts and promises do so at whole minutes, collections when
    a pick just meets or just misses them.
    """
    site, epoch = network.warehouses, int(network.settings["epoch_seconds"][0])
    pick = site["pick_parcel_seconds"] + site["pick_line_seconds"] + site["pick_unit_seconds"]
    pick = np.maximum(1, pick * network.tables["value"][site["pick_table"], 0] // PERMILLE)
    latest = network.collections["time_seconds"] - pick[network.collections["warehouse"]]
    changes = np.concatenate([np.arange(-epoch % 60, horizon, 60), latest + 1])
    seconds = np.unique(np.concatenate([[0], changes, changes - 1]))
    seconds = seconds[(seconds >= 0) & (seconds < horizon)]
    shape = (len(seconds), len(network.regions), len(network.skus))
    place, region, sku = (axis.ravel() for axis in np.indices(shape))
    second = seconds[place]
    orders, lines = np.zeros(len(second), ORDERS), np.zeros(len(second), LINES)
    orders["arrival_seconds"], orders["region"] = second, region
    zones = tuple(place.time_zone for place in scenario.regions)
    rule = np.zeros(len(second), np.int64)
    orders["promise_at"] = promise_times(demand.promises, zones, rule, region, epoch + second) - epoch
    orders["patience_seconds"], orders["num_lines"] = FOREVER_SECONDS, 1
    orders["first_line"] = lines["order"] = np.arange(len(orders))
    lines["sku"], lines["units"] = sku, 1
    future = quiet_future(orders, lines, np.zeros(0, RECEIPTS), len(network.warehouses))
    packs = make_packs(network, future)
    cargo = make_cargo(network, future, packs)
    lateness = ExpectedLuck(network, future, cargo)
    priced = ColumnCosts(network, future, packs, cargo, lateness, np.full(3, PERMILLE))
    columns = priced.columns(_no_cuts(network))
    costs = np.full((len(orders), len(network.warehouses)), -1, np.int64)
    owner = lines["order"][packs.lines[columns.pack, 0]]
    costs[owner, columns.warehouse] = columns.costs.sum(axis=1) // PERMILLE
    if (costs < 0).any():
        raise _too_large(scenario, "lanes", "missing", "every warehouse serves every order")
    return costs.reshape(*shape, -1)


def _no_cuts(network: Network) -> Supply:
    nothing = np.zeros(0, np.int64)
    return Supply(network.stock.shape[1], np.zeros(network.stock.size + 1, np.int64), nothing, nothing)
