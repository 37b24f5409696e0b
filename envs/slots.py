"""Slots: candidates in their canonical order, with what they cost and how they rank."""

from __future__ import annotations

from envs import costs
from envs.borrowing import borrowed
from envs.compiling import internal, woven
from envs.compositions import is_lower
from envs.costs import LOST_MARGIN, NUM_PARTS, WAITING
from envs.plan_table import (
    CARBON_GOAL,
    CHEAPEST,
    COST_TILT,
    COUNT_CANDIDATES,
    COUNT_OPTIONS,
    COUNT_PLANS,
    DECLINE_LAST,
    FASTEST,
    FEWEST_SPLITS,
    HOLD_LAST,
    LATENESS_GOAL,
    LATENESS_TILT,
    MAX_BLOCKS,
    MYOPIC,
    NEAREST,
    NUM_RULES,
    SCORE,
)
from envs.plan_table import COST as COST_GOAL
from envs.state import NONE

_UNBOUNDED = 1 << 62


@internal
def write_slots(network, seen, plans):
    """Sorts the candidates and writes them into slots 0..n-1."""
    network, seen, plans = borrowed(network), borrowed(seen), borrowed(plans)
    count, order, has_holds = plans.counts[COUNT_CANDIDATES], plans.order, False
    candidates, scores = plans.candidates, plans.candidate_scores
    for a in range(count):
        place = a
        while place > 0 and _comes_before(candidates, scores, plans.candidate_options, a, order[place - 1]):
            order[place] = order[place - 1]
            place -= 1
        order[place] = a
    plans.counts[COUNT_OPTIONS] = 0
    for slot in range(count):
        _write_slot(seen, plans, slot, order[slot])
        has_holds = has_holds or plans.slots[slot]["hold_seconds"] > 0
    if has_holds:
        for slot in range(count):
            if plans.slots[slot]["hold_seconds"] > 0:
                _write_hold(network, seen, plans, slot, count)
    plans.counts[COUNT_PLANS] = count


@woven
def _comes_before(rows, scores, options, a, b):
    """Order of slots: score, then the canonical key (plan, hold, decline; number of parcels; options in order)."""
    if scores[a] != scores[b]:
        return scores[a] < scores[b]
    if rows[a]["num_parcels"] == 0 or rows[b]["num_parcels"] == 0:
        if rows[a]["num_parcels"] != rows[b]["num_parcels"]:
            return rows[b]["num_parcels"] == 0
        if rows[a]["hold_seconds"] == 0 or rows[b]["hold_seconds"] == 0:
            return rows[a]["hold_seconds"] != 0
        return rows[a]["hold_seconds"] < rows[b]["hold_seconds"]
    if rows[a]["num_parcels"] != rows[b]["num_parcels"]:
        return rows[a]["num_parcels"] < rows[b]["num_parcels"]
    return is_lower(options, a, b, rows[a]["num_parcels"])


@woven
def _write_slot(seen, plans, slot, candidate):
    row, option = plans.slots, plans.priced
    num_parcels = plans.candidates[candidate]["num_parcels"]
    hold_seconds = plans.candidates[candidate]["hold_seconds"]
    num_backordered, num_later, bid, quoted_at = 0, 0, 0, 0
    if num_parcels == 0:
        for part in range(NUM_PARTS):
            plans.costs[slot, part] = 0
        for rule in range(NUM_RULES):
            plans.rules[slot, rule] = 0
    for i in range(num_parcels, MAX_BLOCKS):
        plans.chosen[slot, i] = NONE
    for i in range(num_parcels):
        n = plans.candidate_options[candidate, i]
        plans.chosen[slot, i] = _kept(plans, n)
        if i == 0:
            for part in range(NUM_PARTS):
                plans.costs[slot, part] = plans.priced_costs[n, part]
            for rule in range(NUM_RULES):
                plans.rules[slot, rule] = plans.option_rules[n, rule]
        else:
            for part in range(NUM_PARTS):
                plans.costs[slot, part] += plans.priced_costs[n, part]
            for rule in range(NUM_RULES):
                plans.rules[slot, rule] += plans.option_rules[n, rule]
        bid += option[n]["bid_millicents"]
        quoted_at = max(quoted_at, option[n]["quoted_at"])
        if option[n]["receipt"] != NONE:
            num_backordered += option[n]["num_lines"]
        elif option[n]["release_at"] > 0:
            num_later += option[n]["num_lines"]
    row[slot]["is_decline"] = num_parcels == 0 and hold_seconds == 0
    row[slot]["hold_seconds"] = hold_seconds
    row[slot]["num_parcels"] = num_parcels
    row[slot]["num_backordered_lines"] = num_backordered
    row[slot]["num_later_lines"] = num_later
    row[slot]["guarantees"] = plans.candidates[candidate]["guarantees"]
    row[slot]["bid_millicents"] = bid
    row[slot]["quoted_at"] = quoted_at
    if num_parcels == 0 and hold_seconds == 0:
        plans.costs[slot, LOST_MARGIN] = seen.order[0]["margin_millicents"]
        for rule in range(NUM_RULES):
            plans.rules[slot, rule] = decline_value(seen, rule)


@woven
def _kept(plans, n):
    """Row of ``plans.options`` that holds a priced option."""
    row = plans.kept[n]
    if row == NONE:
        row = plans.counts[COUNT_OPTIONS]
        plans.counts[COUNT_OPTIONS] = row + 1
        plans.kept[n] = row
        plans.options[row] = plans.priced[n]
        for part in range(NUM_PARTS):
            plans.option_costs[row, part] = plans.priced_costs[n, part]
    return row


@woven
def decline_value(seen, rule):
    """What declining the asked order is worth by a rule."""
    margin = seen.order[0]["margin_millicents"]
    score = seen.clock[0]["weight_cost_permille"] * margin
    if rule in (SCORE, LATENESS_TILT):
        return score
    if rule == COST_TILT:
        return 3 * score
    if rule in (MYOPIC, COST_GOAL):
        return margin
    if rule in (LATENESS_GOAL, CARBON_GOAL):
        return 0
    return DECLINE_LAST


@woven
def hold_waiting(network, seen, seconds):
    """Cost of holding the asked order."""
    return seen.order[0]["num_lines"] * costs.waiting(network.settings, seconds)


@woven
def hold_surcharge(seen, rule, waiting):
    """What a hold that costs ``waiting`` is worth more than the best other slot by a rule that may hold."""
    weight = seen.clock[0]["weight_lateness_permille"]
    if rule in (SCORE, COST_TILT):
        return weight * waiting
    if rule == LATENESS_TILT:
        return 3 * weight * waiting
    if rule in (MYOPIC, LATENESS_GOAL):
        return waiting
    return 0


@woven
def _write_hold(network, seen, plans, slot, count):
    """A hold books its waiting only; by each objective it is worth the best other slot plus that."""
    waiting, rules = hold_waiting(network, seen, plans.slots[slot]["hold_seconds"]), plans.rules
    for rule in range(NUM_RULES):
        best = _UNBOUNDED
        for other in range(count):
            if plans.slots[other]["hold_seconds"] == 0:
                best = min(best, rules[other, rule])
        rules[slot, rule] = best + hold_surcharge(seen, rule, waiting)
    for rule in (CHEAPEST, FASTEST, NEAREST, FEWEST_SPLITS):
        rules[slot, rule] = HOLD_LAST
    plans.costs[slot, WAITING] = waiting
