"""Stock: availability, allocation, shipment. On hand + shipped + written off = initial + received."""

from __future__ import annotations

from envs import prices
from envs.compiling import compiled, inlined


@inlined
def available(seen, warehouse, sku):
    """Units available to promise."""
    return seen.stock[warehouse, sku]["on_hand_units"] - seen.stock[warehouse, sku]["allocated_units"]


@compiled
def allocate(network, seen, warehouse, sku, units):
    """Promises units that are on hand to a parcel."""
    seen.stock[warehouse, sku]["allocated_units"] += units
    prices.refresh(network, seen, warehouse, sku)


@compiled
def deallocate(network, seen, warehouse, sku, units):
    """A plan for units that are on hand broke: they are for sale again."""
    seen.stock[warehouse, sku]["allocated_units"] -= units
    prices.refresh(network, seen, warehouse, sku)


@compiled
def write_off(network, seen, warehouse, sku, units, missing):
    """Of allocated units some cannot be found; the others are for sale again."""
    cell = seen.stock
    cell[warehouse, sku]["allocated_units"] -= units
    cell[warehouse, sku]["on_hand_units"] -= missing
    cell[warehouse, sku]["written_off_units"] += missing
    prices.refresh(network, seen, warehouse, sku)


@compiled
def ship(seen, warehouse, sku, units):
    """Allocated units leave the building; availability does not change."""
    cell = seen.stock
    cell[warehouse, sku]["allocated_units"] -= units
    cell[warehouse, sku]["on_hand_units"] -= units
    cell[warehouse, sku]["shipped_units"] += units


@compiled
def put_away(seen, warehouse, sku, units):
    """Received units go on the shelf; claims are served before ``set_reference`` looks at what is left."""
    cell = seen.stock
    cell[warehouse, sku]["on_hand_units"] += units
    cell[warehouse, sku]["received_units"] += units


@compiled
def set_reference(network, seen, warehouse, sku):
    """Measures depletion from now on, after claims on a receipt were served."""
    cell = seen.stock
    left = available(seen, warehouse, sku)
    if left > cell[warehouse, sku]["reference_units"]:
        cell[warehouse, sku]["reference_units"] = left
    prices.refresh(network, seen, warehouse, sku)
