"""Stock: availability, allocation, shipment. On hand + shipped + written off = initial + received."""

from __future__ import annotations

from envs import prices
from envs.compiling import inlined, internal
from envs.touched import CELL, touch


@inlined
def available(seen, warehouse, sku):
    """Units available to promise."""
    return seen.stock[warehouse, sku]["on_hand_units"] - seen.stock[warehouse, sku]["allocated_units"]


@internal
def allocate(network, seen, hidden, warehouse, sku, units):
    """Promises units that are on hand to a parcel."""
    touch(hidden, CELL, warehouse * seen.stock.shape[1] + sku)
    seen.stock[warehouse, sku]["allocated_units"] += units
    prices.refresh(network, seen, warehouse, sku)


@internal
def deallocate(network, seen, hidden, warehouse, sku, units):
    """A plan for units that are on hand broke: they are for sale again."""
    touch(hidden, CELL, warehouse * seen.stock.shape[1] + sku)
    seen.stock[warehouse, sku]["allocated_units"] -= units
    prices.refresh(network, seen, warehouse, sku)


@internal
def write_off(network, seen, hidden, warehouse, sku, units, missing):
    """Of allocated units some cannot be found; the others are for sale again."""
    touch(hidden, CELL, warehouse * seen.stock.shape[1] + sku)
    cell = seen.stock
    cell[warehouse, sku]["allocated_units"] -= units
    cell[warehouse, sku]["on_hand_units"] -= missing
    cell[warehouse, sku]["written_off_units"] += missing
    prices.refresh(network, seen, warehouse, sku)


@internal
def ship(seen, hidden, warehouse, sku, units):
    """Allocated units leave the building; availability does not change."""
    touch(hidden, CELL, warehouse * seen.stock.shape[1] + sku)
    cell = seen.stock
    cell[warehouse, sku]["allocated_units"] -= units
    cell[warehouse, sku]["on_hand_units"] -= units
    cell[warehouse, sku]["shipped_units"] += units


@internal
def put_away(seen, hidden, warehouse, sku, units):
    """Received units go on the shelf; claims are served before ``set_reference`` looks at what is left."""
    touch(hidden, CELL, warehouse * seen.stock.shape[1] + sku)
    cell = seen.stock
    cell[warehouse, sku]["on_hand_units"] += units
    cell[warehouse, sku]["received_units"] += units


@internal
def set_reference(network, seen, hidden, warehouse, sku):
    """Measures depletion from now on, after claims on a receipt were served."""
    touch(hidden, CELL, warehouse * seen.stock.shape[1] + sku)
    cell = seen.stock
    left = available(seen, warehouse, sku)
    if left > cell[warehouse, sku]["reference_units"]:
        cell[warehouse, sku]["reference_units"] = left
    prices.refresh(network, seen, warehouse, sku)
