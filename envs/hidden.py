"""The state that no router sees: what becomes of orders, lines and parcels, queues, docks, claims, and the logs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.costs import NUM_PARTS
from envs.log import EVENT_COLUMNS, EVENTS, LEDGER, LEDGER_COLUMNS
from envs.room import MARGIN, ROWS_OF_A_LINE
from envs.state import NONE, filled
from envs.touched import RING
from scenarios.network import Network, record_dtype
from scenarios.trace import RECEIPTS, Future

OPEN, DECLINED, DELIVERED, CANCELLED = 0, 1, 2, 3
"""How an order or a line ended, or that it has not. An order with a cancelled line is cancelled, else one with a
declined line declined."""

ORDER_STATE = record_dtype(
    "status",
    "num_open_lines",
    "num_declined_lines",
    "num_cancelled_lines",
    "num_parcels",  # that were planned with a line of it
    "ended_at",
    "last_parcel",  # of those numbered under this order
    "decision_id",  # of its latest decision
    "previous_order",  # of the same customer and region, if that may still be held
    "first_of_group",  # orders decided together belong to the first of them; every order to itself at first
    "next_in_group",
    "last_in_group",
    "held_since",  # of the group; NONE while it is not held
    "hold_until",
    "num_holds",
    "held_seconds",
    "is_broken",  # the group waits for being asked again
    "num_reroutes",  # decisions of the group because plans broke
)
LINE_STATE = record_dtype(
    "status",
    "parcel",  # NONE while the line is undecided
    "next_line",  # of the same parcel
    "lateness_millicents",  # as expected when planned
    "waiting_millicents",  # as expected when planned; 0 once settled
)
CLAIMED, LATER, QUEUED, PICKING, DOCKED, DEPARTED, VOID = range(1, 8)
"""Stages of a parcel: waits for a receipt, for its presale date, in the pick queue; is picked, at the dock, on its
way or delivered; or has lost all its lines."""

PARCELS = record_dtype(
    "stage",
    "order",  # of its first line
    "decision_id",
    "warehouse",
    "service",
    "collection",  # booked; NONE before its release
    "receipt",  # NONE for goods in stock
    "release_at",  # presale: not before that second
    "attempt",
    "first_line",  # linked by next_line
    "num_lines",
    "units",
    "grams",
    "pick_seconds",  # expected
    "carbon_milligrams",
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
WEATHER = record_dtype("transit_permille")  # (S,)
COUNTERS = record_dtype(
    "num_parcels",
    "num_orders",  # that will have arrived in the end; a fork on a tail has rows for more
    "num_open_orders",
    "num_arrived",  # orders
    "num_broken",  # groups in ``broken``
    "num_waiting_lines",  # planned, not yet on their way
    "num_touched",  # entries ever written to ``touched``
    "num_events",
    "num_ledger_rows",
    "has_overflown",  # a log was full: a defect, never silent
    "log_level",
    "is_describing",  # whether features are computed
    "own_rule",  # the rule whose best plan alone is made; NONE: the whole table
    "are_prices_solved",  # ``solved_prices`` wait to come into force
    "luck_salt",  # of orders that had arrived when a fork was given other luck; 0: the luck of the trace
    "until_seconds",  # a fork on a tail ends there
)


class Hidden(NamedTuple):
    """The state that no router sees, and the logs."""

    orders: np.ndarray  # (N,)
    lines: np.ndarray  # (L,)
    parcels: np.ndarray  # (capacity,)
    queues: np.ndarray  # (W,)
    docks: np.ndarray  # (W, S)
    arrivals: np.ndarray  # (M,) RECEIPTS: one row for each cell if stock is reordered, then those of the trace
    claims: np.ndarray  # (M,)
    weather: np.ndarray  # (S,)
    counters: np.ndarray  # (1,)
    totals: np.ndarray  # (NUM_PARTS,) int64 millicents booked so far
    order_costs: np.ndarray  # (N, NUM_PARTS) int64 millicents booked so far
    moved: np.ndarray  # what the last rule moved, for the agenda: parcels, or receipts that were ordered
    broken: np.ndarray  # (N,) groups whose plans the last rule broke
    touched: np.ndarray  # (RING,) int64, see envs.touched
    solved_prices: np.ndarray  # (W, K) int64 not yet in force; (0, 0) where nobody solves any, as in a fork
    events: np.ndarray  # (capacity, columns) int64
    ledger: np.ndarray  # (capacity, columns) int64


def num_receipt_rows(network: Network, future: Future) -> int:
    """One row for each cell if stock is reordered, then the receipts of the trace."""
    return num_reordered(network) + len(future.receipts)


def num_reordered(network: Network) -> int:
    """Rows of receipts that belong to cells, the number of the first row of a receipt of the trace."""
    return network.stock.size if network.settings["review_seconds"][0] > 0 else 0


def new_hidden(network: Network, future: Future, log_level: int, is_priced: bool = False) -> Hidden:
    """Empty queues, docks and logs; ``is_priced`` if bid prices are solved on a schedule."""
    num_warehouses, num_services = network.pairs.shape
    num_orders, num_lines = len(future.orders), len(future.lines)
    docks = filled((num_warehouses, num_services), DOCKS, first_parcel=NONE, last_parcel=NONE)
    docks["next_collection"] = network.pairs["first_collection"]
    arrivals = np.zeros(num_receipt_rows(network, future), RECEIPTS)
    arrivals[num_reordered(network) :] = future.receipts
    # Rows beyond what is used cost nothing: the system hands out memory when it is first written to.
    margin = MARGIN + ROWS_OF_A_LINE * num_lines
    event_room = margin + 4 * num_orders + 9 * num_lines if log_level >= EVENTS else 0
    ledger_room = margin + NUM_PARTS * num_orders + 2 * num_lines if log_level >= LEDGER else 0
    return Hidden(
        orders=new_order_states(network, future.orders),
        lines=new_line_states(num_lines),
        parcels=np.zeros(num_lines + 2 * MARGIN, PARCELS),
        queues=filled(num_warehouses, QUEUES, first_parcel=NONE, last_parcel=NONE, wake_at=NONE),
        docks=docks,
        arrivals=arrivals,
        claims=filled(len(arrivals), CLAIMS, first_parcel=NONE, last_parcel=NONE),
        weather=filled(num_services, WEATHER, transit_permille=1000),
        counters=filled(
            1,
            COUNTERS,
            num_orders=num_orders,
            num_open_orders=num_orders,
            log_level=log_level,
            is_describing=1,
            own_rule=NONE,
            until_seconds=np.iinfo(np.int64).max,
        ),
        totals=np.zeros(NUM_PARTS, np.int64),
        order_costs=np.zeros((num_orders, NUM_PARTS), np.int64),
        moved=np.zeros(num_lines + network.stock.shape[1] + 1, np.int64),
        broken=np.zeros(num_orders + 1, np.int64),
        touched=np.zeros(RING, np.int64),
        solved_prices=np.zeros(network.stock.shape if is_priced else (0, 0), np.int64),
        events=np.zeros((event_room, len(EVENT_COLUMNS)), np.int64),
        ledger=np.zeros((ledger_room, len(LEDGER_COLUMNS)), np.int64),
    )


def new_order_states(network: Network, orders: np.ndarray) -> np.ndarray:
    """``ORDER_STATE`` (N,) before the orders arrive."""
    nothing = ("last_parcel", "decision_id", "ended_at", "next_in_group", "held_since", "hold_until")
    states = filled(len(orders), ORDER_STATE, **dict.fromkeys(nothing, NONE))
    states["num_open_lines"] = orders["num_lines"]
    states["first_of_group"] = states["last_in_group"] = np.arange(len(orders))
    states["previous_order"] = _previous_orders(network, orders)
    return states


def new_line_states(num_lines: int) -> np.ndarray:
    """``LINE_STATE`` (L,) before their orders arrive."""
    return filled(num_lines, LINE_STATE, parcel=NONE, next_line=NONE)


def _previous_orders(network: Network, orders: np.ndarray) -> np.ndarray:
    """int64 (N,): the order before of the same customer to the same region; NONE without one, or without holds."""
    previous = np.full(len(orders), NONE, np.int64)
    settings = network.settings[0]
    if settings["hold_short_seconds"] > 0 or settings["hold_long_seconds"] > 0:
        sequence = np.lexsort((np.arange(len(orders)), orders["region"], orders["customer_id"]))
        before, after = sequence[:-1], sequence[1:]
        is_same = (orders["customer_id"][before] == orders["customer_id"][after]) & (
            orders["region"][before] == orders["region"][after]
        )
        previous[after[is_same]] = before[is_same]
    return previous
