"""Plan enumeration: at most K plans for the order being decided, none of the good ones hidden.

Every rule and objective is a sum over parcels, so its best plan is a minimum over the set partitions of
the order's blocks of sums of per-subset minima: exact, and cheap. Guaranteed are the best plan by
every rule, two splits, two backorders, the holds and the always-real slot; the best plans by score fill the rest.
"""

from __future__ import annotations

from envs import blocks, costs, options
from envs.compiling import compiled, inlined
from envs.costs import LOST_MARGIN, NUM_PARTS, WAITING
from envs.partitions import FIRST_OF
from envs.plan_search import add_best_backorders, add_best_by_rule, add_best_by_score, add_best_splits
from envs.plan_table import (
    ALWAYS_REAL_FLAG,
    CARBON_GOAL,
    CHEAPEST,
    COST_TILT,
    COUNT_CANDIDATES,
    COUNT_PLANS,
    DECLINE_LAST,
    FASTEST,
    FEWEST_SPLITS,
    HOLD_FLAG,
    HOLD_LAST,
    LATENESS_GOAL,
    LATENESS_TILT,
    MAX_BLOCKS,
    MAX_PLANS,
    MYOPIC,
    NEAREST,
    NUM_RULES,
    SCORE,
)
from envs.plan_table import COST as COST_GOAL
from envs.state import MAX_HOLD_SECONDS, MAX_HOLDS, NONE

_UNBOUNDED = 1 << 62


@compiled
def enumerate_plans(network, seen, plans):
    """Fills slots 0..n-1 for the order in ``seen.order`` and returns n >= 1."""
    num_blocks = blocks.form_blocks(network, seen, plans)
    options.price_options(network, seen, plans, num_blocks)
    plans.counts[COUNT_CANDIDATES] = 0
    max_parcels = min(network.settings[0]["max_parcels"], MAX_BLOCKS)
    first, last = FIRST_OF[num_blocks], FIRST_OF[num_blocks + 1]
    for rule in range(NUM_RULES):
        num_wanted = 2 if rule in (COST_TILT, LATENESS_TILT) else 1
        add_best_by_rule(plans, first, last, max_parcels, rule, num_wanted)
    add_best_splits(plans, first, last, max_parcels)
    add_best_backorders(plans, first, last, max_parcels)
    has_decline = plans.counts[COUNT_CANDIDATES] == 0 or network.settings[0]["is_decline_a_choice"] != 0
    short, long = network.settings[0]["hold_short_seconds"], network.settings[0]["hold_long_seconds"]
    has_short = may_hold(seen, short)
    has_long = long != short and may_hold(seen, long)
    room = MAX_PLANS - has_decline - has_short - has_long
    add_best_by_score(plans, first, last, max_parcels, room)
    if has_decline:
        _add_decline(seen, plans)
    num_others = plans.counts[COUNT_CANDIDATES]
    if has_short:
        _add_hold(network, seen, plans, num_others, short)
    if has_long:
        _add_hold(network, seen, plans, num_others, long)
    _write_slots(network, seen, plans)
    return plans.counts[COUNT_PLANS]


@inlined
def may_hold(seen, seconds):
    """Whether the asked order may be held so long; not after a plan for it broke."""
    order = seen.order
    return (
        seconds > 0
        and order[0]["num_holds"] < MAX_HOLDS
        and order[0]["held_seconds"] + seconds <= MAX_HOLD_SECONDS
        and order[0]["is_again"] == 0
    )


@inlined
def _waiting(network, seen, seconds):
    """Cost of holding the asked order."""
    return seen.order[0]["num_lines"] * costs.waiting(network.settings, seconds)


@inlined
def _add_hold(network, seen, plans, num_others, seconds):
    """A hold is worth the best other candidate, later."""
    n, best = plans.counts[COUNT_CANDIDATES], _UNBOUNDED
    for other in range(num_others):
        best = min(best, plans.candidates[other]["score"])
    weight = seen.clock[0]["weight_lateness_permille"]
    plans.candidates[n]["score"] = best + weight * _waiting(network, seen, seconds)
    plans.candidates[n]["num_parcels"] = 0
    plans.candidates[n]["hold_seconds"] = seconds
    plans.candidates[n]["guarantees"] = HOLD_FLAG
    plans.counts[COUNT_CANDIDATES] = n + 1


@inlined
def _add_decline(seen, plans):
    n = plans.counts[COUNT_CANDIDATES]
    plans.candidates[n]["score"] = seen.clock[0]["weight_cost_permille"] * seen.order[0]["margin_millicents"]
    plans.candidates[n]["num_parcels"] = 0
    plans.candidates[n]["hold_seconds"] = 0
    plans.candidates[n]["guarantees"] = ALWAYS_REAL_FLAG
    plans.counts[COUNT_CANDIDATES] = n + 1


@inlined
def _comes_before(plans, a, b):
    """Order of slots: score, then the canonical key (plan, hold, decline; number of parcels; options in order)."""
    rows = plans.candidates
    if rows[a]["score"] != rows[b]["score"]:
        return rows[a]["score"] < rows[b]["score"]
    if rows[a]["num_parcels"] == 0 or rows[b]["num_parcels"] == 0:
        if rows[a]["num_parcels"] != rows[b]["num_parcels"]:
            return rows[b]["num_parcels"] == 0
        if rows[a]["hold_seconds"] == 0 or rows[b]["hold_seconds"] == 0:
            return rows[a]["hold_seconds"] != 0
        return rows[a]["hold_seconds"] < rows[b]["hold_seconds"]
    if rows[a]["num_parcels"] != rows[b]["num_parcels"]:
        return rows[a]["num_parcels"] < rows[b]["num_parcels"]
    for i in range(rows[a]["num_parcels"]):
        if plans.candidate_options[a, i] != plans.candidate_options[b, i]:
            return plans.candidate_options[a, i] < plans.candidate_options[b, i]
    return False


@inlined
def _write_slots(network, seen, plans):
    count = plans.counts[COUNT_CANDIDATES]
    order = plans.order
    for a in range(count):
        place = a
        while place > 0 and _comes_before(plans, a, order[place - 1]):
            order[place] = order[place - 1]
            place -= 1
        order[place] = a
    for slot in range(count):
        _write_slot(seen, plans, slot, order[slot])
    for slot in range(count):
        if plans.slots[slot]["hold_seconds"] > 0:
            _write_hold(network, seen, plans, slot, count)
    plans.counts[COUNT_PLANS] = count


@inlined
def _write_slot(seen, plans, slot, candidate):
    row, option = plans.slots, plans.options
    num_parcels = plans.candidates[candidate]["num_parcels"]
    hold_seconds = plans.candidates[candidate]["hold_seconds"]
    row[slot]["is_decline"] = num_parcels == 0 and hold_seconds == 0
    row[slot]["hold_seconds"] = hold_seconds
    row[slot]["num_parcels"] = num_parcels
    row[slot]["guarantees"] = plans.candidates[candidate]["guarantees"]
    row[slot]["num_backordered_lines"] = 0
    row[slot]["num_later_lines"] = 0
    row[slot]["bid_millicents"] = 0
    row[slot]["quoted_at"] = 0
    plans.costs[slot] = 0
    plans.rules[slot] = 0
    plans.chosen[slot] = NONE
    for i in range(num_parcels):
        n = plans.candidate_options[candidate, i]
        plans.chosen[slot, i] = n
        for part in range(NUM_PARTS):
            plans.costs[slot, part] += plans.option_costs[n, part]
        for rule in range(NUM_RULES):
            plans.rules[slot, rule] += plans.option_rules[n, rule]
        row[slot]["bid_millicents"] += option[n]["bid_millicents"]
        row[slot]["quoted_at"] = max(row[slot]["quoted_at"], option[n]["quoted_at"])
        if option[n]["receipt"] != NONE:
            row[slot]["num_backordered_lines"] += option[n]["num_lines"]
        elif option[n]["release_at"] > 0:
            row[slot]["num_later_lines"] += option[n]["num_lines"]
    if row[slot]["is_decline"]:
        margin = seen.order[0]["margin_millicents"]
        plans.costs[slot, LOST_MARGIN] = margin
        plans.rules[slot] = DECLINE_LAST
        plans.rules[slot, SCORE] = plans.candidates[candidate]["score"]
        plans.rules[slot, MYOPIC] = margin
        plans.rules[slot, COST_GOAL] = margin
        plans.rules[slot, LATENESS_GOAL] = 0
        plans.rules[slot, CARBON_GOAL] = 0
        plans.rules[slot, COST_TILT] = 3 * plans.candidates[candidate]["score"]
        plans.rules[slot, LATENESS_TILT] = plans.candidates[candidate]["score"]


@inlined
def _write_hold(network, seen, plans, slot, count):
    """A hold books its waiting only; by each objective it is worth the best other slot plus that."""
    waiting = _waiting(network, seen, plans.slots[slot]["hold_seconds"])
    rules, weight = plans.rules, seen.clock[0]["weight_lateness_permille"]
    rules[slot] = _UNBOUNDED
    for other in range(count):
        if plans.slots[other]["hold_seconds"] == 0:
            for rule in range(NUM_RULES):
                rules[slot, rule] = min(rules[slot, rule], rules[other, rule])
    rules[slot, SCORE] += weight * waiting
    rules[slot, MYOPIC] += waiting
    rules[slot, LATENESS_GOAL] += waiting
    rules[slot, COST_TILT] += weight * waiting
    rules[slot, LATENESS_TILT] += 3 * weight * waiting
    for rule in (CHEAPEST, FASTEST, NEAREST, FEWEST_SPLITS):
        rules[slot, rule] = HOLD_LAST
    plans.costs[slot, WAITING] = waiting
