"""Features of plans and of the moment, in the fixed scales of ``envs.feature_schema``."""

from __future__ import annotations

import math

import numpy as np

from envs import feature_schema as f
from envs import stock
from envs.compiling import compiled, inlined
from envs.costs import HOUR, MILLICENTS, NUM_PARTS
from envs.plan_table import COUNT_PLANS
from envs.plan_table import SCORE as SCORE_RULE
from envs.state import NONE
from scenarios.network import FOREVER_SECONDS, TABLE_WEIGHT

_SLOT_SCALES = np.array([feature.scale for feature in f.SLOT_FEATURES])
_CONTEXT_SCALES = np.array([feature.scale for feature in f.CONTEXT_FEATURES])
_MOST_DAYS = 10.0
_WEIGHTED = 1000.0 * MILLICENTS


@compiled
def describe(network, seen, plans):
    """Fills ``plans.features`` and ``plans.context`` for the enumerated plans."""
    count = plans.counts[COUNT_PLANS]
    best = plans.rules[0, SCORE_RULE]
    plans.features[:] = 0.0
    for slot in range(count):
        _describe_slot(network, seen, plans, slot, best)
    _describe_context(network, seen, plans, count, best)


@inlined
def _describe_slot(network, seen, plans, slot, best_score):
    row, slots, now = plans.features[slot], plans.slots, seen.clock[0]["now_seconds"]
    row[f.IS_REAL] = 1.0
    row[f.IS_DECLINE] = slots[slot]["is_decline"]
    row[f.PARCELS] = slots[slot]["num_parcels"]
    row[f.BACKORDERED] = slots[slot]["num_backordered_lines"] / max(1, seen.order[0]["num_lines"])
    row[f.LATER] = slots[slot]["num_later_lines"] / max(1, seen.order[0]["num_lines"])
    row[f.HOLD] = slots[slot]["hold_seconds"] / HOUR
    for part in range(NUM_PARTS):
        row[f.SHIPPING_COST + part] = plans.costs[slot, part] / MILLICENTS
    row[f.BID_VALUE] = slots[slot]["bid_millicents"] / MILLICENTS
    row[f.SCORE] = plans.rules[slot, SCORE_RULE] / _WEIGHTED
    row[f.SCORE_GAP] = (plans.rules[slot, SCORE_RULE] - best_score) / _WEIGHTED
    row[f.SHELF_LEFT], row[f.SHELF_COVER], row[f.NETWORK_COVER] = 1.0, _MOST_DAYS, _MOST_DAYS
    last_mean, slack = now, FOREVER_SECONDS
    for i in range(slots[slot]["num_parcels"]):
        n = plans.chosen[slot, i]
        promise_at = plans.subsets[plans.options[n]["subset"]]["promise_at"]
        last_mean = max(last_mean, plans.options[n]["mean_at"])
        slack = min(slack, promise_at - plans.options[n]["mean_at"])
        _describe_parcel(network, seen, plans, row, n, i == 0)
    row[f.DOOR] = (last_mean - now) / HOUR
    if slots[slot]["num_parcels"] > 0:
        row[f.SLACK] = slack / HOUR
    for i in range(len(_SLOT_SCALES)):
        row[i] = min(f.BOUND, max(-f.BOUND, row[i] / _SLOT_SCALES[i]))


@inlined
def _describe_parcel(network, seen, plans, row, n, is_first):
    """Largest (or least) quantities over the plan's parcels."""
    option, now = plans.options, seen.clock[0]["now_seconds"]
    warehouse, service, collection = option[n]["warehouse"], option[n]["service"], option[n]["collection"]
    row[f.LATE_PROBABILITY] = max(row[f.LATE_PROBABILITY], option[n]["late_weight"] / TABLE_WEIGHT)
    start = option[n]["ready_at"] - option[n]["pick_seconds"] - now
    row[f.PICK_START] = max(row[f.PICK_START], start / HOUR)
    row[f.QUEUE_LOAD] += option[n]["pick_seconds"] / HOUR * start / HOUR
    row[f.COLLECTED] = max(row[f.COLLECTED], (option[n]["collected_at"] - now) / HOUR)
    row[f.DISTANCE] = max(row[f.DISTANCE], option[n]["distance_km"])
    booked = seen.bookings[collection]["booked_parcels"] / network.collections[collection]["capacity_parcels"]
    row[f.BOOKINGS] = max(row[f.BOOKINGS], booked)
    busy = seen.stations[warehouse]["num_busy"] / max(1, seen.stations[warehouse]["num_open"])
    row[f.UTILISATION] = max(row[f.UTILISATION], busy)
    transit = seen.punctuality[service]["transit_permille"] / 1000.0 - 1.0
    row[f.TRANSIT_SEEN] = transit if is_first else max(row[f.TRANSIT_SEEN], transit)
    if option[n]["receipt"] != NONE:
        return
    for line in range(seen.order[0]["num_lines"]):
        if option[n]["lines_mask"] >> line & 1:
            _describe_line(network, seen, row, line, warehouse)


@inlined
def _describe_line(network, seen, row, line, warehouse):
    """What a line in stock leaves behind."""
    sku, units = seen.lines[line]["sku"], seen.lines[line]["units"]
    left = stock.available(seen, warehouse, sku) - units
    everywhere = -units
    for w in range(network.pairs.shape[0]):
        everywhere += stock.available(seen, w, sku)
    reference = max(1, seen.stock[warehouse, sku]["reference_units"])
    daily = max(1, network.skus[sku]["daily_units_milli"]) / 1000.0
    row[f.SHELF_LEFT] = min(row[f.SHELF_LEFT], left / reference)
    row[f.SHELF_COVER] = min(row[f.SHELF_COVER], left / daily)
    row[f.NETWORK_COVER] = min(row[f.NETWORK_COVER], everywhere / daily)


@inlined
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
    context[f.NUM_LINES], context[f.UNITS] = order[0]["num_lines"], units
    context[f.MARGIN] = order[0]["margin_millicents"] / MILLICENTS
    context[f.PROMISE] = (order[0]["promise_at"] - now) / HOUR
    context[f.NUM_ORDERS], context[f.IS_AGAIN] = order[0]["num_orders"], order[0]["is_again"]
    context[f.HELD] = order[0]["held_seconds"] / HOUR
    context[f.BEST_SCORE], context[f.NUM_PLANS] = best_score / _WEIGHTED, count
    total, worst = 0.0, 0.0
    for start in plans.start_at:
        total += (start - now) / HOUR
        worst = max(worst, (start - now) / HOUR)
    context[f.MEAN_PICK_START], context[f.MAX_PICK_START] = total / len(plans.start_at), worst
    context[f.DEMAND_SEEN] = _demand_seen(network, clock)
    transit = 0.0
    for permille in seen.punctuality["transit_permille"]:
        transit += permille / 1000.0 - 1.0
    context[f.MEAN_TRANSIT_SEEN] = transit / len(seen.punctuality)
    context[f.INTERRUPTED] = _interrupted(seen, now)
    context[f.WEIGHT_COST] = clock[0]["weight_cost_permille"] / 1000.0
    context[f.WEIGHT_LATENESS] = clock[0]["weight_lateness_permille"] / 1000.0
    context[f.WEIGHT_CARBON] = clock[0]["weight_carbon_permille"] / 1000.0
    for i in range(len(_CONTEXT_SCALES)):
        context[i] = min(f.BOUND, max(-f.BOUND, context[i] / _CONTEXT_SCALES[i]))


@inlined
def _interrupted(seen, now):
    """Share of pairs that are not collected now."""
    count, rows = 0, seen.interruptions
    for warehouse in range(rows.shape[0]):
        for service in range(rows.shape[1]):
            count += rows[warehouse, service]["until_seconds"] > now
    return count / rows.size


@inlined
def _demand_seen(network, clock):
    """Orders of a sliding hour over the published mean; the older part of the hour is prorated."""
    published = network.settings[0]["hourly_orders_milli"] / 1000.0
    if published <= 0.0:
        return 0.0
    passed = (clock[0]["now_seconds"] % HOUR) / HOUR
    return (clock[0]["orders_this_hour"] + (1.0 - passed) * clock[0]["orders_last_hour"]) / published
