"""What is due in a fork on a tail: the agenda of its world without the future, and that of the tail."""

from __future__ import annotations

from envs import ranks
from envs.agenda import event, key_of, put_in_order
from envs.borrowing import borrowed
from envs.compiling import internal
from envs.hidden import LATER
from envs.redraw import (
    journey_ends,
    patience_ends,
    pick_ends,
    receipt_comes,
    reorder_comes,
    speaks_for_order,
)
from envs.splice import num_known
from envs.state import NONE
from scenarios.network import FOREVER_SECONDS


@internal
def fill(source, target, own, tail):
    """Fills the agenda of the fork.

    Args:
        source: handle of the world.
        target: handle of the fork, into which all else has been copied and spliced.
        own: see ``envs.own_future.OwnFuture``.
        tail: see ``envs.tail.Tail``.

    Returns:
        How many announced receipts the tail contradicts.
    """
    network, future = borrowed(target.network), borrowed(target.future)
    seen, hidden, due = borrowed(target.seen), borrowed(target.hidden), borrowed(target.agenda)
    kept = borrowed(source.hidden)
    now, agenda = seen.clock[0]["now_seconds"], borrowed(source.agenda)
    first_receipt = len(hidden.arrivals) - len(future.receipts)
    is_redrawn, num_wrong = tail.rules[0]["salt"] != 0, 0
    due.size[0] = 0
    for i in range(agenda.size[0]):
        time, rank, entity = event(agenda.keys[i])
        if rank == ranks.DELIVERY:
            if is_redrawn:
                time = journey_ends(network, future, hidden, own, entity, now)
        elif rank == ranks.PICK_FINISHED:
            if is_redrawn:
                time = pick_ends(network, future, hidden, entity, now)
            else:
                hidden.parcels[entity]["ready_at"] = time
        elif rank == ranks.RECEIPT_ARRIVED:
            if not seen.receipts[entity]["is_open"]:
                continue
            if entity >= first_receipt:
                time = receipt_comes(hidden, tail, entity, entity - first_receipt, now)
                num_wrong += time < 0
            elif is_redrawn:
                time = reorder_comes(network, future, hidden, entity, now)
            else:
                hidden.arrivals[entity]["actual_at"] = kept.arrivals[entity]["actual_at"]
        elif (
            rank == ranks.RECEIPT_ANNOUNCED
            or rank == ranks.OUTAGE
            or rank == ranks.REGIME
            or rank == ranks.ORDER_ARRIVED
            or (is_redrawn and rank == ranks.IMPATIENCE)
        ):
            continue
        _add(hidden, due, time, rank, entity)
    if is_redrawn:
        for warehouse in range(len(network.warehouses)):
            _ask_list(future, seen, hidden, due, tail, hidden.queues[warehouse]["first_parcel"])
        for i in range(seen.order[0]["num_lines"]):
            _ask_line(future, seen, hidden, due, tail, seen.lines[i]["line"])
        for i in range(agenda.size[0]):
            _, rank, entity = event(agenda.keys[i])
            _ask_about(future, seen, hidden, due, tail, rank, entity)
    _add_tail(future, hidden, due, tail, num_known(future, hidden, now), now)
    put_in_order(due)
    return num_wrong


@internal
def _add(hidden, due, time, rank, entity):
    """An event, unless it is beyond the horizon; in any order."""
    if time <= hidden.counters[0]["until_seconds"]:
        due.keys[due.size[0]] = key_of(time, rank, entity)
        due.size[0] += 1


@internal
def _add_tail(future, hidden, due, tail, known, now):
    """What the tail brings; of orders the first, which calls the next."""
    count = hidden.counters[0]["num_arrived"]
    if count < hidden.counters[0]["num_orders"]:
        _add(hidden, due, future.orders[count]["arrival_seconds"], ranks.ORDER_ARRIVED, count)
    for i in range(len(tail.receipts)):
        if tail.receipts[i]["announced_at"] > now:
            _add(hidden, due, tail.receipts[i]["announced_at"], ranks.RECEIPT_ANNOUNCED, known)
            _add(hidden, due, tail.receipts[i]["actual_at"], ranks.RECEIPT_ARRIVED, known)
            known += 1
    for i in range(len(tail.outages)):
        if tail.outages[i]["starts_at"] > now:
            _add(hidden, due, tail.outages[i]["starts_at"], ranks.OUTAGE, i)
    for i in range(len(tail.regimes)):
        if tail.regimes[i]["starts_at"] > now:
            _add(hidden, due, tail.regimes[i]["starts_at"], ranks.REGIME, i)


@internal
def _ask_about(future, seen, hidden, due, tail, rank, entity):
    """New patience for the customers of lines that wait for an event and may still be cancelled."""
    if rank == ranks.RECEIPT_ARRIVED:
        if seen.receipts[entity]["is_open"]:
            _ask_list(future, seen, hidden, due, tail, hidden.claims[entity]["first_parcel"])
    elif rank == ranks.PICK_FINISHED or (rank == ranks.RELEASE_DUE and hidden.parcels[entity]["stage"] == LATER):
        _ask_parcel(future, seen, hidden, due, tail, entity)
    elif rank == ranks.HOLD_ENDED or rank == ranks.PLAN_BROKE:
        order = entity
        while order != NONE:
            first = future.orders[order]["first_line"]
            for line in range(first, first + future.orders[order]["num_lines"]):
                if hidden.lines[line]["parcel"] == NONE:
                    _ask_line(future, seen, hidden, due, tail, line)
            order = hidden.orders[order]["next_in_group"]


@internal
def _ask_list(future, seen, hidden, due, tail, parcel):
    """Parcels of a queue or of a claim list."""
    while parcel != NONE:
        _ask_parcel(future, seen, hidden, due, tail, parcel)
        parcel = hidden.parcels[parcel]["next_parcel"]


@internal
def _ask_parcel(future, seen, hidden, due, tail, parcel):
    line = hidden.parcels[parcel]["first_line"]
    while line != NONE:
        _ask_line(future, seen, hidden, due, tail, line)
        line = hidden.lines[line]["next_line"]


@internal
def _ask_line(future, seen, hidden, due, tail, line):
    if speaks_for_order(future, hidden, line):
        order = future.lines[line]["order"]
        time = patience_ends(future, hidden, tail, order, seen.clock[0]["now_seconds"])
        if time < FOREVER_SECONDS:
            _add(hidden, due, time, ranks.IMPATIENCE, order)
