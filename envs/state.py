"""What a router may see now: structured arrays, one per noun.

A snapshot is a read-only view of them; everything else is in ``envs.hidden``. Both belong to one replication and are
plain memory: they can be copied, pickled and compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scenarios.network import Network, record_dtype

MAX_LINES = 60
"""Lines of one order; a parcel's lines are a bit mask in an int64."""

NONE = -1
"""No entity."""

MAX_HOLDS = 2
"""Times that an order may be held."""

MAX_HOLD_SECONDS = 7200
"""Seconds that an order may be held in all."""

CLOCK = record_dtype(
    "now_seconds",
    "decision_id",  # decisions taken so far, hence the id of the one asked now
    "num_receipts",  # announced so far
    "hour",  # of the demand counters
    "orders_this_hour",
    "orders_last_hour",
    "weight_cost_permille",
    "weight_lateness_permille",
    "weight_carbon_permille",
    "pricing",  # see envs.prices
    "price_interval_seconds",  # of a pricer's schedule
    "price_delay_seconds",
    "price_stale_seconds",
    "prices_solved_at",  # second of the state that the prices in the table were solved with; NONE: closed form, or zero
)
STOCK_STATE = record_dtype(  # (W, K)
    "on_hand_units",
    "allocated_units",  # promised to parcels; on_hand - allocated is available to promise
    "reference_units",  # available after the last receipt; the closed-form price measures depletion by it
    "bid_price_millicents",
    "first_receipt",  # announced and not arrived, linked by next_receipt
    "received_units",
    "shipped_units",
    "written_off_units",
)
STATIONS = record_dtype("num_open", "num_busy", "num_queued", "queued_seconds")  # (W,), expected seconds
PICKS = record_dtype("parcel", "expected_finish_seconds")  # (W, stations)
BOOKINGS = record_dtype("booked_parcels")  # (C,)
KNOWN_RECEIPTS = record_dtype(  # (M,), rows up to num_receipts are filled
    "warehouse", "sku", "expected_at", "expected_units", "claimed_units", "is_open", "next_receipt"
)
PUNCTUALITY = record_dtype("num_delivered", "num_late", "transit_permille")  # (S,); moving average of actual/expected
INTERRUPTIONS = record_dtype("until_seconds")  # (W, S); collections before that do not come
DEMAND = record_dtype(  # (R,), see envs.demand
    "num_orders",  # since second 0
    "orders_this_hour",
    "orders_last_hour",
    "recent_milli",  # orders an hour, in thousandths, older ones forgotten; of hours that are over
)
GOODS = record_dtype(  # (K,)
    "demanded_units",  # since second 0
    "units_this_hour",
    "recent_milli",  # units a day, in thousandths, older ones forgotten; of hours that are over
)
ASKED_ORDER = record_dtype(
    "order",  # of several orders decided together the first
    "region",
    "arrival_seconds",
    "promise_at",  # the earliest of the lines'
    "requirements",
    "num_lines",  # to be decided now
    "margin_millicents",  # of these lines
    "num_orders",  # decided together
    "num_holds",  # before this decision
    "held_seconds",  # in all, before this decision
    "is_again",  # a plan for these lines broke
)
ASKED_LINES = record_dtype(
    "line",
    "sku",
    "units",
    "grams",
    "requirements",  # of the SKU and of the line's order
    "ship_from_seconds",
    "order",
    "promise_at",
)


class Observable(NamedTuple):
    """What a router may see. A snapshot is a read-only view of this."""

    clock: np.ndarray  # (1,)
    stock: np.ndarray  # (W, K)
    stations: np.ndarray  # (W,)
    picks: np.ndarray  # (W, most stations)
    bookings: np.ndarray  # (C,)
    receipts: np.ndarray  # (M,)
    punctuality: np.ndarray  # (S,)
    interruptions: np.ndarray  # (W, S)
    demand: np.ndarray  # (R,)
    goods: np.ndarray  # (K,)
    order: np.ndarray  # (1,), the order being decided
    lines: np.ndarray  # (MAX_LINES,), its lines


def filled(shape: int | tuple[int, ...], dtype: np.dtype, **values: int) -> np.ndarray:
    """Zeros, but for the fields given."""
    array = np.zeros(shape, dtype)
    for field, value in values.items():
        array[field] = value
    return array


def new_order() -> np.ndarray:
    """(1,) of ``ASKED_ORDER``: no order is asked."""
    return filled(1, ASKED_ORDER, order=NONE)


def new_lines() -> np.ndarray:
    """(MAX_LINES,) of ``ASKED_LINES``, all empty."""
    return filled(MAX_LINES, ASKED_LINES, line=NONE)


def new_observable(network: Network, num_receipts: int) -> Observable:
    """State before the first event: initial stock, idle stations, nothing booked.

    Args:
        network: public arrays.
        num_receipts: that may ever be known. There are rows for a power of two, so that a router cannot count what is
            still to come.
    """
    num_receipts = 1 << max(6, num_receipts.bit_length())
    num_warehouses, num_skus = network.stock.shape
    stock = filled((num_warehouses, num_skus), STOCK_STATE, first_receipt=NONE)
    stock["on_hand_units"] = network.stock["on_hand_units"]
    stock["reference_units"] = network.stock["on_hand_units"]
    stations = filled(num_warehouses, STATIONS)
    stations["num_open"] = network.warehouses["num_stations"]
    most_stations = int(network.warehouses["num_stations"].max())
    weights = {f"weight_{name}_permille": 1000 for name in ("cost", "lateness", "carbon")}
    return Observable(
        clock=filled(1, CLOCK, prices_solved_at=NONE, **weights),
        stock=stock,
        stations=stations,
        picks=filled((num_warehouses, most_stations), PICKS, parcel=NONE),
        bookings=filled(len(network.collections), BOOKINGS),
        receipts=filled(num_receipts, KNOWN_RECEIPTS, next_receipt=NONE),
        punctuality=filled(len(network.services), PUNCTUALITY, transit_permille=1000),
        interruptions=filled((num_warehouses, len(network.services)), INTERRUPTIONS),
        demand=filled(len(network.regions), DEMAND),
        goods=filled(len(network.skus), GOODS),
        order=new_order(),
        lines=new_lines(),
    )
