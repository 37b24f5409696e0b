"""Company: whose orders may join those that are held when a fork goes on on a tail.

The customers of a tail are those of the world, if it is the rest of its trace, or strangers, if it is a forecast. A
forecast cannot name who will order again, but it knows from the past how often customers do, and how soon. So
each customer who is asked about or is held draws when he comes again, given how long he has not; the next order of
the tail then is his. Over tails that are sampled together his draws are spread evenly, one in each part of the
distribution, because few of them have to tell a chance of a few in a hundred.

Source: stratified sampling, Glasserman 2004, "Monte Carlo Methods in Financial Engineering", section 4.3.
"""

from __future__ import annotations

import numpy as np

from envs.agenda import event
from envs.compiling import internal
from envs.luck import mix
from envs.ranks import HOLD_ENDED
from envs.state import MAX_HOLD_SECONDS, NONE
from scenarios.network import FOREVER_SECONDS

_HALF = np.uint64(32)


@internal
def link_customers(seen, hidden, agenda, own, others, tail):
    """Orders of the tail come after those of the same customer that are held, or that may be from now on.

    Args:
        seen: of the world.
        hidden: likewise.
        agenda: likewise.
        own: future of the fork, with the tail in it.
        others: hidden state of the fork.
        tail: see ``envs.tail.Tail``.
    """
    now = seen.clock[0]["now_seconds"]
    _link_group(hidden, own, others, tail, hidden.orders[seen.order[0]["order"]]["first_of_group"], now)
    for i in range(agenda.size[0]):
        time, rank, group = event(agenda.keys[i])
        if rank == HOLD_ENDED and hidden.orders[group]["hold_until"] == time:
            _link_group(hidden, own, others, tail, group, now)


@internal
def _link_group(hidden, own, others, tail, group, now):
    if tail.gaps.shape[1] > 0:
        _draw_company(hidden, own, others, tail, group, now)
    else:
        _find_company(hidden, own, others, group)


@internal
def _find_company(hidden, own, others, group):
    """Orders of the tail by the same customer to the same region."""
    rows, count, member = own.orders, hidden.counters[0]["num_arrived"], group
    latest = rows[count - 1]["arrival_seconds"] + MAX_HOLD_SECONDS
    while member != NONE:
        customer, region = rows[member]["customer_id"], rows[member]["region"]
        for order in range(count, others.counters[0]["num_orders"]):
            if rows[order]["arrival_seconds"] > latest:
                break
            if (
                rows[order]["customer_id"] == customer
                and rows[order]["region"] == region
                and others.orders[order]["previous_order"] < count
            ):
                previous = member
                for other in range(member + 1, count):
                    if rows[other]["customer_id"] == customer and rows[other]["region"] == region:
                        previous = other
                others.orders[order]["previous_order"] = previous
        member = hidden.orders[member]["next_in_group"]


@internal
def _draw_company(hidden, own, others, tail, group, now):
    """The next order of the tail from when the customer comes again is his, if he does while he may be held.

    Where that order is another customer's already, who comes later, that one has the next but one.
    """
    rows, count, last = own.orders, hidden.counters[0]["num_arrived"], others.counters[0]["num_orders"]
    latest = hidden.orders[group]["last_in_group"]
    comes_at = _comes_again_at(hidden, own, tail, latest, now)
    if comes_at > now + MAX_HOLD_SECONDS:
        return
    for order in range(count, last):
        if rows[order]["arrival_seconds"] >= comes_at:
            before, arrival_at = others.orders[order]["previous_order"], rows[order]["arrival_seconds"]
            rows[order]["arrival_seconds"] = comes_at
            rows[order]["customer_id"], rows[order]["region"] = rows[latest]["customer_id"], rows[latest]["region"]
            others.orders[order]["previous_order"] = latest
            if not 0 <= before < count:
                _forget_company(rows, others, order, last)
                return
            latest, comes_at = before, arrival_at


@internal
def _forget_company(rows, others, order, last):
    """Whoever was to order again after an order of the tail has another one before him now."""
    for other in range(order + 1, last):
        if rows[other]["arrival_seconds"] > rows[order]["arrival_seconds"] + MAX_HOLD_SECONDS:
            break
        if others.orders[other]["previous_order"] == order:
            others.orders[other]["previous_order"] = NONE


@internal
def _comes_again_at(hidden, own, tail, latest, now):
    """When the customer of an order comes again, later than now; FOREVER_SECONDS for never."""
    row = 0 if hidden.orders[latest]["previous_order"] == NONE else 1
    arrived_at, size, first = own.orders[latest]["arrival_seconds"], tail.gaps.shape[1], 0
    while first < size and arrived_at + tail.gaps[row, first] <= now:
        first += 1
    if first == size:
        return FOREVER_SECONDS
    chance = mix(mix(np.uint64(latest)) ^ np.uint64(arrived_at))
    within, num_places = np.int64(chance >> _HALF), tail.rules[0]["num_places"]
    place = (tail.rules[0]["place"] + np.int64(chance % np.uint64(num_places))) % num_places
    share = ((place << 32) + within) // num_places
    gap = tail.gaps[row, first + (share * (size - first) >> 32)]
    return FOREVER_SECONDS if gap >= FOREVER_SECONDS else arrived_at + gap
