"""Event log and ledger: the output contract of a simulation, one fixed int64 schema each."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import pyarrow as pa

from envs.compiling import inlined
from envs.touched import touch_order

LEVELS = {"none": 0, "ledger": 1, "events": 2}
LEDGER, EVENTS = LEVELS["ledger"], LEVELS["events"]

EVENT_COLUMNS = ("time_seconds", "kind", "order", "parcel", "warehouse", "service", "value")
LEDGER_COLUMNS = ("time_seconds", "decision_id", "order", "part", "is_settlement", "amount_millicents")


class Kind(IntEnum):
    """What happened; ``value`` is explained for each."""

    RECEIPT_ANNOUNCED = 1  # value: receipt
    RECEIPT_ARRIVED = 2  # value: receipt
    ORDER_ARRIVED = 3  # value: promise_at
    DECIDED = 4  # value: millicents that the plan is expected to cost
    DECLINED = 5  # value: decision id
    PLANNED = 6  # parcel; value: bit mask of the lines decided together, in their order
    CLAIMED = 7  # parcel waits for a receipt; value: receipt
    RELEASED = 8  # parcel joins the pick queue; value: collection booked
    PICK_STARTED = 9  # value: expected pick seconds
    PICK_FINISHED = 10
    ROLLED_OVER = 11  # value: collection that was full (logged once a parcel)
    COLLECTED = 12  # value: collection
    DELIVERED = 13  # value: seconds after the promise, negative when early
    ORDER_CLOSED = 14  # value: number of parcels
    HELD = 15  # the order is held; value: until which second
    HOLD_ENDED = 16  # value: seconds it lasted
    JOINED = 17  # is decided together with a held order; value: that order
    SHORT_PICKED = 18  # units of a line are missing; value: line
    REOPENED = 19  # a plan broke, the line is decided again; value: line
    LINE_CANCELLED = 20  # the customer lost patience; value: line
    ASKED_AGAIN = 21  # broken plans are decided again; value: number of lines
    RELEASE_DUE = 22  # parcel's presale date has come
    OUTAGE_STARTED = 23  # value: outage
    COLLECTION_CANCELLED = 24  # value: collection
    REGIME_CHANGED = 25  # hidden from routers; value: regime
    REORDERED = 26  # value: receipt
    PRICES_IN = 27  # solved bid prices come into force; value: second with whose state they were solved


(
    RECEIPT_ANNOUNCED,
    RECEIPT_ARRIVED,
    ORDER_ARRIVED,
    DECIDED,
    DECLINED,
    PLANNED,
    CLAIMED,
    RELEASED,
    PICK_STARTED,
    PICK_FINISHED,
    ROLLED_OVER,
    COLLECTED,
    DELIVERED,
    ORDER_CLOSED,
    HELD,
    HOLD_ENDED,
    JOINED,
    SHORT_PICKED,
    REOPENED,
    LINE_CANCELLED,
    ASKED_AGAIN,
    RELEASE_DUE,
    OUTAGE_STARTED,
    COLLECTION_CANCELLED,
    REGIME_CHANGED,
    REORDERED,
    PRICES_IN,
) = (int(kind) for kind in Kind)


@inlined
def log_event(hidden, time, kind, order, parcel, value):
    """Adds a row; warehouse and service are the parcel's (-1 without a parcel)."""
    counters = hidden.counters
    if counters[0]["log_level"] < EVENTS:
        return
    n = counters[0]["num_events"]
    rows = hidden.events
    if n == len(rows):
        counters[0]["has_overflown"] = 1
        return
    rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3], rows[n, 6] = time, kind, order, parcel, value
    rows[n, 4] = hidden.parcels[parcel]["warehouse"] if parcel >= 0 else -1
    rows[n, 5] = hidden.parcels[parcel]["service"] if parcel >= 0 else -1
    counters[0]["num_events"] = n + 1


@inlined
def book(hidden, time, decision_id, order, part, amount, is_settlement):
    """Books ``amount`` millicents (a zero is not booked)."""
    if amount == 0:
        return
    touch_order(hidden, order)
    hidden.totals[part] += amount
    hidden.order_costs[order, part] += amount
    counters = hidden.counters
    if counters[0]["log_level"] < LEDGER:
        return
    n = counters[0]["num_ledger_rows"]
    rows = hidden.ledger
    if n == len(rows):
        counters[0]["has_overflown"] = 1
        return
    rows[n, 0], rows[n, 1], rows[n, 2] = time, decision_id, order
    rows[n, 3], rows[n, 4], rows[n, 5] = part, is_settlement, amount
    counters[0]["num_ledger_rows"] = n + 1


def _table(rows: np.ndarray, columns: tuple[str, ...]) -> pa.Table:
    schema = pa.schema([pa.field(name, pa.int64(), nullable=False) for name in columns])
    return pa.Table.from_arrays([pa.array(rows[:, i].copy()) for i in range(len(columns))], schema=schema)


def event_table(hidden) -> pa.Table:
    """The event log so far."""
    return _table(hidden.events[: int(hidden.counters["num_events"][0])], EVENT_COLUMNS)


def ledger_table(hidden) -> pa.Table:
    """The ledger so far; ``part`` indexes ``envs.costs.COST_PARTS``."""
    return _table(hidden.ledger[: int(hidden.counters["num_ledger_rows"][0])], LEDGER_COLUMNS)
