"""Holds: an order waits for company before it is decided; a new order of the same customer and address joins it."""

from __future__ import annotations

from envs import costs, log
from envs.compiling import internal
from envs.hidden import OPEN
from envs.state import MAX_LINES, NONE
from envs.touched import touch_order


@internal
def is_undecided(hidden, line):
    """Whether a line waits for a decision."""
    return hidden.lines[line]["status"] == OPEN and hidden.lines[line]["parcel"] == NONE


@internal
def num_undecided(future, hidden, order):
    """Lines of one order that wait for a decision."""
    count, first = 0, future.orders[order]["first_line"]
    for line in range(first, first + future.orders[order]["num_lines"]):
        count += is_undecided(hidden, line)
    return count


@internal
def hold(seen, hidden, group, seconds):
    """Holds a group of orders; waiting is booked as if nobody joined it."""
    rows, now = hidden.orders, seen.clock[0]["now_seconds"]
    touch_order(hidden, group)
    rows[group]["num_holds"] += 1
    rows[group]["held_since"] = now
    rows[group]["hold_until"] = now + seconds
    log.log_event(hidden, now, log.HELD, group, NONE, now + seconds)


@internal
def end_hold(network, future, seen, hidden, group):
    """The hold is over; what it has really cost is settled."""
    rows, now = hidden.orders, seen.clock[0]["now_seconds"]
    lasted = now - rows[group]["held_since"]
    order = group
    while order != NONE:
        settle_hold(network, seen, hidden, group, order, num_undecided(future, hidden, order))
        order = rows[order]["next_in_group"]
    touch_order(hidden, group)
    rows[group]["held_seconds"] += lasted
    rows[group]["held_since"], rows[group]["hold_until"] = NONE, NONE
    log.log_event(hidden, now, log.HOLD_ENDED, group, NONE, lasted)


@internal
def settle_hold(network, seen, hidden, group, order, num_lines):
    """Books what waiting in a hold has really cost some lines of an order, less what was expected."""
    rows, now = hidden.orders, seen.clock[0]["now_seconds"]
    since, until = rows[group]["held_since"], rows[group]["hold_until"]
    difference = costs.waiting(network.settings, now - since) - costs.waiting(network.settings, until - since)
    log.book(hidden, now, rows[order]["decision_id"], order, costs.WAITING, num_lines * difference, 1)


@internal
def join(network, future, seen, hidden, order):
    """A new order joins the customer's order that is held; one that repeats a SKU of it, or is too long, does not.

    Nor does it join an order that was cancelled while it was held.

    Returns:
        First order of the group to be decided: ``order`` itself if nothing is held.
    """
    rows, previous = hidden.orders, hidden.orders[order]["previous_order"]
    if previous == NONE:
        return order
    group = rows[previous]["first_of_group"]
    if rows[group]["hold_until"] == NONE or not _fits(future, hidden, group, order):
        return order
    end_hold(network, future, seen, hidden, group)
    for changed in (order, group, rows[group]["last_in_group"]):
        touch_order(hidden, changed)
    rows[order]["first_of_group"] = group
    rows[rows[group]["last_in_group"]]["next_in_group"] = order
    rows[group]["last_in_group"] = order
    log.log_event(hidden, seen.clock[0]["now_seconds"], log.JOINED, order, NONE, group)
    return group


@internal
def _fits(future, hidden, group, order):
    count = future.orders[order]["num_lines"]
    own = future.orders[order]["first_line"]
    other = group
    while other != NONE:
        first = future.orders[other]["first_line"]
        for line in range(first, first + future.orders[other]["num_lines"]):
            if is_undecided(hidden, line):
                count += 1
                for mine in range(own, own + future.orders[order]["num_lines"]):
                    if future.lines[mine]["sku"] == future.lines[line]["sku"]:
                        return False
        other = hidden.orders[other]["next_in_group"]
    return future.orders[order]["num_lines"] < count <= MAX_LINES
