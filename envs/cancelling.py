"""Impatience: customers cancel what nobody has begun to pick."""

from __future__ import annotations

from envs import costs, holding, log, parcels
from envs.compiling import internal
from envs.hidden import CANCELLED, OPEN, QUEUED
from envs.state import NONE


@internal
def lose_patience(network, future, seen, hidden, order):
    """Cancels the lines of an order that wait: undecided, for a receipt, or in a pick queue.

    Presale lines are exempt: their customers knew the date.
    """
    now, rows, group = seen.clock[0]["now_seconds"], hidden.lines, hidden.orders[order]["first_of_group"]
    first = future.orders[order]["first_line"]
    for line in range(first, first + future.orders[order]["num_lines"]):
        if (
            rows[line]["status"] != OPEN
            or future.lines[line]["ship_from_seconds"] > future.orders[order]["arrival_seconds"]
        ):
            continue
        parcel = rows[line]["parcel"]
        if parcel == NONE:
            if hidden.orders[group]["hold_until"] != NONE:
                holding.settle_hold(network, seen, hidden, group, order, 1)
        elif hidden.parcels[parcel]["stage"] <= QUEUED:
            parcels.remove_line(network, future, seen, hidden, parcel, line)
        else:
            continue
        log.log_event(hidden, now, log.LINE_CANCELLED, order, parcel, line)
        margin = future.lines[line]["margin_millicents"]
        log.book(hidden, now, hidden.orders[order]["decision_id"], order, costs.LOST_MARGIN, margin, 1)
        parcels.end_line(future, hidden, line, CANCELLED, now)
