"""The state of one simulation: structured arrays, one per noun.

``Observable`` is what a router may see now; ``Hidden`` is the rest. Both belong to one replication
and are plain memory: they can be copied, pickled and compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.costs import NUM_PARTS
from scenarios.errors import InputError
from scenarios.network import Network, record_dtype
from scenarios.trace import Future, Trace

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
    order: np.ndarray  # (1,), the order being decided
    lines: np.ndarray  # (MAX_LINES,), its lines


DECLINED, DELIVERED = 1, 2
"""How an order ended; 0 while it is open."""

ORDER_STATE = record_dtype("status", "num_open_lines", "ended_at", "last_parcel", "decision_id")
PARCELS = record_dtype(
    "order",
    "decision_id",
    "warehouse",
    "service",
    "collection",  # booked; NONE while a claim waits for its receipt
    "receipt",  # NONE for goods in stock
    "attempt",
    "lines_mask",  # positions of the order's lines
    "num_lines",
    "units",
    "grams",
    "pick_seconds",  # expected
    "carbon_milligrams",
    "lateness_millicents",  # as expected when planned
    "waiting_millicents",  # as expected when planned
    "quoted_at",
    "planned_at",
    "released_at",
    "started_at",
    "ready_at",
    "departed_at",
    "delivered_at",
    "next_parcel",  # in the claim list, pick queue or dock that holds it
    "previous_of_order",
)
QUEUES = record_dtype("first_parcel", "last_parcel", "wake_at")  # (W,)
DOCKS = record_dtype("first_parcel", "last_parcel", "next_collection")  # (W, S)
CLAIMS = record_dtype("first_parcel", "last_parcel")  # (M,)
COUNTERS = record_dtype("num_parcels", "num_open_orders", "num_events", "num_ledger_rows", "log_level", "is_describing")


class Hidden(NamedTuple):
    """The state that no router sees, and the logs."""

    orders: np.ndarray  # (N,)
    parcels: np.ndarray  # (L,)
    queues: np.ndarray  # (W,)
    docks: np.ndarray  # (W, S)
    claims: np.ndarray  # (M,)
    counters: np.ndarray  # (1,)
    totals: np.ndarray  # (NUM_PARTS,) int64 millicents booked so far
    order_costs: np.ndarray  # (N, NUM_PARTS) int64 millicents booked so far
    moved: np.ndarray  # (L + 1,) parcels that the last rule moved, for the agenda
    events: np.ndarray  # (capacity, columns) int64
    ledger: np.ndarray  # (capacity, columns) int64


def _filled(shape: int | tuple[int, ...], dtype: np.dtype, **values: int) -> np.ndarray:
    array = np.zeros(shape, dtype)
    for field, value in values.items():
        array[field] = value
    return array


def new_observable(network: Network, num_receipts: int) -> Observable:
    """State before the first event: initial stock, idle stations, nothing booked."""
    num_warehouses, num_skus = network.stock.shape
    stock = _filled((num_warehouses, num_skus), STOCK_STATE, first_receipt=NONE)
    stock["on_hand_units"] = network.stock["on_hand_units"]
    stock["reference_units"] = network.stock["on_hand_units"]
    stations = _filled(num_warehouses, STATIONS)
    stations["num_open"] = network.warehouses["num_stations"]
    most_stations = int(network.warehouses["num_stations"].max())
    return Observable(
        clock=_filled(1, CLOCK, weight_cost_permille=1000, weight_lateness_permille=1000, weight_carbon_permille=1000),
        stock=stock,
        stations=stations,
        picks=_filled((num_warehouses, most_stations), PICKS, parcel=NONE),
        bookings=_filled(len(network.collections), BOOKINGS),
        receipts=_filled(num_receipts, KNOWN_RECEIPTS, next_receipt=NONE),
        punctuality=_filled(len(network.services), PUNCTUALITY, transit_permille=1000),
        interruptions=_filled((num_warehouses, len(network.services)), INTERRUPTIONS),
        order=_filled(1, ASKED_ORDER, order=NONE),
        lines=_filled(MAX_LINES, ASKED_LINES, line=NONE),
    )


def new_hidden(network: Network, future: Future, log_level: int) -> Hidden:
    """Empty queues, docks and logs with room for everything that can happen on this trace."""
    from envs.log import EVENT_COLUMNS, LEDGER, LEDGER_COLUMNS

    num_warehouses, num_services = network.pairs.shape
    num_orders, num_lines, num_receipts = len(future.orders), len(future.lines), len(future.receipts)
    docks = _filled((num_warehouses, num_services), DOCKS, first_parcel=NONE, last_parcel=NONE)
    docks["next_collection"] = network.pairs["first_collection"]
    # An order logs arrival, decision and end; a line at most one parcel with at most eight rows.
    event_room = 3 * num_orders + 9 * num_lines + 2 * num_receipts if log_level > LEDGER else 0
    ledger_room = NUM_PARTS * num_orders + 2 * num_lines if log_level >= LEDGER else 0
    orders = _filled(num_orders, ORDER_STATE, last_parcel=NONE, decision_id=NONE, ended_at=NONE)
    orders["num_open_lines"] = future.orders["num_lines"]
    return Hidden(
        orders=orders,
        parcels=_filled(num_lines, PARCELS),
        queues=_filled(num_warehouses, QUEUES, first_parcel=NONE, last_parcel=NONE, wake_at=NONE),
        docks=docks,
        claims=_filled(num_receipts, CLAIMS, first_parcel=NONE, last_parcel=NONE),
        counters=_filled(1, COUNTERS, num_open_orders=num_orders, log_level=log_level, is_describing=1),
        totals=np.zeros(NUM_PARTS, np.int64),
        order_costs=np.zeros((num_orders, NUM_PARTS), np.int64),
        moved=np.zeros(num_lines + 1, np.int64),
        events=np.zeros((event_room, len(EVENT_COLUMNS)), np.int64),
        ledger=np.zeros((ledger_room, len(LEDGER_COLUMNS)), np.int64),
    )


def check_playable(trace: Trace) -> None:
    """Refuses what this version's rules do not know yet.

    Raises:
        InputError: an order with too many lines, or a receipt that differs from its announcement.
    """
    most = int(trace.future.orders["num_lines"].max(initial=0))
    if most > MAX_LINES:
        raise InputError("num_lines", most, f"at most {MAX_LINES} lines an order", "split the order")
    receipts = trace.future.receipts
    late = np.flatnonzero(receipts["announced_at"] > receipts["actual_at"])
    if len(late):
        row = int(late[0])
        raise InputError(
            f"receipts[{row}].announced_at",
            int(receipts["announced_at"][row]),
            f"at most actual_at = {int(receipts['actual_at'][row])}",
            "announce receipts before they come",
        )
    for actual, expected in (("actual_at", "expected_at"), ("actual_units", "expected_units")):
        differs = np.flatnonzero(receipts[actual] != receipts[expected])
        if len(differs):
            row = int(differs[0])
            raise InputError(
                f"receipts[{row}].{actual}",
                int(receipts[actual][row]),
                f"{expected} = {int(receipts[expected][row])}",
                "announce what will come; uncertain receipts are not simulated yet",
            )
