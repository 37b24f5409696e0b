"""Receipts: announced, claimed by backorders, arrived."""

from __future__ import annotations

from envs import costs, docks, log, picking, stock
from envs.compiling import compiled
from envs.state import NONE


@compiled
def announce(future, seen, hidden, receipt):
    """From now on routers know this receipt and may backorder on it."""
    known, row = seen.receipts, future.receipts
    warehouse, sku = row["warehouse"][receipt], row["sku"][receipt]
    known["warehouse"][receipt], known["sku"][receipt] = warehouse, sku
    known["expected_at"][receipt] = row["expected_at"][receipt]
    known["expected_units"][receipt] = row["expected_units"][receipt]
    known["is_open"][receipt] = 1
    known["next_receipt"][receipt] = seen.stock["first_receipt"][warehouse, sku]
    seen.stock["first_receipt"][warehouse, sku] = receipt
    seen.clock["num_receipts"][0] += 1
    log.log_event(hidden, seen.clock["now_seconds"][0], log.RECEIPT_ANNOUNCED, NONE, NONE, receipt)


@compiled
def best_receipt(seen, warehouse, sku, units):
    """Earliest announced receipt with ``units`` unclaimed, the lowest number among equals; or NONE."""
    best = NONE
    known = seen.receipts
    receipt = seen.stock["first_receipt"][warehouse, sku]
    while receipt != NONE:
        if known["expected_units"][receipt] - known["claimed_units"][receipt] >= units and (
            best == NONE
            or known["expected_at"][receipt] < known["expected_at"][best]
            or (known["expected_at"][receipt] == known["expected_at"][best] and receipt < best)
        ):
            best = receipt
        receipt = known["next_receipt"][receipt]
    return best


@compiled
def claim(seen, hidden, parcel, receipt):
    """A backordered parcel waits for its receipt, in booking order."""
    seen.receipts["claimed_units"][receipt] += hidden.parcels["units"][parcel]
    hidden.parcels["next_parcel"][parcel] = NONE
    last = hidden.claims["last_parcel"][receipt]
    if last == NONE:
        hidden.claims["first_parcel"][receipt] = parcel
    else:
        hidden.parcels["next_parcel"][last] = parcel
    hidden.claims["last_parcel"][receipt] = parcel


@compiled
def receive(network, future, seen, hidden, receipt):
    """The goods arrive: claims are allocated and released in booking order, the rest is for sale.

    Returns:
        Number of parcels released to the pick queue.
    """
    now = seen.clock["now_seconds"][0]
    row = future.receipts
    warehouse, sku = row["warehouse"][receipt], row["sku"][receipt]
    log.log_event(hidden, now, log.RECEIPT_ARRIVED, NONE, NONE, receipt)
    seen.receipts["is_open"][receipt] = 0
    _unlink(seen, warehouse, sku, receipt)
    stock.put_away(network, seen, warehouse, sku, row["actual_units"][receipt])
    num_released = 0
    parcel = hidden.claims["first_parcel"][receipt]
    while parcel != NONE:
        following = hidden.parcels["next_parcel"][parcel]
        stock.allocate(network, seen, warehouse, sku, hidden.parcels["units"][parcel])
        _settle_waiting(network, future, seen, hidden, parcel)
        release(network, seen, hidden, parcel)
        num_released += 1
        parcel = following
    stock.set_reference(network, seen, warehouse, sku)
    return num_released


@compiled
def _unlink(seen, warehouse, sku, receipt):
    known = seen.receipts
    if seen.stock["first_receipt"][warehouse, sku] == receipt:
        seen.stock["first_receipt"][warehouse, sku] = known["next_receipt"][receipt]
        return
    before = seen.stock["first_receipt"][warehouse, sku]
    while known["next_receipt"][before] != receipt:
        before = known["next_receipt"][before]
    known["next_receipt"][before] = known["next_receipt"][receipt]


@compiled
def _settle_waiting(network, future, seen, hidden, parcel):
    parcels = hidden.parcels
    order, now = parcels["order"][parcel], seen.clock["now_seconds"][0]
    actual = parcels["num_lines"][parcel] * costs.waiting(network.settings, now - parcels["planned_at"][parcel])
    difference = actual - parcels["waiting_millicents"][parcel]
    log.book(hidden, now, parcels["decision_id"][parcel], order, costs.WAITING, difference, 1)


@compiled
def release(network, seen, hidden, parcel):
    """Goods are allocated: books the first collection with room and joins the pick queue."""
    parcels = hidden.parcels
    warehouse, service = parcels["warehouse"][parcel], parcels["service"][parcel]
    ready_at = picking.start_of_next_pick(network, seen, warehouse) + parcels["pick_seconds"][parcel]
    collection = docks.first_collection(network, seen, warehouse, service, ready_at)
    parcels["collection"][parcel] = collection
    seen.bookings["booked_parcels"][collection] += 1
    picking.enqueue(seen, hidden, parcel)
    now = seen.clock["now_seconds"][0]
    log.log_event(hidden, now, log.RELEASED, parcels["order"][parcel], parcel, collection)
