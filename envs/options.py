"""Options: what one parcel would cost and when it would arrive, for every subset of an order.

An option is a subset of the order's blocks, sent from one warehouse with one service: from stock now, from stock at
a presale date, or on a receipt. All hard constraints of a parcel are here: stock, handling, lane, weight, collection.
"""

from __future__ import annotations

from envs import costs, docks, picking, receiving, shifts, stock, tables
from envs.compiling import compiled, inlined
from envs.costs import CARBON, HANDLING, LATENESS, LOST_MARGIN, PACKAGING, SHIPPING, WAITING
from envs.plan_table import (
    BACKORDER_LAST,
    CARBON_GOAL,
    CHEAPEST,
    COST,
    COST_TILT,
    COUNT_OPTIONS,
    FASTEST,
    FEWEST_SPLITS,
    LATENESS_GOAL,
    LATENESS_TILT,
    MAX_PLANS,
    MYOPIC,
    NEAREST,
    NUM_RULES,
    SCORE,
)
from envs.state import NONE
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE
from scenarios.network import FOREVER_SECONDS, NO_LANE


@compiled
def price_options(network, seen, plans, num_blocks):
    """Fills ``plans.options`` for all subsets of ``num_blocks`` blocks and ranks them.

    ``plans.subsets`` must describe the single blocks (subset 1 << block) already.
    """
    plans.counts[COUNT_OPTIONS] = 0
    num_warehouses = network.pairs.shape[0]
    _describe_subsets(plans, num_blocks)
    for subset in range(1, 1 << num_blocks):
        plans.subsets[subset]["num_ranked"] = 0
        plans.best_backorder[subset] = NONE
        plans.best[subset] = NONE
    for warehouse in range(num_warehouses):
        in_stock = _blocks_in_stock(network, seen, plans, num_blocks, warehouse)
        start_at = picking.start_of_next_pick(network, seen, warehouse)
        plans.start_at[warehouse] = start_at
        for subset in range(1, 1 << num_blocks):
            for is_backorder in range(2):
                receipt, release_at, expected_at = NONE, plans.subsets[subset]["release_at"], 0
                if is_backorder:
                    receipt = _receipt_for(network, seen, plans, subset, warehouse)
                    if receipt == NONE:
                        continue
                    expected_at = seen.receipts[receipt]["expected_at"]
                    if release_at <= expected_at:
                        release_at = 0
                elif subset & in_stock != subset:
                    continue
                earliest = max(start_at, expected_at, release_at)
                if earliest > start_at:
                    earliest = shifts.after_open_seconds(network, warehouse, earliest, 0)
                _price_services(network, seen, plans, subset, warehouse, receipt, release_at, earliest)


@inlined
def _describe_subsets(plans, num_blocks):
    rows = plans.subsets
    for subset in range(1, 1 << num_blocks):
        lowest = subset & -subset
        rest = subset ^ lowest
        if rest:
            rows[subset]["lines_mask"] = rows[lowest]["lines_mask"] | rows[rest]["lines_mask"]
            rows[subset]["num_lines"] = rows[lowest]["num_lines"] + rows[rest]["num_lines"]
            rows[subset]["units"] = rows[lowest]["units"] + rows[rest]["units"]
            rows[subset]["grams"] = rows[lowest]["grams"] + rows[rest]["grams"]
            rows[subset]["requirements"] = rows[lowest]["requirements"] | rows[rest]["requirements"]
            rows[subset]["release_at"] = max(rows[lowest]["release_at"], rows[rest]["release_at"])
            rows[subset]["promise_at"] = min(rows[lowest]["promise_at"], rows[rest]["promise_at"])


@inlined
def is_line_in_stock(network, seen, line, warehouse):
    """Whether a warehouse could promise its stock to this line of the asked order now."""
    lines = seen.lines
    required = lines[line]["requirements"] & WAREHOUSE_SIDE
    return (
        required & ~network.warehouses[warehouse]["capabilities"] == 0
        and stock.available(seen, warehouse, lines[line]["sku"]) >= lines[line]["units"]
    )


@inlined
def _blocks_in_stock(network, seen, plans, num_blocks, warehouse):
    """Bit mask of the blocks of which a warehouse has every line."""
    result = 0
    for block in range(num_blocks):
        mask = plans.subsets[1 << block]["lines_mask"]
        has_all = True
        for line in range(seen.order[0]["num_lines"]):
            if mask >> line & 1 and not is_line_in_stock(network, seen, line, warehouse):
                has_all = False
                break
        if has_all:
            result |= 1 << block
    return result


@inlined
def _receipt_for(network, seen, plans, subset, warehouse):
    """Receipt on which the single line of a subset could be backordered at a warehouse; or NONE."""
    if not network.settings[0]["is_backorder_allowed"] or plans.subsets[subset]["num_lines"] != 1:
        return NONE
    line = 0
    while not plans.subsets[subset]["lines_mask"] >> line & 1:
        line += 1
    sku, units = seen.lines[line]["sku"], seen.lines[line]["units"]
    if seen.stock[warehouse, sku]["first_receipt"] == NONE:
        return NONE
    required = plans.subsets[subset]["requirements"] & WAREHOUSE_SIDE
    if required & ~network.warehouses[warehouse]["capabilities"]:
        return NONE
    return receiving.best_receipt(seen, warehouse, sku, units)


@inlined
def _price_services(network, seen, plans, subset, warehouse, receipt, release_at, start_at):
    """Adds an option for every service that can carry the subset from a warehouse."""
    region = seen.order[0]["region"]
    row = plans.subsets
    required = row[subset]["requirements"] & SERVICE_SIDE
    pick_seconds = costs.expected_pick_seconds(network, warehouse, row[subset]["num_lines"], row[subset]["units"])
    for service in range(network.pairs.shape[1]):
        if network.lanes[warehouse, service, region]["zone"] == NO_LANE:
            continue
        if required & ~network.services[service]["capabilities"]:
            continue
        rate_row = network.lanes[warehouse, service, region]["rate_row"]
        price = costs.shipping_price(network, rate_row, row[subset]["grams"])
        if price == costs.TOO_HEAVY:
            continue
        ready_at = start_at + pick_seconds
        collection = docks.first_collection(network, seen, warehouse, service, ready_at)
        if collection == NONE:
            continue
        n = plans.counts[COUNT_OPTIONS]
        plans.counts[COUNT_OPTIONS] = n + 1
        option = plans.options
        option[n]["subset"], option[n]["warehouse"], option[n]["service"] = subset, warehouse, service
        option[n]["receipt"], option[n]["release_at"], option[n]["collection"] = receipt, release_at, collection
        option[n]["lines_mask"], option[n]["num_lines"] = row[subset]["lines_mask"], row[subset]["num_lines"]
        option[n]["units"], option[n]["grams"] = row[subset]["units"], row[subset]["grams"]
        option[n]["pick_seconds"], option[n]["ready_at"] = pick_seconds, ready_at
        _price(network, seen, plans, n, price)
        _rank(plans, subset, n)


@inlined
def _price(network, seen, plans, n, shipping_millicents):
    """Arrival, cost parts and ranking columns of option ``n``."""
    settings, option, parts = network.settings, plans.options, plans.option_costs
    warehouse, service = option[n]["warehouse"], option[n]["service"]
    num_lines, grams, region = option[n]["num_lines"], option[n]["grams"], seen.order[0]["region"]
    table = network.lanes[warehouse, service, region]["transit_table"]
    collected_at = max(option[n]["ready_at"], network.collections[option[n]["collection"]]["time_seconds"])
    distance = network.lanes[warehouse, service, region]["distance_km"]
    milligrams = costs.carbon_milligrams(network.services, service, grams, distance)
    option[n]["collected_at"], option[n]["distance_km"] = collected_at, distance
    option[n]["mean_at"] = collected_at + tables.mean(network.tables, table)
    option[n]["quoted_at"] = collected_at + tables.at_weight(network.tables, table, settings[0]["quote_weight"])
    option[n]["carbon_milligrams"] = milligrams
    parts[n, SHIPPING] = shipping_millicents
    parts[n, HANDLING] = (
        network.warehouses[warehouse]["parcel_millicents"]
        + network.warehouses[warehouse]["line_millicents"] * num_lines
    )
    parts[n, PACKAGING] = costs.packaging(settings, grams)
    parts[n, LOST_MARGIN] = 0
    _price_lateness(network, seen, plans, n, table)
    num_waiting = _price_waiting(network, seen, plans, n)
    parts[n, CARBON] = costs.carbon_price(settings, milligrams)
    option[n]["bid_millicents"] = _bid_value(seen, plans, n)
    _fill_rules(seen, plans, n, num_waiting)


@inlined
def _price_lateness(network, seen, plans, n, table):
    """Expected lateness, line by line if their promises differ; the probability is that of the line least in time."""
    option, settings = plans.options, network.settings
    lateness, most, before = 0, 0, FOREVER_SECONDS
    one, tail = 0, 0
    for line in range(seen.order[0]["num_lines"]):
        if option[n]["lines_mask"] >> line & 1:
            slack = seen.lines[line]["promise_at"] - option[n]["collected_at"]
            if slack != before:
                tail = tables.tail_weight(network.tables, table, slack)
                one = costs.expected_lateness(settings, network.tables, table, slack, tail)
                most, before = max(most, tail), slack
            lateness += one
    option[n]["late_weight"] = most
    plans.option_costs[n, LATENESS] = lateness


@inlined
def _price_waiting(network, seen, plans, n):
    """Waiting for a receipt or another line's presale date; a line's own date is not waited for.

    Returns:
        Number of lines that the operational rules count as waiting.
    """
    option, receipt, now = plans.options, plans.options[n]["receipt"], seen.clock[0]["now_seconds"]
    release_at, value, count = option[n]["release_at"], 0, 0
    if receipt != NONE:
        release_at = max(release_at, seen.receipts[receipt]["expected_at"])
    if receipt != NONE or release_at > 0:
        for line in range(seen.order[0]["num_lines"]):
            if option[n]["lines_mask"] >> line & 1:
                seconds = release_at - max(now, seen.lines[line]["ship_from_seconds"])
                value += costs.waiting(network.settings, seconds)
                count += receipt != NONE or seconds > 0
    plans.option_costs[n, WAITING] = value
    return count


@inlined
def _bid_value(seen, plans, n):
    """Bid prices of all units; units of a receipt are as scarce as those on the shelf they will join."""
    mask, warehouse = plans.options[n]["lines_mask"], plans.options[n]["warehouse"]
    value = 0
    for line in range(seen.order[0]["num_lines"]):
        if mask >> line & 1:
            value += seen.lines[line]["units"] * seen.stock[warehouse, seen.lines[line]["sku"]]["bid_price_millicents"]
    return value


@inlined
def _fill_rules(seen, plans, n, num_waiting):
    option, parts, rules, clock = plans.options, plans.option_costs, plans.option_rules, seen.clock
    num_lines = option[n]["num_lines"]
    money = parts[n, SHIPPING] + parts[n, HANDLING] + parts[n, PACKAGING]
    tardy = parts[n, LATENESS] + parts[n, WAITING]
    last = BACKORDER_LAST * num_waiting
    rules[n, SCORE] = (
        clock[0]["weight_cost_permille"] * money
        + clock[0]["weight_lateness_permille"] * tardy
        + clock[0]["weight_carbon_permille"] * parts[n, CARBON]
        + 1000 * option[n]["bid_millicents"]
    )
    rules[n, CHEAPEST] = money + last
    rules[n, FASTEST] = num_lines * (option[n]["mean_at"] - clock[0]["now_seconds"]) + last
    rules[n, NEAREST] = num_lines * option[n]["distance_km"] + last
    rules[n, FEWEST_SPLITS] = 1 + last
    rules[n, MYOPIC] = money + tardy + parts[n, CARBON]
    rules[n, COST] = money
    rules[n, LATENESS_GOAL] = tardy
    rules[n, CARBON_GOAL] = parts[n, CARBON]
    rules[n, COST_TILT] = rules[n, SCORE] + 2 * clock[0]["weight_cost_permille"] * money
    rules[n, LATENESS_TILT] = rules[n, SCORE] + 2 * clock[0]["weight_lateness_permille"] * tardy


@inlined
def _rank(plans, subset, n):
    """Keeps option ``n`` if it is a best of its subset by a rule, or among the best K by score."""
    # No views of rows here: each would count references, which costs more than the comparison.
    rules, best, waiting = plans.option_rules, plans.best, plans.best_backorder
    for rule in range(NUM_RULES):
        if _comes_first(rules, n, best[subset, rule, 0], rule):
            best[subset, rule, 1] = best[subset, rule, 0]
            best[subset, rule, 0] = n
        elif _comes_first(rules, n, best[subset, rule, 1], rule):
            best[subset, rule, 1] = n
    if plans.options[n]["receipt"] != NONE:
        if _comes_first(rules, n, waiting[subset, 0], SCORE):
            waiting[subset, 1] = waiting[subset, 0]
            waiting[subset, 0] = n
        elif _comes_first(rules, n, waiting[subset, 1], SCORE):
            waiting[subset, 1] = n
    count = plans.subsets[subset]["num_ranked"]
    if count == MAX_PLANS and rules[n, SCORE] >= rules[plans.ranked[subset, count - 1], SCORE]:
        return
    place = min(count, MAX_PLANS - 1)
    while place > 0 and rules[plans.ranked[subset, place - 1], SCORE] > rules[n, SCORE]:
        plans.ranked[subset, place] = plans.ranked[subset, place - 1]
        place -= 1
    plans.ranked[subset, place] = n
    plans.subsets[subset]["num_ranked"] = min(count + 1, MAX_PLANS)


@inlined
def _comes_first(rules, n, other, rule):
    """Whether option ``n`` is better than ``other`` by ``rule``, ties by expected total cost, then by score."""
    if other == NONE or rules[n, rule] < rules[other, rule]:
        return True
    if rules[n, rule] > rules[other, rule]:
        return False
    if rules[n, MYOPIC] != rules[other, MYOPIC]:
        return rules[n, MYOPIC] < rules[other, MYOPIC]
    return rules[n, SCORE] < rules[other, SCORE]
