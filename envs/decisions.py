"""A decision: the order is shown, plans are enumerated, one is carried out."""

from __future__ import annotations

from envs import features, log, receiving, stock
from envs import plans as plan_rules
from envs.compiling import compiled
from envs.costs import HOUR, LATENESS, NUM_PARTS, WAITING
from envs.delivery import close_order
from envs.state import DECLINED, NONE


@compiled
def arrive(network, future, seen, hidden, order):
    """The order becomes visible: it is the one being asked, and demand counters know it."""
    rows, asked, now = future.orders, seen.order, seen.clock[0]["now_seconds"]
    asked[0]["order"] = order
    asked[0]["region"] = rows[order]["region"]
    asked[0]["arrival_seconds"] = rows[order]["arrival_seconds"]
    asked[0]["promise_at"] = rows[order]["promise_at"]
    asked[0]["requirements"] = rows[order]["requirements"]
    asked[0]["num_lines"] = rows[order]["num_lines"]
    asked[0]["margin_millicents"] = 0
    asked[0]["num_orders"] = 1
    first = rows[order]["first_line"]
    for i in range(rows[order]["num_lines"]):
        sku = future.lines[first + i]["sku"]
        units = future.lines[first + i]["units"]
        seen.lines[i]["line"] = first + i
        seen.lines[i]["sku"] = sku
        seen.lines[i]["units"] = units
        seen.lines[i]["grams"] = units * network.skus[sku]["grams"]
        seen.lines[i]["requirements"] = network.skus[sku]["requirements"] | rows[order]["requirements"]
        seen.lines[i]["ship_from_seconds"] = future.lines[first + i]["ship_from_seconds"]
        seen.lines[i]["order"] = order
        seen.lines[i]["promise_at"] = rows[order]["promise_at"]
        asked[0]["margin_millicents"] += future.lines[first + i]["margin_millicents"]
    count_demand(seen)
    log.log_event(hidden, now, log.ORDER_ARRIVED, order, NONE, rows[order]["promise_at"])


@compiled
def count_demand(seen):
    """Counts one order in the sliding hour."""
    clock = seen.clock
    hour = clock[0]["now_seconds"] // HOUR
    if hour != clock[0]["hour"]:
        is_next = hour == clock[0]["hour"] + 1
        clock[0]["orders_last_hour"] = clock[0]["orders_this_hour"] if is_next else 0
        clock[0]["orders_this_hour"] = 0
        clock[0]["hour"] = hour
    clock[0]["orders_this_hour"] += 1


@compiled
def ask(network, future, seen, hidden, plans, order):
    """An order arrives: enumerates its plans and, unless switched off, their features."""
    arrive(network, future, seen, hidden, order)
    plan_rules.enumerate_plans(network, seen, plans)
    if hidden.counters[0]["is_describing"]:
        features.describe(network, seen, plans)


@compiled
def carry_out(network, seen, hidden, plans, slot):
    """Carries out the plan in ``slot`` for the asked order: books, allocates, releases or declines.

    Returns:
        Number of parcels released to pick queues; ``hidden.moved`` names them.
    """
    order, now = seen.order[0]["order"], seen.clock[0]["now_seconds"]
    decision_id = seen.clock[0]["decision_id"]
    seen.clock[0]["decision_id"] = decision_id + 1
    hidden.orders[order]["decision_id"] = decision_id
    log.log_event(hidden, now, log.DECIDED, order, NONE, slot)
    for part in range(NUM_PARTS):
        log.book(hidden, now, decision_id, order, part, plans.costs[slot, part], 0)
    if plans.slots[slot]["is_decline"]:
        log.log_event(hidden, now, log.DECLINED, order, NONE, decision_id)
        close_order(hidden, order, DECLINED, now)
        return 0
    num_released = 0
    for i in range(plans.slots[slot]["num_parcels"]):
        parcel = _plan_parcel(seen, hidden, plans, plans.chosen[slot, i], decision_id)
        log.log_event(hidden, now, log.PLANNED, order, parcel, hidden.parcels[parcel]["lines_mask"])
        receipt = hidden.parcels[parcel]["receipt"]
        if receipt == NONE:
            _allocate(network, seen, hidden, parcel)
            receiving.release(network, seen, hidden, parcel)
            hidden.moved[num_released] = parcel
            num_released += 1
        else:
            receiving.claim(seen, hidden, parcel, receipt)
            log.log_event(hidden, now, log.CLAIMED, order, parcel, receipt)
    return num_released


@compiled
def _plan_parcel(seen, hidden, plans, option, decision_id):
    """Creates the parcel of an option and returns its id."""
    row, parcels, order = plans.options, hidden.parcels, seen.order[0]["order"]
    parcel = hidden.counters[0]["num_parcels"]
    hidden.counters[0]["num_parcels"] = parcel + 1
    parcels[parcel]["order"] = order
    parcels[parcel]["decision_id"] = decision_id
    parcels[parcel]["warehouse"] = row[option]["warehouse"]
    parcels[parcel]["service"] = row[option]["service"]
    parcels[parcel]["receipt"] = row[option]["receipt"]
    parcels[parcel]["collection"] = NONE
    parcels[parcel]["lines_mask"] = row[option]["lines_mask"]
    parcels[parcel]["num_lines"] = row[option]["num_lines"]
    parcels[parcel]["units"] = row[option]["units"]
    parcels[parcel]["grams"] = row[option]["grams"]
    parcels[parcel]["pick_seconds"] = row[option]["pick_seconds"]
    parcels[parcel]["carbon_milligrams"] = row[option]["carbon_milligrams"]
    parcels[parcel]["lateness_millicents"] = plans.option_costs[option, LATENESS]
    parcels[parcel]["waiting_millicents"] = plans.option_costs[option, WAITING]
    parcels[parcel]["quoted_at"] = row[option]["quoted_at"]
    parcels[parcel]["planned_at"] = seen.clock[0]["now_seconds"]
    parcels[parcel]["attempt"] = _num_alike(hidden, order, parcel)
    parcels[parcel]["previous_of_order"] = hidden.orders[order]["last_parcel"]
    hidden.orders[order]["last_parcel"] = parcel
    return parcel


@compiled
def _num_alike(hidden, order, parcel):
    """Earlier parcels of the order from the same warehouse with the same service."""
    parcels = hidden.parcels
    count, other = 0, hidden.orders[order]["last_parcel"]
    while other != NONE:
        count += (
            parcels[other]["warehouse"] == parcels[parcel]["warehouse"]
            and parcels[other]["service"] == parcels[parcel]["service"]
        )
        other = parcels[other]["previous_of_order"]
    return count


@compiled
def _allocate(network, seen, hidden, parcel):
    warehouse, mask = hidden.parcels[parcel]["warehouse"], hidden.parcels[parcel]["lines_mask"]
    for line in range(seen.order[0]["num_lines"]):
        if mask >> line & 1:
            stock.allocate(network, seen, warehouse, seen.lines[line]["sku"], seen.lines[line]["units"])
