"""A decision: lines are shown, plans are enumerated, one is carried out."""

from __future__ import annotations

from envs import costs, demand, features, holding, log, parcels, prices, receiving, stock, tables
from envs import plans as plan_rules
from envs.compiling import internal
from envs.costs import LATENESS, LOST_MARGIN, NUM_PARTS, WAITING
from envs.hidden import CLAIMED, DECLINED, LATER
from envs.state import NONE
from envs.touched import touch_order


@internal
def arrive(network, future, seen, hidden, order):
    """An order arrives, perhaps joins one that is held, and is shown."""
    demand.count(future, seen, order)
    hidden.counters[0]["num_arrived"] = order + 1
    now = seen.clock[0]["now_seconds"]
    log.log_event(hidden, now, log.ORDER_ARRIVED, order, NONE, future.orders[order]["promise_at"])
    show(network, future, seen, hidden, holding.join(network, future, seen, hidden, order), 0)


@internal
def end_hold(network, future, seen, hidden, group):
    """A hold has lasted as long as it should, unless a new order ended it before.

    Returns:
        True if a decision is due.
    """
    if hidden.orders[group]["hold_until"] != seen.clock[0]["now_seconds"]:
        return False
    holding.end_hold(network, future, seen, hidden, group)
    return show(network, future, seen, hidden, group, 0)


@internal
def ask_again(network, future, seen, hidden, group):
    """Plans of a group broke in this second.

    Returns:
        True if a decision is due; the lines may have been cancelled since.
    """
    touch_order(hidden, group)
    hidden.orders[group]["is_broken"] = 0
    if not show(network, future, seen, hidden, group, 1):
        return False
    hidden.orders[group]["num_reroutes"] += 1
    now, num_lines = seen.clock[0]["now_seconds"], seen.order[0]["num_lines"]
    log.log_event(hidden, now, log.ASKED_AGAIN, seen.order[0]["order"], NONE, num_lines)
    return True


@internal
def make_table(network, seen, hidden, plans):
    """Enumerates the plans of a decision that is due and, unless switched off, their features.

    A rule that decides inside the loop has its own best plan made, alone. Clocks call this last, so that the rest of
    their rules is compiled without it.
    """
    prices.fall_back(network, seen, hidden)
    if hidden.counters[0]["own_rule"] != NONE:
        plan_rules.best_plan(network, seen, plans, hidden.counters[0]["own_rule"])
        return
    plan_rules.enumerate_plans(network, seen, plans)
    if hidden.counters[0]["is_describing"]:
        features.describe(network, seen, plans)


@internal
def show(network, future, seen, hidden, group, is_again):
    """Makes the undecided lines of a group visible, order by order.

    Returns:
        True if a decision is due, False if no line is undecided.
    """
    demand.turn(seen)
    rows, asked, shown = future.orders, seen.order, seen.lines
    count, num_orders, order, margin = 0, 0, group, 0
    while order != NONE:
        first, before = rows[order]["first_line"], count
        for line in range(first, first + rows[order]["num_lines"]):
            if not holding.is_undecided(hidden, line):
                continue
            sku, units = future.lines[line]["sku"], future.lines[line]["units"]
            promise_at = parcels.promise_of(future, line)
            if count == 0:
                asked[0]["order"], asked[0]["promise_at"], asked[0]["requirements"] = order, promise_at, 0
            asked[0]["promise_at"] = min(asked[0]["promise_at"], promise_at)
            shown[count]["line"], shown[count]["order"], shown[count]["promise_at"] = line, order, promise_at
            shown[count]["sku"], shown[count]["units"] = sku, units
            shown[count]["grams"] = units * network.skus[sku]["grams"]
            shown[count]["requirements"] = network.skus[sku]["requirements"] | rows[order]["requirements"]
            shown[count]["ship_from_seconds"] = future.lines[line]["ship_from_seconds"]
            margin += future.lines[line]["margin_millicents"]
            count += 1
        if count > before:
            num_orders += 1
            asked[0]["requirements"] |= rows[order]["requirements"]
        order = hidden.orders[order]["next_in_group"]
    if count == 0:
        return False
    asked[0]["region"] = rows[asked[0]["order"]]["region"]
    asked[0]["arrival_seconds"] = rows[asked[0]["order"]]["arrival_seconds"]
    asked[0]["num_lines"], asked[0]["num_orders"], asked[0]["margin_millicents"] = count, num_orders, margin
    asked[0]["num_holds"] = hidden.orders[group]["num_holds"]
    asked[0]["held_seconds"] = hidden.orders[group]["held_seconds"]
    asked[0]["is_again"] = is_again
    return True


@internal
def carry_out(network, future, seen, hidden, plans, slot):
    """Carries out the plan in ``slot``: books, allocates, releases, claims, holds or declines.

    Returns:
        Number of parcels that queue or wait for their presale date; ``hidden.moved`` names them.
    """
    order, now = seen.order[0]["order"], seen.clock[0]["now_seconds"]
    decision_id, count = seen.clock[0]["decision_id"], seen.order[0]["num_lines"]
    seen.clock[0]["decision_id"] = decision_id + 1
    expected = 0
    for part in range(NUM_PARTS):
        expected += plans.costs[slot, part]
    log.log_event(hidden, now, log.DECIDED, order, NONE, expected)
    for i in range(count):
        touch_order(hidden, seen.lines[i]["order"])
        hidden.orders[seen.lines[i]["order"]]["decision_id"] = decision_id
    if seen.order[0]["num_orders"] == 1:
        for part in range(NUM_PARTS):
            log.book(hidden, now, decision_id, order, part, plans.costs[slot, part], 0)
    elif plans.slots[slot]["num_parcels"] == 0:
        _book_by_line(network, future, seen, hidden, plans, slot)
    if plans.slots[slot]["hold_seconds"] > 0:
        group = hidden.orders[order]["first_of_group"]
        holding.hold(seen, hidden, group, plans.slots[slot]["hold_seconds"])
        return 0
    if plans.slots[slot]["is_decline"]:
        log.log_event(hidden, now, log.DECLINED, order, NONE, decision_id)
        for i in range(count):
            parcels.end_line(future, hidden, seen.lines[i]["line"], DECLINED, now)
        return 0
    num_moved = 0
    for i in range(plans.slots[slot]["num_parcels"]):
        option = plans.chosen[slot, i]
        parcel = _plan_parcel(network, future, seen, hidden, plans, option, decision_id)
        if seen.order[0]["num_orders"] > 1:
            _book_parcel(seen, hidden, plans, option, decision_id)
        lead = hidden.parcels[parcel]["order"]
        log.log_event(hidden, now, log.PLANNED, lead, parcel, plans.options[option]["lines_mask"])
        receipt = hidden.parcels[parcel]["receipt"]
        if receipt != NONE:
            hidden.parcels[parcel]["stage"] = CLAIMED
            receiving.claim(seen, hidden, parcel, receipt)
            log.log_event(hidden, now, log.CLAIMED, lead, parcel, receipt)
            continue
        _allocate(network, future, seen, hidden, parcel)
        if hidden.parcels[parcel]["release_at"] > now:
            hidden.parcels[parcel]["stage"] = LATER
        else:
            receiving.release(network, seen, hidden, parcel)
        hidden.moved[num_moved] = parcel
        num_moved += 1
    return num_moved


@internal
def _book_by_line(network, future, seen, hidden, plans, slot):
    """A hold or a decline of several orders: each pays for its own lines."""
    now, decision_id, seconds = (
        seen.clock[0]["now_seconds"],
        seen.clock[0]["decision_id"] - 1,
        plans.slots[slot]["hold_seconds"],
    )
    for i in range(seen.order[0]["num_lines"]):
        order = seen.lines[i]["order"]
        if seconds > 0:
            log.book(hidden, now, decision_id, order, WAITING, costs.waiting(network.settings, seconds), 0)
        else:
            margin = future.lines[seen.lines[i]["line"]]["margin_millicents"]
            log.book(hidden, now, decision_id, order, LOST_MARGIN, margin, 0)


@internal
def _book_parcel(seen, hidden, plans, option, decision_id):
    """A parcel shared by orders: lateness and waiting by line, the rest split by grams, without a remainder."""
    mask, now = plans.options[option]["lines_mask"], seen.clock[0]["now_seconds"]
    whole, before, upto = plans.options[option]["grams"], 0, 0
    for i in range(seen.order[0]["num_lines"]):
        if not mask >> i & 1:
            continue
        order, line = seen.lines[i]["order"], seen.lines[i]["line"]
        before, upto = upto, upto + seen.lines[i]["grams"]
        for part in range(NUM_PARTS):
            if part == LATENESS:
                amount = hidden.lines[line]["lateness_millicents"]
            elif part == WAITING:
                amount = hidden.lines[line]["waiting_millicents"]
            else:
                total = plans.option_costs[option, part]
                amount = total * upto // whole - total * before // whole
            log.book(hidden, now, decision_id, order, part, amount, 0)


@internal
def _plan_parcel(network, future, seen, hidden, plans, option, decision_id):
    """Creates the parcel of an option and returns its id."""
    row, rows, now = plans.options, hidden.parcels, seen.clock[0]["now_seconds"]
    parcel = hidden.counters[0]["num_parcels"]
    hidden.counters[0]["num_parcels"] = parcel + 1
    hidden.counters[0]["num_waiting_lines"] += row[option]["num_lines"]
    rows[parcel]["decision_id"] = decision_id
    rows[parcel]["warehouse"] = row[option]["warehouse"]
    rows[parcel]["service"] = row[option]["service"]
    rows[parcel]["receipt"] = row[option]["receipt"]
    rows[parcel]["release_at"] = row[option]["release_at"]
    rows[parcel]["collection"] = NONE
    rows[parcel]["num_lines"] = row[option]["num_lines"]
    rows[parcel]["units"] = row[option]["units"]
    rows[parcel]["grams"] = row[option]["grams"]
    rows[parcel]["pick_seconds"] = row[option]["pick_seconds"]
    rows[parcel]["carbon_milligrams"] = row[option]["carbon_milligrams"]
    rows[parcel]["quoted_at"] = row[option]["quoted_at"]
    rows[parcel]["planned_at"] = now
    _pack(network, future, seen, hidden, plans, option, parcel)
    order = future.lines[rows[parcel]["first_line"]]["order"]
    rows[parcel]["order"] = order
    rows[parcel]["attempt"] = _num_alike(hidden, order, parcel)
    rows[parcel]["previous_of_order"] = hidden.orders[order]["last_parcel"]
    hidden.orders[order]["last_parcel"] = parcel
    return parcel


@internal
def _pack(network, future, seen, hidden, plans, option, parcel):
    """Links the lines of an option to its parcel, each with its own expected lateness and waiting."""
    row, mask, now = plans.options, plans.options[option]["lines_mask"], seen.clock[0]["now_seconds"]
    available_at = row[option]["release_at"]
    if row[option]["receipt"] != NONE:
        available_at = max(available_at, seen.receipts[row[option]["receipt"]]["expected_at"])
    lane = network.lanes
    table = lane[row[option]["warehouse"], row[option]["service"], seen.order[0]["region"]]["transit_table"]
    before, last_order, has_one_promise = NONE, NONE, True
    for i in range(seen.order[0]["num_lines"]):
        has_one_promise = has_one_promise and seen.lines[i]["promise_at"] == seen.order[0]["promise_at"]
    for i in range(seen.order[0]["num_lines"]):
        if not mask >> i & 1:
            continue
        line = seen.lines[i]["line"]
        hidden.lines[line]["parcel"], hidden.lines[line]["next_line"] = parcel, NONE
        if before == NONE:
            hidden.parcels[parcel]["first_line"] = line
        else:
            hidden.lines[before]["next_line"] = line
        before = line
        if seen.lines[i]["order"] != last_order:
            last_order = seen.lines[i]["order"]
            hidden.orders[last_order]["num_parcels"] += 1
        if has_one_promise:
            hidden.lines[line]["lateness_millicents"] = (
                plans.option_costs[option, LATENESS] // plans.options[option]["num_lines"]
            )
        else:
            slack = seen.lines[i]["promise_at"] - row[option]["collected_at"]
            num_in_time = tables.num_at_most(network.tables, table, slack)
            expected = costs.expected_lateness(network.settings, network.tables, table, slack, num_in_time)
            hidden.lines[line]["lateness_millicents"] = expected
        hidden.lines[line]["waiting_millicents"] = 0
        if available_at > now:
            waited = parcels.waited_seconds(future, line, now, available_at)
            hidden.lines[line]["waiting_millicents"] = costs.waiting(network.settings, waited)


@internal
def _num_alike(hidden, order, parcel):
    """Earlier parcels of the order from the same warehouse with the same service."""
    rows = hidden.parcels
    count, other = 0, hidden.orders[order]["last_parcel"]
    while other != NONE:
        count += (
            rows[other]["warehouse"] == rows[parcel]["warehouse"] and rows[other]["service"] == rows[parcel]["service"]
        )
        other = rows[other]["previous_of_order"]
    return count


@internal
def _allocate(network, future, seen, hidden, parcel):
    line = hidden.parcels[parcel]["first_line"]
    while line != NONE:
        sku, units = future.lines[line]["sku"], future.lines[line]["units"]
        stock.allocate(network, seen, hidden, hidden.parcels[parcel]["warehouse"], sku, units)
        line = hidden.lines[line]["next_line"]
