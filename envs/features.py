"""Features of plans and of the moment, in the fixed scales of ``envs.feature_schema``.

What a parcel contributes is computed once per option, already scaled, and combined over the parcels of each plan.
"""

from __future__ import annotations

import math

import numpy as np

from envs import costs, stock, tables
from envs import feature_schema as f
from envs.borrowing import borrowed
from envs.compiling import compiled, woven
from envs.costs import HOUR, LATENESS, MILLICENTS, NUM_PARTS
from envs.plan_table import COUNT_DESCRIBED, COUNT_PLANS, DAILY_RATE, NETWORK_COVER
from envs.plan_table import SCORE as SCORE_RULE
from envs.state import NONE
from scenarios.network import NO_LANE, TABLE_WEIGHT

_MOST_DAYS = 10.0
_FEW_ORDERS_MILLI = 4000.0
"""Orders an hour, in thousandths, that shares of demand are drawn towards the published ones by. Source: assumption."""

_AROUND_KM = 100.0
"""Regions count by the inverse square of this plus their distance. Source: assumption."""

_UNITS = {"hours": HOUR, "currency": MILLICENTS, "probability": TABLE_WEIGHT}
"""What the rules count in one unit of the schema."""
_WEIGHTED = {"score", "score_gap", "best_score"}
"""Scores carry weights in thousandths."""


def _per_unit(features: tuple[f.Feature, ...]) -> tuple[float, ...]:
    """What one of the rules' units adds to each feature."""
    return tuple(
        1.0 / (row.scale * _UNITS.get(row.unit, 1) * (1000 if row.name in _WEIGHTED else 1)) for row in features
    )


_SLOT, _CONTEXT = _per_unit(f.SLOT_FEATURES), _per_unit(f.CONTEXT_FEATURES)
_BOUND = np.float32(f.BOUND)
_FIRST = f.LATE_PROBABILITY
"""From here on the columns of a slot are largest, least or summed quantities of its parcels."""


@compiled
def describe(network, seen, plans):
    """Fills ``plans.features`` and ``plans.context`` for the enumerated plans."""
    network, seen, plans = borrowed(network), borrowed(seen), borrowed(plans)
    count, best = plans.counts[COUNT_PLANS], plans.rules[0, SCORE_RULE]
    for slot in range(count, plans.counts[COUNT_DESCRIBED]):
        for column in range(f.NUM_FEATURES):
            plans.features[slot, column] = 0.0
    plans.counts[COUNT_DESCRIBED] = count
    _describe_lines(network, seen, plans.line_features)
    for slot in range(count):
        for i in range(plans.slots[slot]["num_parcels"]):
            plans.parcel_features[plans.chosen[slot, i], f.IS_REAL] = 0.0
    recent = 0.0
    for region in range(len(seen.demand)):
        recent += seen.demand[region]["recent_milli"]
    for slot in range(count):
        if plans.slots[slot]["hold_seconds"] == 0:
            _describe_slot(network, seen, plans, slot, best, recent)
    _describe_holds(plans, count, best)
    _describe_context(network, seen, plans, count, best)
    plans.context[f.REGION_SURGE] = _surge(network, seen, seen.order[0]["region"], recent)


@woven
def _describe_lines(network, seen, rows):
    """What every plan leaves of a line's SKU in the network, and how fast that sells."""
    for line in range(seen.order[0]["num_lines"]):
        sku = seen.lines[line]["sku"]
        everywhere = -seen.lines[line]["units"]
        for warehouse in range(network.pairs.shape[0]):
            everywhere += stock.available(seen, warehouse, sku)
        rows[line, DAILY_RATE] = 1000.0 / max(1, network.skus[sku]["daily_units_milli"])
        rows[line, NETWORK_COVER] = everywhere * rows[line, DAILY_RATE]


@woven
def _describe_holds(plans, count, best_score):
    """A hold looks like the best other plan, later; only what it costs itself is its own."""
    row, slots, other = plans.features, plans.slots, 0
    while other + 1 < count and slots[other]["hold_seconds"] > 0:
        other += 1
    for slot in range(count):
        hours = slots[slot]["hold_seconds"] * (1.0 / HOUR)
        if hours == 0.0:
            continue
        for column in range(f.NUM_FEATURES):
            row[slot, column] = row[other, column]
        row[slot, f.IS_HOLD] = 1.0
        row[slot, f.HOLD] = slots[slot]["hold_seconds"] * _SLOT[f.HOLD]
        for part in range(NUM_PARTS):
            row[slot, f.SHIPPING_COST + part] = plans.costs[slot, part] * _SLOT[f.SHIPPING_COST]
        row[slot, f.SCORE] = plans.rules[slot, SCORE_RULE] * _SLOT[f.SCORE]
        row[slot, f.SCORE_GAP] = (plans.rules[slot, SCORE_RULE] - best_score) * _SLOT[f.SCORE_GAP]
        row[slot, f.DOOR] += slots[slot]["hold_seconds"] * _SLOT[f.DOOR]
        row[slot, f.SLACK] -= slots[slot]["hold_seconds"] * _SLOT[f.SLACK]
        for column in range(f.NUM_FEATURES):
            row[slot, column] = min(_BOUND, max(-_BOUND, row[slot, column]))


@woven
def _describe_slot(network, seen, plans, slot, best_score, recent):
    row, slots, parcels = plans.features, plans.slots, plans.parcel_features
    per_line = 1.0 / max(1, seen.order[0]["num_lines"])
    row[slot, f.IS_REAL] = 1.0
    row[slot, f.IS_DECLINE] = slots[slot]["is_decline"]
    row[slot, f.IS_HOLD] = 0.0
    row[slot, f.PARCELS] = slots[slot]["num_parcels"] * _SLOT[f.PARCELS]
    row[slot, f.BACKORDERED] = slots[slot]["num_backordered_lines"] * per_line
    row[slot, f.LATER] = slots[slot]["num_later_lines"] * per_line
    row[slot, f.HOLD] = slots[slot]["hold_seconds"] * _SLOT[f.HOLD]
    for part in range(NUM_PARTS):
        row[slot, f.SHIPPING_COST + part] = plans.costs[slot, part] * _SLOT[f.SHIPPING_COST]
    row[slot, f.BID_VALUE] = slots[slot]["bid_millicents"] * _SLOT[f.BID_VALUE]
    row[slot, f.SCORE] = plans.rules[slot, SCORE_RULE] * _SLOT[f.SCORE]
    row[slot, f.SCORE_GAP] = (plans.rules[slot, SCORE_RULE] - best_score) * _SLOT[f.SCORE_GAP]
    if slots[slot]["num_parcels"] == 0:
        for column in range(_FIRST, f.NUM_FEATURES):
            row[slot, column] = 0.0
        row[slot, f.SHELF_LEFT] = _SLOT[f.SHELF_LEFT]
        row[slot, f.SHELF_COVER] = _MOST_DAYS * _SLOT[f.SHELF_COVER]
        row[slot, f.NETWORK_COVER] = _MOST_DAYS * _SLOT[f.NETWORK_COVER]
    for i in range(slots[slot]["num_parcels"]):
        n = plans.chosen[slot, i]
        if parcels[n, f.IS_REAL] == 0.0:
            _describe_parcel(network, seen, plans, parcels, n, recent)
        if i == 0:
            for column in range(_FIRST, f.NUM_FEATURES):
                row[slot, column] = parcels[n, column]
            continue
        for column in range(_FIRST, f.NUM_FEATURES):
            if column == f.QUEUE_LOAD or column == f.DOUBT:
                row[slot, column] += parcels[n, column]
            elif column in (f.SLACK, f.SHELF_LEFT, f.SHELF_COVER, f.NETWORK_COVER):
                row[slot, column] = min(row[slot, column], parcels[n, column])
            else:
                row[slot, column] = max(row[slot, column], parcels[n, column])
    for column in range(f.NUM_FEATURES):
        row[slot, column] = min(_BOUND, max(-_BOUND, row[slot, column]))


@woven
def _describe_parcel(network, seen, plans, row, n, recent):
    """The columns of a plan that is this parcel alone."""
    option, now = plans.options, seen.clock[0]["now_seconds"]
    warehouse, service, collection = option[n]["warehouse"], option[n]["service"], option[n]["collection"]
    start = option[n]["ready_at"] - option[n]["pick_seconds"] - now
    slack = plans.subsets[option[n]["subset"]]["promise_at"] - option[n]["mean_at"]
    row[n, f.IS_REAL] = 1.0
    row[n, f.LATE_PROBABILITY] = option[n]["late_weight"] * _SLOT[f.LATE_PROBABILITY]
    row[n, f.PICK_START] = start * _SLOT[f.PICK_START]
    row[n, f.QUEUE_LOAD] = option[n]["pick_seconds"] * (1.0 / HOUR) * (start * (1.0 / HOUR)) * _SLOT[f.QUEUE_LOAD]
    row[n, f.COLLECTED] = (option[n]["collected_at"] - now) * _SLOT[f.COLLECTED]
    row[n, f.DOOR] = (option[n]["mean_at"] - now) * _SLOT[f.DOOR]
    row[n, f.SLACK] = slack * _SLOT[f.SLACK]
    row[n, f.DISTANCE] = option[n]["distance_km"] * _SLOT[f.DISTANCE]
    booked = seen.bookings[collection]["booked_parcels"] / network.collections[collection]["capacity_parcels"]
    row[n, f.BOOKINGS] = booked * _SLOT[f.BOOKINGS]
    busy = seen.stations[warehouse]["num_busy"] / max(1, seen.stations[warehouse]["num_open"])
    row[n, f.UTILISATION] = busy * _SLOT[f.UTILISATION]
    transit = seen.punctuality[service]["transit_permille"] * 0.001 - 1.0
    row[n, f.TRANSIT_SEEN] = transit * _SLOT[f.TRANSIT_SEEN]
    row[n, f.DOUBT] = _doubt(network, seen, plans, n) * _SLOT[f.DOUBT]
    row[n, f.SURGE] = _surge_around(network, seen, warehouse, service, recent) * _SLOT[f.SURGE]
    share, cover, network_cover = 1.0, _MOST_DAYS, _MOST_DAYS
    if option[n]["receipt"] == NONE:
        for line in range(seen.order[0]["num_lines"]):
            if option[n]["lines_mask"] >> line & 1:
                sku = seen.lines[line]["sku"]
                left = stock.available(seen, warehouse, sku) - seen.lines[line]["units"]
                share = min(share, left / max(1, seen.stock[warehouse, sku]["reference_units"]))
                cover = min(cover, left * plans.line_features[line, DAILY_RATE])
                network_cover = min(network_cover, plans.line_features[line, NETWORK_COVER])
    row[n, f.SHELF_LEFT] = share * _SLOT[f.SHELF_LEFT]
    row[n, f.SHELF_COVER] = cover * _SLOT[f.SHELF_COVER]
    row[n, f.NETWORK_COVER] = network_cover * _SLOT[f.NETWORK_COVER]


@woven
def _doubt(network, seen, plans, n):
    """Expected lateness of an option's lines if transit takes as much longer as lately, less the published; millicents.

    A journey that takes x times as long has 1/x of the slack.
    """
    option, lines = plans.options, seen.lines
    warehouse, service, expected = option[n]["warehouse"], option[n]["service"], 0
    permille = max(1, seen.punctuality[service]["transit_permille"])
    if permille == 1000:
        return 0.0
    table = network.lanes[warehouse, service, seen.order[0]["region"]]["transit_table"]
    for line in range(seen.order[0]["num_lines"]):
        if option[n]["lines_mask"] >> line & 1:
            slack = (lines[line]["promise_at"] - option[n]["collected_at"]) * 1000 // permille
            num_in_time = tables.num_at_most(network.tables, table, slack)
            expected += costs.expected_lateness(network.settings, network.tables, table, slack, num_in_time)
    return float(expected - plans.option_costs[n, LATENESS])


@woven
def _surge(network, seen, region, recent):
    """Share of a region in recent demand over its published share, less one; few orders say little."""
    share = network.regions[region]["demand_share"]
    if share <= 0.0:
        return 0.0
    own = seen.demand[region]["recent_milli"] + _FEW_ORDERS_MILLI * share
    return own / (share * (recent + _FEW_ORDERS_MILLI)) - 1.0


@woven
def _surge_around(network, seen, warehouse, service, recent):
    """The same for the regions around a warehouse, the near ones first."""
    seen_there, published = 0.0, 0.0
    for region in range(len(seen.demand)):
        if network.lanes[warehouse, service, region]["zone"] != NO_LANE:
            distance = _AROUND_KM + network.lanes[warehouse, service, region]["distance_km"]
            nearness, share = 1.0 / (distance * distance), network.regions[region]["demand_share"]
            seen_there += nearness * (seen.demand[region]["recent_milli"] + _FEW_ORDERS_MILLI * share)
            published += nearness * share
    if published <= 0.0:
        return 0.0
    return seen_there / (published * (recent + _FEW_ORDERS_MILLI)) - 1.0


@woven
def _describe_context(network, seen, plans, count, best_score):
    context, clock, order = plans.context, seen.clock, seen.order
    now = clock[0]["now_seconds"]
    local = network.settings[0]["epoch_seconds"] + network.settings[0]["local_offset_seconds"] + now
    day = 2.0 * math.pi * (local % 86400) / 86400.0
    week = 2.0 * math.pi * (local % 604800) / 604800.0
    context[f.HOUR_SIN], context[f.HOUR_COS] = math.sin(day), math.cos(day)
    context[f.WEEK_SIN], context[f.WEEK_COS] = math.sin(week), math.cos(week)
    units = 0
    for line in range(order[0]["num_lines"]):
        units += seen.lines[line]["units"]
    context[f.NUM_LINES], context[f.UNITS] = order[0]["num_lines"] * _CONTEXT[f.NUM_LINES], units * _CONTEXT[f.UNITS]
    context[f.MARGIN] = order[0]["margin_millicents"] * _CONTEXT[f.MARGIN]
    context[f.PROMISE] = (order[0]["promise_at"] - now) * _CONTEXT[f.PROMISE]
    context[f.NUM_ORDERS] = order[0]["num_orders"] * _CONTEXT[f.NUM_ORDERS]
    context[f.IS_AGAIN] = order[0]["is_again"]
    context[f.HELD] = order[0]["held_seconds"] * _CONTEXT[f.HELD]
    context[f.BEST_SCORE] = best_score * _CONTEXT[f.BEST_SCORE]
    context[f.NUM_PLANS] = count * _CONTEXT[f.NUM_PLANS]
    total, worst, num_warehouses, num_services = 0, 0, network.pairs.shape[0], network.pairs.shape[1]
    num_interrupted = 0
    for warehouse in range(num_warehouses):
        total += plans.start_at[warehouse] - now
        worst = max(worst, plans.start_at[warehouse] - now)
        for service in range(num_services):
            num_interrupted += seen.interruptions[warehouse, service]["until_seconds"] > now
    context[f.MEAN_PICK_START] = total / num_warehouses * _CONTEXT[f.MEAN_PICK_START]
    context[f.MAX_PICK_START] = worst * _CONTEXT[f.MAX_PICK_START]
    context[f.DEMAND_SEEN] = _demand_seen(network.settings, clock)
    permille = 0
    for service in range(num_services):
        permille += seen.punctuality[service]["transit_permille"]
    context[f.MEAN_TRANSIT_SEEN] = 0.001 * permille / num_services - 1.0
    context[f.INTERRUPTED] = num_interrupted / (num_warehouses * num_services)
    context[f.WEIGHT_COST] = clock[0]["weight_cost_permille"] * 0.001
    context[f.WEIGHT_LATENESS] = clock[0]["weight_lateness_permille"] * 0.001
    context[f.WEIGHT_CARBON] = clock[0]["weight_carbon_permille"] * 0.001
    for column in range(f.NUM_CONTEXT):
        context[column] = min(_BOUND, max(-_BOUND, context[column]))


@woven
def _demand_seen(settings, clock):
    """Orders of a sliding hour over the published mean; the older part of the hour is prorated."""
    published = settings[0]["hourly_orders_milli"] * 0.001
    if published <= 0.0:
        return 0.0
    passed = (clock[0]["now_seconds"] % HOUR) * (1.0 / HOUR)
    return (clock[0]["orders_this_hour"] + (1.0 - passed) * clock[0]["orders_last_hour"]) / published
