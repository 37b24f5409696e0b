"""Stock: availability, allocation, shipment. On hand + shipped + written off = initial + received."""

from __future__ import annotations

from envs import prices
from envs.compiling import compiled


@compiled
def available(seen, warehouse, sku):
    """Units available to promise."""
    return seen.stock["on_hand_units"][warehouse, sku] - seen.stock["allocated_units"][warehouse, sku]


@compiled
def allocate(network, seen, warehouse, sku, units):
    """Promises units that are on hand to a parcel."""
    seen.stock["allocated_units"][warehouse, sku] += units
    prices.refresh(network, seen, warehouse, sku)


@compiled
def ship(seen, warehouse, sku, units):
    """Allocated units leave the building; availability does not change."""
    cell = seen.stock
    cell["allocated_units"][warehouse, sku] -= units
    cell["on_hand_units"][warehouse, sku] -= units
    cell["shipped_units"][warehouse, sku] += units


@compiled
def put_away(network, seen, warehouse, sku, units):
    """Received units go on the shelf; what is then available is the new reference of scarcity."""
    cell = seen.stock
    cell["on_hand_units"][warehouse, sku] += units
    cell["received_units"][warehouse, sku] += units


@compiled
def set_reference(network, seen, warehouse, sku):
    """Measures depletion from now on, after claims on a receipt were served."""
    cell = seen.stock
    left = available(seen, warehouse, sku)
    if left > cell["reference_units"][warehouse, sku]:
        cell["reference_units"][warehouse, sku] = left
    prices.refresh(network, seen, warehouse, sku)
