"""Options: what one parcel would cost and when it would arrive, for every subset of an order.

An option is a subset of the order's blocks, sent from one warehouse with one service: from stock now, from stock at
a presale date, or on a receipt. All hard constraints of a parcel are here: stock, handling, lane, weight, collection.

Nothing here is done twice that subsets, services or lines have in common: this is the innermost loop of a simulation.
"""

from __future__ import annotations

from envs import costs, docks, parcel_prices, picking, rankings, shifts, sources
from envs.borrowing import borrowed
from envs.compiling import internal, woven
from envs.costs import CARBON, HANDLING, LATENESS, LOST_MARGIN, PACKAGING, SHIPPING, WAITING
from envs.plan_table import (
    BACKORDER_LAST,
    CARBON_GOAL,
    CHEAPEST,
    COST,
    COST_TILT,
    COUNT_PRICED,
    FASTEST,
    FEWEST_SPLITS,
    LATENESS_GOAL,
    LATENESS_TILT,
    MYOPIC,
    NEAREST,
    NUM_RULES,
    SCORE,
)
from envs.state import NONE
from scenarios.handling import SERVICE_SIDE
from scenarios.network import NO_LANE


@internal
def price_options(network, seen, plans, num_blocks, first_rule, end_rule, is_pruning):
    """Fills ``plans.priced`` for the subsets of ``num_blocks`` blocks and ranks them by rules of a range.

    ``plans.subsets`` must describe the single blocks (subset 1 << block) already. A pruned table leaves out options
    that are certain not to be the best of their subset by ``first_rule``.
    """
    network, seen, plans = borrowed(network), borrowed(seen), borrowed(plans)
    plans.counts[COUNT_PRICED] = 0
    num_subsets = 1 << num_blocks
    _describe_subsets(plans.subsets, num_subsets)
    rankings.clear(plans, num_subsets, first_rule, end_rule)
    asked = (first_rule, end_rule, is_pruning, _has_one_promise(seen.order, seen.lines))
    for warehouse in range(network.pairs.shape[0]):
        in_stock = sources.blocks_in_stock(plans.subsets, num_blocks, sources.lines_in_stock(network, seen, warehouse))
        on_receipt = sources.blocks_on_receipt(network, seen, plans, num_blocks, warehouse)
        is_source = in_stock | on_receipt != 0
        if not is_source and end_rule - first_rule < NUM_RULES:
            continue  # features describe the pick queues of all warehouses, but only of a whole table
        start_at = picking.start_of_next_pick(network, seen, warehouse)
        plans.start_at[warehouse] = start_at
        if not is_source:
            continue
        _forget(network, seen, plans, warehouse)
        for subset in range(1, num_subsets):
            for is_backorder in range(2):
                receipt, release_at, expected_at = NONE, plans.subsets[subset]["release_at"], 0
                if is_backorder:
                    if on_receipt & subset == 0 or subset & (subset - 1):
                        continue
                    receipt = sources.receipt_of(plans.block_receipts, subset)
                    expected_at = seen.receipts[receipt]["expected_at"]
                elif subset & in_stock != subset:
                    continue
                earliest = max(start_at, expected_at, release_at)
                if earliest > start_at:
                    earliest = shifts.after_open_seconds(network, warehouse, earliest, 0)
                goods = (subset, receipt, release_at, earliest)
                _price_services(network, seen, plans, warehouse, goods, asked)


@woven
def _describe_subsets(rows, num_subsets):
    for subset in range(1, num_subsets):
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


@woven
def _has_one_promise(order, lines):
    for line in range(1, order[0]["num_lines"]):  # noqa: SIM110 - a generator would be slower when compiled
        if lines[line]["promise_at"] != lines[0]["promise_at"]:
            return False
    return True


@woven
def _forget(network, seen, plans, warehouse):
    """Nothing is priced yet at this warehouse; its services' next collections are found from the last ones."""
    now, memos = seen.clock[0]["now_seconds"], plans.pairs
    for service in range(network.pairs.shape[1]):
        memos[warehouse, service]["collected_at"] = NONE
        count = network.pairs[warehouse, service]["num_collections"]
        if count > 0:
            first, due = network.pairs[warehouse, service]["first_collection"], memos[warehouse, service]["due"]
            last = first + count - 1
            if due <= first or due > last or network.collections[due - 1]["time_seconds"] >= now:
                due = first  # another replication has begun, or another calendar
            memos[warehouse, service]["due"] = docks.due_from(network, due, last, now)


@woven
def _price_services(network, seen, plans, warehouse, goods, asked):
    """Adds an option for every service that can carry a subset from a warehouse.

    Args:
        network: public arrays.
        seen: what may be seen.
        plans: the table.
        warehouse: whence.
        goods: the subset, its receipt or NONE, the second before which it is not released, when its pick may start.
        asked: first and end of the range of rules, whether options are pruned, whether all lines have one promise.
    """
    subset, receipt, release_at, start_at = goods
    first_rule, end_rule, is_pruning, has_one_promise = asked
    settings, region, now = network.settings, seen.order[0]["region"], seen.clock[0]["now_seconds"]
    weight_cost, weight_carbon = seen.clock[0]["weight_cost_permille"], seen.clock[0]["weight_carbon_permille"]
    weight_lateness = seen.clock[0]["weight_lateness_permille"]
    mask, num_lines = plans.subsets[subset]["lines_mask"], plans.subsets[subset]["num_lines"]
    units, grams = plans.subsets[subset]["units"], plans.subsets[subset]["grams"]
    required = plans.subsets[subset]["requirements"] & SERVICE_SIDE
    pick_seconds = costs.expected_pick_seconds(network, warehouse, num_lines, units)
    ready_at = start_at + pick_seconds
    handling = (
        network.warehouses[warehouse]["parcel_millicents"]
        + network.warehouses[warehouse]["line_millicents"] * num_lines
    )
    packaging, bid = (
        costs.packaging(settings, grams),
        parcel_prices.bid_value(seen.order, seen.lines, seen.stock, mask, warehouse),
    )
    waiting, num_waiting = parcel_prices.waiting(network, seen, mask, receipt, release_at)
    last = BACKORDER_LAST * num_waiting
    for service in range(network.pairs.shape[1]):
        if network.lanes[warehouse, service, region]["zone"] == NO_LANE:
            continue
        if required & ~network.services[service]["capabilities"]:
            continue
        if network.pairs[warehouse, service]["num_collections"] == 0:
            continue
        shipping = costs.shipping_price(network.rates, network.lanes[warehouse, service, region]["rate_row"], grams)
        if shipping == costs.TOO_HEAVY:
            continue
        distance = network.lanes[warehouse, service, region]["distance_km"]
        milligrams = costs.carbon_milligrams(network.services, service, grams, distance)
        carbon = costs.carbon_price(settings, milligrams)
        money = shipping + handling + packaging
        if is_pruning:
            # What is known before the calendar and the transit table are looked at bounds rule and total cost.
            if first_rule == CHEAPEST:
                least = money + last
            elif first_rule == NEAREST:
                least = num_lines * distance + last
            elif first_rule == FEWEST_SPLITS:
                least = 1 + last
            elif first_rule == MYOPIC:
                least = money + waiting + carbon
            elif first_rule == SCORE:
                least = weight_cost * money + weight_lateness * waiting + weight_carbon * carbon + 1000 * bid
            elif first_rule == COST:
                least = money
            else:
                least = 0
            if rankings.is_hopeless(
                plans.best, plans.best_values, plans.option_rules, subset, first_rule, least, money + waiting + carbon
            ):
                continue
        known = plans.pairs[warehouse, service]["due"]
        collection = docks.collection_from(network, seen, warehouse, service, known, ready_at)
        collected_at = max(ready_at, network.collections[collection]["time_seconds"])
        table = network.lanes[warehouse, service, region]["transit_table"]
        late_weight, lateness = parcel_prices.lateness(
            settings,
            network.tables,
            table,
            plans.pairs,
            warehouse,
            service,
            seen.order,
            seen.lines,
            mask,
            collected_at,
            has_one_promise,
        )
        n = plans.counts[COUNT_PRICED]
        plans.counts[COUNT_PRICED] = n + 1
        option, parts, rules = plans.priced, plans.priced_costs, plans.option_rules
        mean_at = collected_at + plans.transit[table]["mean_seconds"]
        option[n]["subset"], option[n]["warehouse"], option[n]["service"] = subset, warehouse, service
        option[n]["receipt"], option[n]["release_at"], option[n]["collection"] = receipt, release_at, collection
        option[n]["lines_mask"], option[n]["num_lines"] = mask, num_lines
        option[n]["units"], option[n]["grams"] = units, grams
        option[n]["pick_seconds"], option[n]["ready_at"] = pick_seconds, ready_at
        option[n]["collected_at"], option[n]["distance_km"] = collected_at, distance
        option[n]["mean_at"] = mean_at
        option[n]["quoted_at"] = collected_at + plans.transit[table]["quote_seconds"]
        option[n]["late_weight"] = late_weight
        option[n]["carbon_milligrams"] = milligrams
        option[n]["bid_millicents"] = bid
        plans.kept[n] = NONE
        place = warehouse * network.pairs.shape[1] + service
        plans.option_keys[n] = NONE if receipt != NONE else release_at << 20 | place
        parts[n, SHIPPING] = shipping
        parts[n, HANDLING] = handling
        parts[n, PACKAGING] = packaging
        parts[n, LOST_MARGIN] = 0
        parts[n, LATENESS] = lateness
        parts[n, WAITING] = waiting
        parts[n, CARBON] = carbon
        tardy = lateness + waiting
        score = weight_cost * money + weight_lateness * tardy + weight_carbon * carbon + 1000 * bid
        rules[n, SCORE] = score
        rules[n, CHEAPEST] = money + last
        rules[n, FASTEST] = num_lines * (mean_at - now) + last
        rules[n, NEAREST] = num_lines * distance + last
        rules[n, FEWEST_SPLITS] = 1 + last
        rules[n, MYOPIC] = money + tardy + carbon
        rules[n, COST] = money
        rules[n, LATENESS_GOAL] = tardy
        rules[n, CARBON_GOAL] = carbon
        rules[n, COST_TILT] = score + 2 * weight_cost * money
        rules[n, LATENESS_TILT] = score + 2 * weight_lateness * tardy
        rankings.rank(plans, subset, n, receipt, first_rule, end_rule)
