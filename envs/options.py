"""Options: what one parcel would cost and when it would arrive, for every subset of an order.

An option is a subset of the order's blocks, sent from one warehouse with one service, from stock or on a
receipt. All hard constraints of a parcel are here: stock, handling, lane, weight, collection.
"""

from __future__ import annotations

from envs import costs, docks, picking, receiving, shifts, stock, tables
from envs.compiling import compiled
from envs.costs import CARBON, HANDLING, LATENESS, LOST_MARGIN, PACKAGING, SHIPPING, WAITING
from envs.plan_table import (
    BACKORDER_LAST,
    CARBON_GOAL,
    CHEAPEST,
    COST,
    COUNT_OPTIONS,
    FASTEST,
    FEWEST_SPLITS,
    LATENESS_GOAL,
    MAX_PLANS,
    MYOPIC,
    NEAREST,
    NUM_RULES,
    SCORE,
)
from envs.state import NONE
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE
from scenarios.network import NO_LANE


@compiled
def price_options(network, seen, plans, num_blocks):
    """Fills ``plans.options`` for all subsets of ``num_blocks`` blocks and ranks them.

    ``plans.subsets`` must describe the single blocks (subset 1 << block) already.
    """
    plans.count[COUNT_OPTIONS] = 0
    num_warehouses = network.pairs.shape[0]
    _describe_subsets(plans, num_blocks)
    for subset in range(1, 1 << num_blocks):
        plans.subsets["first_option"][subset] = plans.count[COUNT_OPTIONS]
        plans.subsets["num_ranked"][subset] = 0
        plans.best_backorder[subset] = NONE
        for rule in range(NUM_RULES):
            plans.best[subset, rule] = NONE
    for warehouse in range(num_warehouses):
        in_stock = _blocks_in_stock(network, seen, plans, num_blocks, warehouse)
        start_at = picking.start_of_next_pick(network, seen, warehouse)
        plans.start_at[warehouse] = start_at
        for subset in range(1, 1 << num_blocks):
            if subset & in_stock == subset:
                _price_services(network, seen, plans, subset, warehouse, NONE, start_at)
            if network.settings["is_backorder_allowed"][0] and plans.subsets["num_lines"][subset] == 1:
                receipt = _receipt_for(network, seen, plans, subset, warehouse)
                if receipt != NONE:
                    expected_at = seen.receipts["expected_at"][receipt]
                    late_start = max(start_at, shifts.after_open_seconds(network, warehouse, expected_at, 0))
                    _price_services(network, seen, plans, subset, warehouse, receipt, late_start)


@compiled
def _describe_subsets(plans, num_blocks):
    rows = plans.subsets
    for subset in range(1, 1 << num_blocks):
        lowest = subset & -subset
        rest = subset ^ lowest
        if rest:
            rows["lines_mask"][subset] = rows["lines_mask"][lowest] | rows["lines_mask"][rest]
            rows["num_lines"][subset] = rows["num_lines"][lowest] + rows["num_lines"][rest]
            rows["units"][subset] = rows["units"][lowest] + rows["units"][rest]
            rows["grams"][subset] = rows["grams"][lowest] + rows["grams"][rest]
            rows["requirements"][subset] = rows["requirements"][lowest] | rows["requirements"][rest]


@compiled
def is_line_in_stock(network, seen, line, warehouse):
    """Whether a warehouse could send this line of the asked order now."""
    lines = seen.lines
    required = (lines["requirements"][line] | seen.order["requirements"][0]) & WAREHOUSE_SIDE
    return (
        required & ~network.warehouses["capabilities"][warehouse] == 0
        and stock.available(seen, warehouse, lines["sku"][line]) >= lines["units"][line]
        and lines["ship_from_seconds"][line] <= seen.clock["now_seconds"][0]
    )


@compiled
def _blocks_in_stock(network, seen, plans, num_blocks, warehouse):
    """Bit mask of the blocks of which a warehouse has every line."""
    result = 0
    for block in range(num_blocks):
        mask = plans.subsets["lines_mask"][1 << block]
        has_all = True
        for line in range(seen.order["num_lines"][0]):
            if mask >> line & 1 and not is_line_in_stock(network, seen, line, warehouse):
                has_all = False
                break
        if has_all:
            result |= 1 << block
    return result


@compiled
def _receipt_for(network, seen, plans, subset, warehouse):
    """Receipt on which the single line of a subset could be backordered at a warehouse; or NONE."""
    line = 0
    while not plans.subsets["lines_mask"][subset] >> line & 1:
        line += 1
    sku, units = seen.lines["sku"][line], seen.lines["units"][line]
    if seen.stock["first_receipt"][warehouse, sku] == NONE:
        return NONE
    required = plans.subsets["requirements"][subset] & WAREHOUSE_SIDE
    if required & ~network.warehouses["capabilities"][warehouse]:
        return NONE
    receipt = receiving.best_receipt(seen, warehouse, sku, units)
    if receipt != NONE and seen.receipts["expected_at"][receipt] < seen.lines["ship_from_seconds"][line]:
        return NONE
    return receipt


@compiled
def shipping_price(network, rate_row, grams):
    """Price of a parcel in millicents; NONE if it is too heavy for the rate card."""
    for band in range(network.rates.shape[1]):
        if grams <= network.rates["max_grams"][rate_row, band]:
            return network.rates["price_millicents"][rate_row, band]
    return NONE


@compiled
def _price_services(network, seen, plans, subset, warehouse, receipt, start_at):
    """Adds an option for every service that can carry the subset from a warehouse."""
    region = seen.order["region"][0]
    row = plans.subsets
    required = row["requirements"][subset] & SERVICE_SIDE
    pick_seconds = picking.expected_pick_seconds(
        network, warehouse, row["num_lines"][subset], row["units"][subset]
    )
    for service in range(network.pairs.shape[1]):
        if network.lanes["zone"][warehouse, service, region] == NO_LANE:
            continue
        if required & ~network.services["capabilities"][service]:
            continue
        rate_row = network.lanes["rate_row"][warehouse, service, region]
        price = shipping_price(network, rate_row, row["grams"][subset])
        if price == NONE:
            continue
        ready_at = start_at + pick_seconds
        collection = docks.first_collection(network, seen, warehouse, service, ready_at)
        if collection == NONE:
            continue
        n = plans.count[COUNT_OPTIONS]
        plans.count[COUNT_OPTIONS] = n + 1
        option = plans.options
        option["subset"][n], option["warehouse"][n], option["service"][n] = subset, warehouse, service
        option["receipt"][n], option["collection"][n] = receipt, collection
        option["lines_mask"][n], option["num_lines"][n] = row["lines_mask"][subset], row["num_lines"][subset]
        option["units"][n], option["grams"][n] = row["units"][subset], row["grams"][subset]
        option["pick_seconds"][n], option["ready_at"][n] = pick_seconds, ready_at
        _price(network, seen, plans, n, price)
        _rank(plans, subset, n)


@compiled
def _price(network, seen, plans, n, shipping_millicents):
    """Arrival, cost parts and ranking columns of option ``n``."""
    settings, option, parts = network.settings, plans.options, plans.option_costs[n]
    warehouse, service = option["warehouse"][n], option["service"][n]
    num_lines, grams, receipt = option["num_lines"][n], option["grams"][n], option["receipt"][n]
    region, now = seen.order["region"][0], seen.clock["now_seconds"][0]
    table = network.lanes["transit_table"][warehouse, service, region]
    collected_at = max(option["ready_at"][n], network.collections["time_seconds"][option["collection"][n]])
    slack = seen.order["promise_at"][0] - collected_at
    distance = network.lanes["distance_km"][warehouse, service, region]
    milligrams = costs.carbon_milligrams(network.services, service, grams, distance)
    option["collected_at"][n], option["distance_km"][n] = collected_at, distance
    option["mean_at"][n] = collected_at + tables.mean(network.tables, table)
    option["quoted_at"][n] = collected_at + tables.at_weight(network.tables, table, settings["quote_weight"][0])
    option["late_weight"][n] = tables.tail_weight(network.tables, table, slack)
    option["carbon_milligrams"][n] = milligrams
    parts[SHIPPING] = shipping_millicents
    parts[HANDLING] = (
        network.warehouses["parcel_millicents"][warehouse] + network.warehouses["line_millicents"][warehouse] * num_lines
    )
    parts[PACKAGING] = costs.packaging(settings, grams)
    parts[LOST_MARGIN] = 0
    parts[LATENESS] = num_lines * costs.expected_lateness(settings, network.tables, table, slack)
    parts[WAITING] = 0
    if receipt != NONE:
        parts[WAITING] = num_lines * costs.waiting(settings, seen.receipts["expected_at"][receipt] - now)
    parts[CARBON] = costs.carbon_price(settings, milligrams)
    option["lateness_millicents"][n], option["waiting_millicents"][n] = parts[LATENESS], parts[WAITING]
    option["bid_millicents"][n] = _bid_value(seen, plans, n) if receipt == NONE else 0
    _fill_rules(seen, plans, n)


@compiled
def _bid_value(seen, plans, n):
    mask, warehouse = plans.options["lines_mask"][n], plans.options["warehouse"][n]
    value = 0
    for line in range(seen.order["num_lines"][0]):
        if mask >> line & 1:
            value += seen.lines["units"][line] * seen.stock["bid_price_millicents"][warehouse, seen.lines["sku"][line]]
    return value


@compiled
def _fill_rules(seen, plans, n):
    option, parts, rules, clock = plans.options, plans.option_costs[n], plans.option_rules[n], seen.clock
    num_lines = option["num_lines"][n]
    money = parts[SHIPPING] + parts[HANDLING] + parts[PACKAGING]
    tardy = parts[LATENESS] + parts[WAITING]
    last = BACKORDER_LAST * num_lines if option["receipt"][n] != NONE else 0
    rules[SCORE] = (
        clock["weight_cost_permille"][0] * money
        + clock["weight_lateness_permille"][0] * tardy
        + clock["weight_carbon_permille"][0] * parts[CARBON]
        + 1000 * option["bid_millicents"][n]
    )
    rules[CHEAPEST] = money + last
    rules[FASTEST] = num_lines * (option["mean_at"][n] - clock["now_seconds"][0]) + last
    rules[NEAREST] = num_lines * option["distance_km"][n] + last
    rules[FEWEST_SPLITS] = 1 + last
    rules[MYOPIC] = money + tardy + parts[CARBON]
    rules[COST] = money
    rules[LATENESS_GOAL] = tardy
    rules[CARBON_GOAL] = parts[CARBON]


@compiled
def _rank(plans, subset, n):
    """Keeps option ``n`` if it is a best of its subset by a rule, or among the best K by score."""
    rules = plans.option_rules
    for rule in range(NUM_RULES):
        best = plans.best[subset, rule]
        if (
            best == NONE
            or rules[n, rule] < rules[best, rule]
            or (rules[n, rule] == rules[best, rule] and rules[n, MYOPIC] < rules[best, MYOPIC])
        ):
            plans.best[subset, rule] = n
    if plans.options["receipt"][n] != NONE:
        best = plans.best_backorder[subset]
        if best == NONE or rules[n, SCORE] < rules[best, SCORE]:
            plans.best_backorder[subset] = n
    count = plans.subsets["num_ranked"][subset]
    if count == MAX_PLANS and rules[n, SCORE] >= rules[plans.ranked[subset, count - 1], SCORE]:
        return
    place = min(count, MAX_PLANS - 1)
    while place > 0 and rules[plans.ranked[subset, place - 1], SCORE] > rules[n, SCORE]:
        plans.ranked[subset, place] = plans.ranked[subset, place - 1]
        place -= 1
    plans.ranked[subset, place] = n
    plans.subsets["num_ranked"][subset] = min(count + 1, MAX_PLANS)
