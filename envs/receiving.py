"""Receipts: announced, claimed by backorders, arrived, perhaps with less than was announced."""

from __future__ import annotations

from envs import docks, log, parcels, picking, stock
from envs.compiling import inlined, internal
from envs.hidden import LATER, QUEUED
from envs.state import NONE
from envs.touched import CELL, RECEIPT, touch, touch_order


@internal
def announce(seen, hidden, receipt):
    """From now on routers know this receipt and may backorder on it."""
    known, row = seen.receipts, hidden.arrivals
    warehouse, sku = row[receipt]["warehouse"], row[receipt]["sku"]
    touch(hidden, RECEIPT, receipt)
    touch(hidden, CELL, warehouse * seen.stock.shape[1] + sku)
    known[receipt]["warehouse"], known[receipt]["sku"] = warehouse, sku
    known[receipt]["expected_at"] = row[receipt]["expected_at"]
    known[receipt]["expected_units"] = row[receipt]["expected_units"]
    known[receipt]["claimed_units"] = 0
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


@internal
def claim(seen, hidden, parcel, receipt):
    """A backordered parcel waits for its receipt, in booking order."""
    touch(hidden, RECEIPT, receipt)
    seen.receipts[receipt]["claimed_units"] += hidden.parcels[parcel]["units"]
    hidden.parcels[parcel]["next_parcel"] = NONE
    last = hidden.claims[receipt]["last_parcel"]
    if last == NONE:
        hidden.claims[receipt]["first_parcel"] = parcel
    else:
        touch_order(hidden, hidden.parcels[last]["order"])
        hidden.parcels[last]["next_parcel"] = parcel
    hidden.claims[receipt]["last_parcel"] = parcel


@internal
def receive(network, future, seen, hidden, receipt):
    """The goods arrive: claims are served in booking order as far as units last, the rest is for sale.

    Claims that get nothing, the latest, are to be decided again.

    Returns:
        Number of parcels that queue or wait for their presale date; ``hidden.moved`` names them.
    """
    now, row = seen.clock[0]["now_seconds"], hidden.arrivals
    warehouse, sku, left = row[receipt]["warehouse"], row[receipt]["sku"], row[receipt]["actual_units"]
    log.log_event(hidden, now, log.RECEIPT_ARRIVED, NONE, NONE, receipt)
    touch(hidden, RECEIPT, receipt)
    seen.receipts[receipt]["is_open"] = 0
    _unlink(seen, hidden, warehouse, sku, receipt)
    stock.put_away(seen, hidden, warehouse, sku, left)
    num_moved, is_short = 0, False
    parcel = hidden.claims[receipt]["first_parcel"]
    while parcel != NONE:
        following, units = hidden.parcels[parcel]["next_parcel"], hidden.parcels[parcel]["units"]
        is_short = is_short or units > left
        if is_short:
            parcels.withdraw(network, future, seen, hidden, parcel)
        else:
            left -= units
            hidden.claims[receipt]["first_parcel"] = following
            stock.allocate(network, seen, hidden, warehouse, sku, units)
            touch_order(hidden, hidden.parcels[parcel]["order"])
            hidden.parcels[parcel]["stage"] = LATER
            if hidden.parcels[parcel]["release_at"] <= now:
                _start_waiting_parcel(network, future, seen, hidden, parcel)
            hidden.moved[num_moved] = parcel
            num_moved += 1
        parcel = following
    hidden.claims[receipt]["last_parcel"] = NONE
    stock.set_reference(network, seen, hidden, warehouse, sku)
    return num_moved


@internal
def _unlink(seen, hidden, warehouse, sku, receipt):
    known = seen.receipts
    if seen.stock[warehouse, sku]["first_receipt"] == receipt:
        seen.stock[warehouse, sku]["first_receipt"] = known[receipt]["next_receipt"]
        return
    before = seen.stock[warehouse, sku]["first_receipt"]
    while known[before]["next_receipt"] != receipt:
        before = known[before]["next_receipt"]
    touch(hidden, RECEIPT, before)
    known[before]["next_receipt"] = known[receipt]["next_receipt"]


@internal
def _start_waiting_parcel(network, future, seen, hidden, parcel):
    """Goods and date are there: settles the waiting of all lines and releases the parcel."""
    line = hidden.parcels[parcel]["first_line"]
    while line != NONE:
        parcels.settle_waiting(network, future, seen, hidden, parcel, line)
        line = hidden.lines[line]["next_line"]
    release(network, seen, hidden, parcel)


@internal
def open_presale(network, future, seen, hidden, parcel):
    """The presale date of a parcel has come.

    Returns:
        True if it joined the pick queue, False if it has lost its lines.
    """
    if hidden.parcels[parcel]["stage"] != LATER:
        return False
    now, order = seen.clock[0]["now_seconds"], hidden.parcels[parcel]["order"]
    log.log_event(hidden, now, log.RELEASE_DUE, order, parcel, hidden.parcels[parcel]["release_at"])
    _start_waiting_parcel(network, future, seen, hidden, parcel)
    return True


@internal
def release(network, seen, hidden, parcel):
    """Goods are allocated: books the first collection with room and joins the pick queue."""
    rows = hidden.parcels
    warehouse, service = rows[parcel]["warehouse"], rows[parcel]["service"]
    ready_at = picking.start_of_next_pick(network, seen, warehouse) + rows[parcel]["pick_seconds"]
    collection = docks.first_collection(network, seen, warehouse, service, ready_at)
    touch_order(hidden, rows[parcel]["order"])
    rows[parcel]["stage"] = QUEUED
    rows[parcel]["collection"] = collection
    seen.bookings[collection]["booked_parcels"] += 1
    picking.enqueue(seen, hidden, parcel)
    now = seen.clock[0]["now_seconds"]
    log.log_event(hidden, now, log.RELEASED, rows[parcel]["order"], parcel, collection)
