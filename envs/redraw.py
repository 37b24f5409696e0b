"""Other luck for what is under way in a fork on a tail: picks, journeys, goods that were ordered, customers who wait.

Whatever it is, it does not end before the next second: that it has not ended by now has been seen.
"""

from __future__ import annotations

import numpy as np

from envs import delivery, luck, picking, reordering
from envs.compiling import internal
from envs.hidden import OPEN, PICKING
from envs.state import NONE
from scenarios.network import FOREVER_SECONDS

_HALF = np.uint64(32)


@internal
def pick_ends(network, future, hidden, parcel, now):
    """When a pick under way is finished."""
    rows = hidden.parcels
    seconds = picking.realised_seconds(network, future, hidden, parcel)
    rows[parcel]["ready_at"] = max(now + 1, rows[parcel]["started_at"] + seconds)
    return rows[parcel]["ready_at"]


@internal
def forget_journeys(own, hidden, is_far):
    """What was drawn with another salt, in other weather or for another world is to be drawn again.

    Thousands of parcels are under way, so that drawing takes longer than all else; with the same salt it is done once.
    """
    is_other = is_far or own.drawn_with[0] != hidden.counters[0]["luck_salt"]
    for service in range(len(hidden.weather)):
        is_other = is_other or own.drawn_with[1 + service] != hidden.weather[service]["transit_permille"]
    if is_other:
        own.journeys[:] = 0
        own.drawn_with[0] = hidden.counters[0]["luck_salt"]
        for service in range(len(hidden.weather)):
            own.drawn_with[1 + service] = hidden.weather[service]["transit_permille"]


@internal
def journey_ends(network, future, hidden, own, parcel, now):
    """When a parcel on its way is delivered, as if it had travelled in the weather of now all the time."""
    if own.journeys[parcel] == 0:
        rows = hidden.parcels
        permille = hidden.weather[rows[parcel]["service"]]["transit_permille"]
        seconds = delivery.transit_seconds(network, future, hidden, parcel, permille)
        own.journeys[parcel] = rows[parcel]["departed_at"] + seconds
    return max(now + 1, own.journeys[parcel])


@internal
def reorder_comes(network, future, hidden, receipt, now):
    """When goods arrive that were ordered at a review."""
    row = hidden.arrivals
    ordered_at = row[receipt]["announced_at"]
    seconds = reordering.lead_seconds(network, future, row[receipt]["warehouse"], row[receipt]["sku"], ordered_at)
    row[receipt]["actual_at"] = max(now + 1, ordered_at + seconds)
    return row[receipt]["actual_at"]


@internal
def receipt_comes(hidden, tail, receipt, number, now):
    """When an announced receipt arrives, and with how much: as the tail has it, or as announced if that has no word.

    Args:
        hidden: of the fork.
        tail: see ``envs.tail.Tail``.
        receipt: row of ``hidden.arrivals``.
        number: of the receipt among those of the trace.
        now: second.

    Returns:
        Second; negative if the tail's receipt of that number is another one.
    """
    row = hidden.arrivals
    actual_at, units = row[receipt]["expected_at"], row[receipt]["expected_units"]
    if number < len(tail.outcomes):
        if not _is_same(tail.outcomes[number], row[receipt]):
            return -1
        actual_at, units = tail.outcomes[number]["actual_at"], tail.outcomes[number]["actual_units"]
    elif number - len(tail.outcomes) < len(tail.receipts):
        other = tail.receipts[number - len(tail.outcomes)]
        if _is_same(other, row[receipt]):
            actual_at, units = other["actual_at"], other["actual_units"]
    row[receipt]["actual_at"], row[receipt]["actual_units"] = max(now + 1, actual_at), units
    return row[receipt]["actual_at"]


@internal
def _is_same(one, other):
    return (
        one["warehouse"] == other["warehouse"]
        and one["sku"] == other["sku"]
        and one["announced_at"] == other["announced_at"]
        and one["expected_at"] == other["expected_at"]
        and one["expected_units"] == other["expected_units"]
    )


@internal
def patience_ends(future, hidden, tail, order, now):
    """When a customer who has waited until now loses patience: that of the first from a place by luck who waits longer.

    Returns:
        Second, later than now; FOREVER_SECONDS for never.
    """
    size, arrived_at = len(tail.patience), future.orders[order]["arrival_seconds"]
    if size > 0:
        key = luck.luck(luck.key_of(future, hidden, order), luck.PATIENCE, 0, 0, 0) >> _HALF
        for i in range(size):
            seconds = tail.patience[(np.int64(key) + i) % size]
            if seconds >= FOREVER_SECONDS:
                break
            if arrived_at + seconds > now:
                return arrived_at + seconds
    return FOREVER_SECONDS


@internal
def speaks_for_order(future, hidden, line):
    """Whether a line may still be cancelled, first of its order, whose customer has not lost patience yet."""
    order = future.lines[line]["order"]
    if hidden.orders[order]["num_cancelled_lines"] > 0:
        return False
    for other in range(future.orders[order]["first_line"], line):
        if _may_be_cancelled(hidden, other):
            return False
    return _may_be_cancelled(hidden, line)


@internal
def _may_be_cancelled(hidden, line):
    """Nobody has begun to pick it, or it may yet be found short."""
    parcel = hidden.lines[line]["parcel"]
    return hidden.lines[line]["status"] == OPEN and (parcel == NONE or hidden.parcels[parcel]["stage"] <= PICKING)
