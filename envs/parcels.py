"""Parcels: which lines they hold, and what changes when a line leaves one before it was picked, or was not found."""

from __future__ import annotations

from envs import costs, log, stock
from envs.compiling import internal
from envs.hidden import CANCELLED, CLAIMED, DECLINED, DELIVERED, QUEUED, VOID
from envs.state import NONE
from envs.touched import RECEIPT, touch, touch_order


@internal
def promise_of(future, line):
    """Second until which a line is promised: its order's, later by as much as its presale date."""
    order = future.lines[line]["order"]
    later = future.lines[line]["ship_from_seconds"] - future.orders[order]["arrival_seconds"]
    return future.orders[order]["promise_at"] + max(0, later)


@internal
def waited_seconds(future, line, planned_at, until):
    """Seconds that a line waits for its goods; its own presale date is nobody's fault."""
    return max(0, until - max(planned_at, future.lines[line]["ship_from_seconds"]))


@internal
def drop_line(network, future, seen, hidden, parcel, line):
    """Takes a line out of its parcel and books what the parcel no longer costs, under the line's order.

    A parcel that was not yet picked needs less picking; what was picked is paid for.
    """
    parcels, now = hidden.parcels, seen.clock[0]["now_seconds"]
    order, decision_id = future.lines[line]["order"], parcels[parcel]["decision_id"]
    touch_order(hidden, order)
    touch_order(hidden, parcels[parcel]["order"])
    _unlink(hidden, parcel, line)
    warehouse, service = parcels[parcel]["warehouse"], parcels[parcel]["service"]
    before, sku, units = parcels[parcel]["grams"], future.lines[line]["sku"], future.lines[line]["units"]
    grams = before - units * network.skus[sku]["grams"]
    parcels[parcel]["grams"] = grams
    parcels[parcel]["units"] -= units
    parcels[parcel]["num_lines"] -= 1
    hidden.counters[0]["num_waiting_lines"] -= 1
    num_lines, is_left = parcels[parcel]["num_lines"], parcels[parcel]["num_lines"] > 0
    region = future.orders[parcels[parcel]["order"]]["region"]
    rate_row, km = (
        network.lanes[warehouse, service, region]["rate_row"],
        network.lanes[warehouse, service, region]["distance_km"],
    )
    saved = costs.shipping_price(network.rates, rate_row, before) - (
        costs.shipping_price(network.rates, rate_row, grams) if is_left else 0
    )
    log.book(hidden, now, decision_id, order, costs.SHIPPING, -saved, 1)
    saved = costs.packaging(network.settings, before) - (costs.packaging(network.settings, grams) if is_left else 0)
    log.book(hidden, now, decision_id, order, costs.PACKAGING, -saved, 1)
    carbon = costs.carbon_milligrams(network.services, service, grams, km) if is_left else 0
    saved = costs.carbon_price(network.settings, parcels[parcel]["carbon_milligrams"])
    saved -= costs.carbon_price(network.settings, carbon)
    log.book(hidden, now, decision_id, order, costs.CARBON, -saved, 1)
    parcels[parcel]["carbon_milligrams"] = carbon
    if parcels[parcel]["stage"] <= QUEUED:
        saved = network.warehouses[warehouse]["line_millicents"]
        saved += 0 if is_left else network.warehouses[warehouse]["parcel_millicents"]
        log.book(hidden, now, decision_id, order, costs.HANDLING, -saved, 1)
        parcels[parcel]["pick_seconds"] = costs.expected_pick_seconds(
            network, warehouse, num_lines, parcels[parcel]["units"]
        )
    log.book(hidden, now, decision_id, order, costs.LATENESS, -hidden.lines[line]["lateness_millicents"], 1)
    if parcels[parcel]["stage"] < QUEUED:
        settle_waiting(network, future, seen, hidden, parcel, line)


@internal
def _unlink(hidden, parcel, line):
    lines = hidden.lines
    if hidden.parcels[parcel]["first_line"] == line:
        hidden.parcels[parcel]["first_line"] = lines[line]["next_line"]
    else:
        before = hidden.parcels[parcel]["first_line"]
        while lines[before]["next_line"] != line:
            before = lines[before]["next_line"]
        lines[before]["next_line"] = lines[line]["next_line"]
    lines[line]["parcel"], lines[line]["next_line"] = NONE, NONE


@internal
def settle_waiting(network, future, seen, hidden, parcel, line):
    """Books how long a line has really waited for its goods, less what was expected."""
    now = seen.clock[0]["now_seconds"]
    waited = waited_seconds(future, line, hidden.parcels[parcel]["planned_at"], now)
    difference = costs.waiting(network.settings, waited) - hidden.lines[line]["waiting_millicents"]
    decision_id, order = hidden.parcels[parcel]["decision_id"], future.lines[line]["order"]
    touch_order(hidden, order)
    log.book(hidden, now, decision_id, order, costs.WAITING, difference, 1)
    hidden.lines[line]["waiting_millicents"] = 0


@internal
def remove_line(network, future, seen, hidden, parcel, line):
    """Takes a line out of a parcel whose pick has not started; its goods are for sale again.

    An empty parcel leaves the queue or claim list in which it waits and gives its booking back.
    """
    parcels, stage = hidden.parcels, hidden.parcels[parcel]["stage"]
    warehouse, units = parcels[parcel]["warehouse"], future.lines[line]["units"]
    if stage == CLAIMED:
        touch(hidden, RECEIPT, parcels[parcel]["receipt"])
        seen.receipts[parcels[parcel]["receipt"]]["claimed_units"] -= units
    else:
        stock.deallocate(network, seen, hidden, warehouse, future.lines[line]["sku"], units)
    if stage == QUEUED:
        seen.stations[warehouse]["queued_seconds"] -= parcels[parcel]["pick_seconds"]
    drop_line(network, future, seen, hidden, parcel, line)
    if parcels[parcel]["num_lines"] > 0:
        if stage == QUEUED:
            seen.stations[warehouse]["queued_seconds"] += parcels[parcel]["pick_seconds"]
        return
    if stage == QUEUED:
        seen.stations[warehouse]["num_queued"] -= 1
        _leave(hidden, hidden.queues, warehouse, parcel)
    elif stage == CLAIMED:
        _leave(hidden, hidden.claims, parcels[parcel]["receipt"], parcel)
    void(seen, hidden, parcel)


@internal
def void(seen, hidden, parcel):
    """A parcel has lost all its lines."""
    parcels = hidden.parcels
    touch_order(hidden, parcels[parcel]["order"])
    parcels[parcel]["stage"] = VOID
    if parcels[parcel]["collection"] != NONE:
        seen.bookings[parcels[parcel]["collection"]]["booked_parcels"] -= 1


@internal
def _leave(hidden, lists, place, parcel):
    """Unlinks a parcel from the list ``lists[place]``."""
    parcels = hidden.parcels
    before, following = NONE, parcels[parcel]["next_parcel"]
    if lists[place]["first_parcel"] == parcel:
        lists[place]["first_parcel"] = following
    else:
        before = lists[place]["first_parcel"]
        while parcels[before]["next_parcel"] != parcel:
            before = parcels[before]["next_parcel"]
        touch_order(hidden, parcels[before]["order"])
        parcels[before]["next_parcel"] = following
    if following == NONE:
        lists[place]["last_parcel"] = before


@internal
def reopen_line(network, future, seen, hidden, parcel, line):
    """A plan broke: a line of an unstarted parcel is to be decided again."""
    remove_line(network, future, seen, hidden, parcel, line)
    break_plan(future, seen, hidden, parcel, line)


@internal
def break_plan(future, seen, hidden, parcel, line):
    """Notes that a line without a parcel is to be decided again, with all that broke in this second."""
    order = future.lines[line]["order"]
    log.log_event(hidden, seen.clock[0]["now_seconds"], log.REOPENED, order, parcel, line)
    group = hidden.orders[order]["first_of_group"]
    if not hidden.orders[group]["is_broken"]:
        touch_order(hidden, group)
        hidden.orders[group]["is_broken"] = 1
        hidden.broken[hidden.counters[0]["num_broken"]] = group
        hidden.counters[0]["num_broken"] += 1


@internal
def withdraw(network, future, seen, hidden, parcel):
    """All lines of an unstarted parcel are to be decided again."""
    while hidden.parcels[parcel]["num_lines"] > 0:
        reopen_line(network, future, seen, hidden, parcel, hidden.parcels[parcel]["first_line"])


@internal
def end_line(future, hidden, line, status, now):
    """A line is delivered, declined or cancelled; the last one closes its order."""
    order = future.lines[line]["order"]
    rows = hidden.orders
    touch_order(hidden, order)
    hidden.lines[line]["status"] = status
    rows[order]["num_open_lines"] -= 1
    if status == DECLINED:
        rows[order]["num_declined_lines"] += 1
    elif status == CANCELLED:
        rows[order]["num_cancelled_lines"] += 1
    if rows[order]["num_open_lines"] > 0:
        return
    rows[order]["status"] = DELIVERED
    if rows[order]["num_cancelled_lines"] > 0:
        rows[order]["status"] = CANCELLED
    elif rows[order]["num_declined_lines"] > 0:
        rows[order]["status"] = DECLINED
    rows[order]["ended_at"] = now
    hidden.counters[0]["num_open_orders"] -= 1
    log.log_event(hidden, now, log.ORDER_CLOSED, order, -1, rows[order]["num_parcels"])
