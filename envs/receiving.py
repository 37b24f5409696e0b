"""Receipts: announced, claimed by backorders, arrived."""

from __future__ import annotations

from envs import costs, docks, log, picking, stock
from envs.compiling import compiled, inlined
from envs.state import NONE


@compiled
def announce(future, seen, hidden, receipt):
    """From now on routers know this receipt and may backorder on it."""
    known, row = seen.receipts, future.receipts
    warehouse, sku = row[receipt]["warehouse"], row[receipt]["sku"]
    known[receipt]["warehouse"], known[receipt]["sku"] = warehouse, sku
    known[receipt]["expected_at"] = row[receipt]["expected_at"]
    known[receipt]["expected_units"] = row[receipt]["expected_units"]
    known[receipt]["is_open"] = 1
    known[receipt]["next_receipt"] = seen.stock[warehouse, sku]["first_receipt"]
    seen.stock[warehouse, sku]["first_receipt"] = receipt
    seen.clock[0]["num_receipts"] += 1
    log.log_event(hidden, seen.clock[0]["now_seconds"], log.RECEIPT_ANNOUNCED, NONE, NONE, receipt)


@inlined
def best_receipt(seen, warehouse, sku, units):
    """Earliest announced receipt with ``units`` unclaimed, the lowest number among equals; or NONE."""
    best = NONE
    known = seen.receipts
    receipt = seen.stock[warehouse, sku]["first_receipt"]
    while receipt != NONE:
        if known[receipt]["expected_units"] - known[receipt]["claimed_units"] >= units and (
            best == NONE
            or known[receipt]["expected_at"] < known[best]["expected_at"]
            or (known[receipt]["expected_at"] == known[best]["expected_at"] and receipt < best)
        ):
            best = receipt
        receipt = known[receipt]["next_receipt"]
    return best


@compiled
def claim(seen, hidden, parcel, receipt):
    """A backordered parcel waits for its receipt, in booking order."""
    seen.receipts[receipt]["claimed_units"] += hidden.parcels[parcel]["units"]
    hidden.parcels[parcel]["next_parcel"] = NONE
    last = hidden.claims[receipt]["last_parcel"]
    if last == NONE:
        hidden.claims[receipt]["first_parcel"] = parcel
    else:
        hidden.parcels[last]["next_parcel"] = parcel
    hidden.claims[receipt]["last_parcel"] = parcel


@compiled
def receive(network, future, seen, hidden, receipt):
    """The goods arrive: claims are allocated and released in booking order, the rest is for sale.

    Returns:
        Number of parcels released to the pick queue.
    """
    now = seen.clock[0]["now_seconds"]
    row = future.receipts
    warehouse, sku = row[receipt]["warehouse"], row[receipt]["sku"]
    log.log_event(hidden, now, log.RECEIPT_ARRIVED, NONE, NONE, receipt)
    seen.receipts[receipt]["is_open"] = 0
    _unlink(seen, warehouse, sku, receipt)
    stock.put_away(seen, warehouse, sku, row[receipt]["actual_units"])
    num_released = 0
    parcel = hidden.claims[receipt]["first_parcel"]
    while parcel != NONE:
        following = hidden.parcels[parcel]["next_parcel"]
        stock.allocate(network, seen, warehouse, sku, hidden.parcels[parcel]["units"])
        _settle_waiting(network, seen, hidden, parcel)
        release(network, seen, hidden, parcel)
        num_released += 1
        parcel = following
    stock.set_reference(network, seen, warehouse, sku)
    return num_released


@compiled
def _unlink(seen, warehouse, sku, receipt):
    known = seen.receipts
    if seen.stock[warehouse, sku]["first_receipt"] == receipt:
        seen.stock[warehouse, sku]["first_receipt"] = known[receipt]["next_receipt"]
        return
    before = seen.stock[warehouse, sku]["first_receipt"]
    while known[before]["next_receipt"] != receipt:
        before = known[before]["next_receipt"]
    known[before]["next_receipt"] = known[receipt]["next_receipt"]


@compiled
def _settle_waiting(network, seen, hidden, parcel):
    parcels = hidden.parcels
    order, now = parcels[parcel]["order"], seen.clock[0]["now_seconds"]
    actual = parcels[parcel]["num_lines"] * costs.waiting(network.settings, now - parcels[parcel]["planned_at"])
    difference = actual - parcels[parcel]["waiting_millicents"]
    log.book(hidden, now, parcels[parcel]["decision_id"], order, costs.WAITING, difference, 1)


@compiled
def release(network, seen, hidden, parcel):
    """Goods are allocated: books the first collection with room and joins the pick queue."""
    parcels = hidden.parcels
    warehouse, service = parcels[parcel]["warehouse"], parcels[parcel]["service"]
    ready_at = picking.start_of_next_pick(network, seen, warehouse) + parcels[parcel]["pick_seconds"]
    collection = docks.first_collection(network, seen, warehouse, service, ready_at)
    parcels[parcel]["collection"] = collection
    seen.bookings[collection]["booked_parcels"] += 1
    picking.enqueue(seen, hidden, parcel)
    now = seen.clock[0]["now_seconds"]
    log.log_event(hidden, now, log.RELEASED, parcels[parcel]["order"], parcel, collection)
