"""A decision: the order is shown, plans are enumerated, one is carried out."""

from __future__ import annotations

from envs import features, log, picking, plans as plan_rules, receiving, stock
from envs.compiling import compiled
from envs.costs import HOUR, LATENESS, NUM_PARTS, WAITING
from envs.delivery import close_order
from envs.state import DECLINED, NONE


@compiled
def arrive(network, future, seen, hidden, order):
    """The order becomes visible: it is the one being asked, and demand counters know it."""
    rows, asked, now = future.orders, seen.order, seen.clock["now_seconds"][0]
    asked["order"][0] = order
    asked["region"][0] = rows["region"][order]
    asked["arrival_seconds"][0] = rows["arrival_seconds"][order]
    asked["promise_at"][0] = rows["promise_at"][order]
    asked["requirements"][0] = rows["requirements"][order]
    asked["num_lines"][0] = rows["num_lines"][order]
    asked["margin_millicents"][0] = 0
    first = rows["first_line"][order]
    for i in range(rows["num_lines"][order]):
        sku = future.lines["sku"][first + i]
        units = future.lines["units"][first + i]
        seen.lines["line"][i] = first + i
        seen.lines["sku"][i] = sku
        seen.lines["units"][i] = units
        seen.lines["grams"][i] = units * network.skus["grams"][sku]
        seen.lines["requirements"][i] = network.skus["requirements"][sku]
        seen.lines["ship_from_seconds"][i] = future.lines["ship_from_seconds"][first + i]
        asked["margin_millicents"][0] += future.lines["margin_millicents"][first + i]
    count_demand(seen)
    log.log_event(hidden, now, log.ORDER_ARRIVED, order, NONE, rows["promise_at"][order])


@compiled
def count_demand(seen):
    """Counts one order in the sliding hour."""
    clock = seen.clock
    hour = clock["now_seconds"][0] // HOUR
    if hour != clock["hour"][0]:
        is_next = hour == clock["hour"][0] + 1
        clock["orders_last_hour"][0] = clock["orders_this_hour"][0] if is_next else 0
        clock["orders_this_hour"][0] = 0
        clock["hour"][0] = hour
    clock["orders_this_hour"][0] += 1


@compiled
def ask(network, future, seen, hidden, plans, order):
    """An order arrives: enumerates its plans and, unless switched off, their features."""
    arrive(network, future, seen, hidden, order)
    plan_rules.enumerate_plans(network, seen, plans)
    if hidden.counters["is_describing"][0]:
        features.describe(network, seen, plans)


@compiled
def carry_out(network, future, seen, hidden, plans, slot):
    """Carries out the plan in ``slot`` for the asked order: books, allocates, releases or declines."""
    order, now = seen.order["order"][0], seen.clock["now_seconds"][0]
    decision_id = seen.clock["decision_id"][0]
    seen.clock["decision_id"][0] = decision_id + 1
    hidden.orders["decision_id"][order] = decision_id
    log.log_event(hidden, now, log.DECIDED, order, NONE, slot)
    for part in range(NUM_PARTS):
        log.book(hidden, now, decision_id, order, part, plans.costs[slot, part], 0)
    if plans.slots["is_decline"][slot]:
        log.log_event(hidden, now, log.DECLINED, order, NONE, decision_id)
        close_order(hidden, order, DECLINED, now)
        return
    for i in range(plans.slots["num_parcels"][slot]):
        parcel = _plan_parcel(seen, hidden, plans, plans.chosen[slot, i], decision_id)
        log.log_event(hidden, now, log.PLANNED, order, parcel, hidden.parcels["lines_mask"][parcel])
        receipt = hidden.parcels["receipt"][parcel]
        if receipt == NONE:
            _allocate(network, seen, hidden, parcel)
            receiving.release(network, seen, hidden, parcel)
        else:
            receiving.claim(seen, hidden, parcel, receipt)
            log.log_event(hidden, now, log.CLAIMED, order, parcel, receipt)


@compiled
def _plan_parcel(seen, hidden, plans, option, decision_id):
    """Creates the parcel of an option and returns its id."""
    row, parcels, order = plans.options, hidden.parcels, seen.order["order"][0]
    parcel = hidden.counters["num_parcels"][0]
    hidden.counters["num_parcels"][0] = parcel + 1
    parcels["order"][parcel] = order
    parcels["decision_id"][parcel] = decision_id
    parcels["warehouse"][parcel] = row["warehouse"][option]
    parcels["service"][parcel] = row["service"][option]
    parcels["receipt"][parcel] = row["receipt"][option]
    parcels["collection"][parcel] = NONE
    parcels["lines_mask"][parcel] = row["lines_mask"][option]
    parcels["num_lines"][parcel] = row["num_lines"][option]
    parcels["units"][parcel] = row["units"][option]
    parcels["grams"][parcel] = row["grams"][option]
    parcels["pick_seconds"][parcel] = row["pick_seconds"][option]
    parcels["carbon_milligrams"][parcel] = row["carbon_milligrams"][option]
    parcels["lateness_millicents"][parcel] = plans.option_costs[option, LATENESS]
    parcels["waiting_millicents"][parcel] = plans.option_costs[option, WAITING]
    parcels["quoted_at"][parcel] = row["quoted_at"][option]
    parcels["planned_at"][parcel] = seen.clock["now_seconds"][0]
    parcels["attempt"][parcel] = _num_alike(hidden, order, parcel)
    parcels["previous_of_order"][parcel] = hidden.orders["last_parcel"][order]
    hidden.orders["last_parcel"][order] = parcel
    return parcel


@compiled
def _num_alike(hidden, order, parcel):
    """Earlier parcels of the order from the same warehouse with the same service."""
    parcels = hidden.parcels
    count, other = 0, hidden.orders["last_parcel"][order]
    while other != NONE:
        count += (
            parcels["warehouse"][other] == parcels["warehouse"][parcel]
            and parcels["service"][other] == parcels["service"][parcel]
        )
        other = parcels["previous_of_order"][other]
    return count


@compiled
def _allocate(network, seen, hidden, parcel):
    warehouse, mask = hidden.parcels["warehouse"][parcel], hidden.parcels["lines_mask"][parcel]
    for line in range(seen.order["num_lines"][0]):
        if mask >> line & 1:
            stock.allocate(network, seen, warehouse, seen.lines["sku"][line], seen.lines["units"][line])


