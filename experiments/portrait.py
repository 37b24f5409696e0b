"""What one simulation looked like: flows on the map, and how busy each warehouse was hour by hour."""

from __future__ import annotations

from typing import Any

import numpy as np

from envs.hidden import DEPARTED, Hidden
from envs.metrics import shift_work
from envs.simulation import Simulation
from scenarios.network import Network
from scenarios.trace import Names, Trace

HOUR = 3600


def map_of(trace: Trace) -> dict[str, Any]:
    """Names and places of a trace's network, as JSON."""
    return map_of_network(trace.network, trace.names)


def map_of_network(network: Network, names: Names) -> dict[str, Any]:
    """Names and places of a network, as JSON."""
    settings = network.settings[0]
    return {
        "warehouses": _places(network.warehouses, names.warehouses),
        "regions": [
            {**place, "demand_share": float(share)}
            for place, share in zip(
                _places(network.regions, names.regions), network.regions["demand_share"], strict=True
            )
        ],
        "services": list(names.services),
        "local_start_seconds": int(settings["epoch_seconds"] + settings["local_offset_seconds"]),
        "horizon_hours": _num_hours(network),
    }


def _places(rows: np.ndarray, names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"name": name, "latitude": float(row["latitude"]), "longitude": float(row["longitude"])}
        for name, row in zip(names, rows, strict=True)
    ]


def portrait_of(simulation: Simulation) -> dict[str, Any]:
    """Flows and hourly load of one simulation, as JSON.

    Returns:
        ``flows``: rows [warehouse, region, service, parcels] that are not zero; ``busy_seconds`` and
        ``open_seconds``: per warehouse and hour up to the horizon, summed over stations.
    """
    network, hidden = simulation.world.network, simulation.world.hidden
    parcels = hidden.parcels[: int(hidden.counters["num_parcels"][0])]
    parcels = parcels[parcels["stage"] == DEPARTED]
    region = simulation.world.future.orders["region"][parcels["order"]]
    counts = np.zeros(network.lanes.shape, np.int64)  # warehouse, service, region
    np.add.at(counts, (parcels["warehouse"], parcels["service"], region), 1)
    flows = [[int(w), int(r), int(s), int(counts[w, s, r])] for w, s, r in np.argwhere(counts)]
    return {
        "flows": flows,
        "busy_seconds": busy_seconds(network, hidden).astype(int).tolist(),
        "open_seconds": open_seconds(network).astype(int).tolist(),
    }


def _num_hours(network: Network) -> int:
    return -(-int(network.settings["horizon_seconds"][0]) // HOUR)


def busy_seconds(network: Network, hidden: Hidden) -> np.ndarray:
    """Pick seconds within shifts by warehouse and hour, float (W, hours)."""
    warehouse, start, end = shift_work(network, hidden)
    return _by_hour(start, end, warehouse, len(network.warehouses), _num_hours(network))


def open_seconds(network: Network) -> np.ndarray:
    """Open station seconds by warehouse and hour, float (W, hours)."""
    rows = network.warehouses
    owner = np.repeat(np.arange(len(rows)), rows["num_shifts"])
    shifts = np.concatenate(
        [network.shifts[row["first_shift"] : row["first_shift"] + row["num_shifts"]] for row in rows]
    )
    hours = _num_hours(network)
    close = np.minimum(shifts["close_seconds"], hours * HOUR)
    seconds = _by_hour(shifts["open_seconds"], np.maximum(close, shifts["open_seconds"]), owner, len(rows), hours)
    return seconds * rows["num_stations"][:, None]


def _by_hour(start: np.ndarray, end: np.ndarray, row: np.ndarray, num_rows: int, num_hours: int) -> np.ndarray:
    """Length of the intervals [start, end) by row and hour, float (num_rows, num_hours).

    Each turn of the loop counts one hour of every interval that is left.
    """
    seconds = np.zeros(num_rows * num_hours)
    left = (start < end) & (start < num_hours * HOUR)
    while left.any():
        start, end, row = start[left], end[left], row[left]
        hour = start // HOUR
        stop = np.minimum(end, (hour + 1) * HOUR)
        seconds += np.bincount(row * num_hours + hour, weights=stop - start, minlength=len(seconds))
        start, left = stop, (stop < end) & (stop < num_hours * HOUR)
    return seconds.reshape(num_rows, num_hours)
