"""Metrics of one finished simulation, over orders that arrive after the warm-up."""

from __future__ import annotations

import numpy as np

from envs.costs import HOUR, MILLICENTS, OBJECTIVE_OF_PART, PART_NAMES, Objective
from envs.hidden import CANCELLED, DECLINED, DELIVERED, DEPARTED, Hidden
from envs.state import NONE
from envs.world import World
from scenarios.network import Network

Metrics = dict[str, float]


def measure(world: World) -> Metrics:
    """Key figures; money in currency units, rates in [0, 1].

    ``cost_per_order`` is the whole ledger (all parts) of the measured orders over their number. ``fill_rate`` is
    the share of lines sent from stock at once, ``otif_rate`` the share of orders delivered whole with every line by its
    promise, ``split_rate`` the share of delivered orders in more than one parcel, ``hold_rate`` and ``reroute_rate``
    decisions that hold, or that decide a broken plan again, per order. A parcel counts for the order of its first line.
    """
    orders, hidden = world.future.orders, world.hidden
    is_measured = orders["arrival_seconds"] >= world.network.settings["warmup_seconds"][0]
    num_orders = int(is_measured.sum())
    if num_orders == 0:
        is_measured[:] = True
        num_orders = len(orders)
    share = 1 / max(1, num_orders)
    costs = hidden.order_costs[is_measured].sum(axis=0) * share / MILLICENTS
    # Field by field: taking whole rows would copy all their fields.
    status, num_holds, num_reroutes = (
        hidden.orders[name][is_measured] for name in ("status", "num_holds", "num_reroutes")
    )
    is_delivered = status == DELIVERED
    rows, owner = hidden.lines, world.future.lines["order"]
    is_sent = (rows["status"] == DELIVERED) & is_measured[owner]
    own, parcel_of = owner[is_sent], rows["parcel"][is_sent]
    shift = np.maximum(0, world.future.lines["ship_from_seconds"][is_sent] - orders["arrival_seconds"][own])
    delivered_at = hidden.parcels["delivered_at"][parcel_of]
    is_late = delivered_at > orders["promise_at"][own] + shift
    is_at_once = (hidden.parcels["receipt"][parcel_of] == NONE) & (hidden.parcels["release_at"][parcel_of] == 0)
    parcels = hidden.parcels[: int(hidden.counters["num_parcels"][0])]
    has_left = (parcels["stage"] == DEPARTED) & is_measured[parcels["order"]]
    num_late = np.bincount(own, weights=is_late, minlength=len(orders))[is_measured]
    num_lines = int(orders["num_lines"][is_measured].sum())
    # With counts numpy sorts; without them it hashes, which took five times as long.
    pairs, _ = np.unique(own * np.int64(len(hidden.parcels)) + parcel_of, return_counts=True)
    num_parcels = np.bincount(pairs // len(hidden.parcels), minlength=len(orders))[is_measured]
    door = (delivered_at - orders["arrival_seconds"][own]) / HOUR
    metrics: Metrics = {
        "num_orders": num_orders,
        "num_decisions": int(world.seen.clock["decision_id"][0]),
        "cost_per_order": float(costs.sum()),
    }
    for objective in Objective:
        part = [i for i, owner in enumerate(OBJECTIVE_OF_PART) if owner == objective]
        metrics[f"{objective.name.lower()}_objective_per_order"] = float(costs[part].sum())
    metrics |= {f"{name}_per_order": float(costs[i]) for i, name in enumerate(PART_NAMES)}
    metrics |= {
        "fill_rate": float(is_at_once.sum() / max(1, num_lines)),
        "decline_rate": float((status == DECLINED).sum() * share),
        "cancel_rate": float((status == CANCELLED).sum() * share),
        "hold_rate": float(num_holds.sum() * share),
        "reroute_rate": float(num_reroutes.sum() * share),
        "otif_rate": float((is_delivered & (num_late == 0)).sum() * share),
        "late_line_rate": float(is_late.sum() / max(1, num_lines)),
        "split_rate": float((num_parcels[is_delivered] > 1).sum() / max(1, is_delivered.sum())),
        "parcels_per_order": float(has_left.sum() * share),
        "hours_to_door": float(door.mean()) if len(door) else 0.0,
        "carbon_kg_per_order": float(parcels["carbon_milligrams"][has_left].sum() / 1e6 * share),
    }
    by_warehouse = utilisation(world)
    metrics["utilisation"] = float(np.average(by_warehouse, weights=world.network.warehouses["num_stations"]))
    metrics |= {
        f"utilisation/{name}": float(value)
        for name, value in zip(world.trace.names.warehouses, by_warehouse, strict=True)
    }
    return metrics


def utilisation(world: World) -> np.ndarray:
    """float (W,): pick seconds within shifts over open station seconds, up to the horizon."""
    network = world.network
    horizon = int(network.settings["horizon_seconds"][0])
    warehouse, start, end = shift_work(network, world.hidden)
    seconds = np.maximum(0, np.minimum(end, horizon) - start)
    busy = np.bincount(warehouse, weights=seconds, minlength=len(network.warehouses))
    open_seconds = np.zeros(len(network.warehouses))
    for w, row in enumerate(network.warehouses):
        shifts = network.shifts[row["first_shift"] : row["first_shift"] + row["num_shifts"]]
        length = np.minimum(shifts["close_seconds"], horizon) - np.clip(shifts["open_seconds"], 0, horizon)
        open_seconds[w] = np.maximum(0, length).sum() * row["num_stations"]
    return busy / np.maximum(1.0, open_seconds)


def shift_work(network: Network, hidden: Hidden) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Warehouse, start and end of all picks, int64 (P,) each; a pick that overruns its shift ends with it."""
    parcels = hidden.parcels[: int(hidden.counters["num_parcels"][0])]
    is_picked = parcels["ready_at"] > 0  # the others lost their lines before
    warehouse, start, end = (parcels[name][is_picked] for name in ("warehouse", "started_at", "ready_at"))
    for w, row in enumerate(network.warehouses):
        shifts = network.shifts[row["first_shift"] : row["first_shift"] + row["num_shifts"]]
        is_own = warehouse == w
        shift = np.searchsorted(shifts["open_seconds"], start[is_own], side="right") - 1
        end[is_own] = np.minimum(end[is_own], shifts["close_seconds"][shift])
    return warehouse, start, end
