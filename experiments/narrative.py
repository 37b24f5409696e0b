"""The event log in words: what one order lived through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from envs.log import EVENT_COLUMNS, Kind
from envs.simulation import Simulation

HOUR = 3600


def telling_order(simulation: Simulation) -> int:
    """An order with as many parcels as any, after the warm-up; the one that waits longest for its end."""
    hidden, orders = simulation.world.hidden, simulation.world.future.orders
    parcels = hidden.parcels[: int(hidden.counters["num_parcels"][0])]
    count = np.bincount(parcels["order"], minlength=len(orders))
    is_measured = orders["arrival_seconds"] >= simulation.world.network.settings["warmup_seconds"][0]
    lasted = hidden.orders["ended_at"] - orders["arrival_seconds"]
    score = np.where(is_measured, np.minimum(count, 2) * 10**9 + np.minimum(lasted, 10**8), -1)
    return int(score.argmax())


def life_of(simulation: Simulation, order: int) -> Iterator[str]:
    """One line an event of the order, in its time."""
    world, names = simulation.world, simulation.world.trace.names
    events = np.column_stack([simulation.events[column].to_numpy() for column in EVENT_COLUMNS])
    row = world.future.orders[order]
    lines = world.future.lines[row["first_line"] : row["first_line"] + row["num_lines"]]
    for time, kind, _, parcel, warehouse, service, value in events[events[:, 2] == order]:
        by = f"parcel {parcel}, {names.warehouses[warehouse]} with {names.services[service]}" if parcel >= 0 else ""
        words = {
            Kind.ORDER_ARRIVED: lambda: (
                f"order {order} from {names.regions[row['region']]}: "
                + ", ".join(f"{line['units']} x {names.skus[line['sku']]}" for line in lines)
                + f"; promised by {_moment(world, int(row['promise_at']))}"
            ),
            Kind.DECIDED: lambda v=value: f"the router takes plan {v}",
            Kind.DECLINED: lambda: "declined",
            Kind.PLANNED: lambda b=by, v=value: (
                f"{b}: " + ", ".join(names.skus[line["sku"]] for i, line in enumerate(lines) if v >> i & 1)
            ),
            Kind.CLAIMED: lambda b=by: f"{b}: waits for goods that are on their way",
            Kind.RELEASED: lambda b=by: f"{b}: joins the pick queue",
            Kind.PICK_STARTED: lambda b=by: f"{b}: picking begins",
            Kind.PICK_FINISHED: lambda b=by: f"{b}: ready",
            Kind.ROLLED_OVER: lambda b=by: f"{b}: the truck is full, waits for the next",
            Kind.COLLECTED: lambda b=by: f"{b}: collected",
            Kind.DELIVERED: lambda b=by, v=value: (
                f"{b}: delivered, {abs(v) / HOUR:.1f} hours {'late' if v > 0 else 'early'}"
            ),
            Kind.ORDER_CLOSED: lambda: "the order is complete",
        }
        if kind in words:
            yield f"{_moment(world, int(time))}  {words[Kind(kind)]()}"


def _moment(world, seconds: int) -> str:
    """Local weekday and clock time."""
    settings = world.network.settings[0]
    start = int(settings["epoch_seconds"] + settings["local_offset_seconds"])
    return f"{datetime.fromtimestamp(start + seconds, UTC):%a %H:%M}"
