"""Plan enumeration: at most K plans for the order being decided, none of the good ones hidden.

Every rule and objective is a sum over parcels, so its best plan is a minimum over the set partitions of
the order's blocks of sums of per-subset minima: exact, and cheap. Guaranteed are the best plan by
every rule, two splits, two backorders and the always-real slot; the best plans by score fill the rest.
"""

from __future__ import annotations

from envs import blocks, options
from envs.compiling import compiled
from envs.costs import LOST_MARGIN, NUM_PARTS
from envs.partitions import FIRST_OF, NUM_PARTS_OF, PARTS
from envs.plan_table import (
    ALWAYS_REAL_FLAG,

    CARBON_GOAL,
    COUNT_CANDIDATES,
    COUNT_PLANS,
    DECLINE_LAST,
    LATENESS_GOAL,
    MAX_BLOCKS,
    MAX_PLANS,
    MYOPIC,
    NUM_RULES,
    SCORE,

)
from envs.plan_table import COST as COST_GOAL
from envs.plan_search import add_best_by_rule, add_best_pairs, add_best_by_score
from envs.state import NONE


@compiled
def enumerate_plans(network, seen, plans):
    """Fills slots 0..n-1 for the order in ``seen.order`` and returns n >= 1."""
    num_blocks = blocks.form_blocks(network, seen, plans)
    options.price_options(network, seen, plans, num_blocks)
    plans.count[COUNT_CANDIDATES] = 0
    max_parcels = min(network.settings["max_parcels"][0], MAX_BLOCKS)
    first, last = FIRST_OF[num_blocks], FIRST_OF[num_blocks + 1]
    for rule in range(NUM_RULES):
        add_best_by_rule(plans, first, last, max_parcels, rule)
    add_best_pairs(plans, first, last, max_parcels)
    has_decline = plans.count[COUNT_CANDIDATES] == 0 or network.settings["is_decline_a_choice"][0] != 0
    room = MAX_PLANS - 1 if has_decline else MAX_PLANS
    add_best_by_score(plans, first, last, max_parcels, room)
    if has_decline:
        _add_decline(seen, plans)
    _write_slots(network, seen, plans)
    return plans.count[COUNT_PLANS]


@compiled
def _add_decline(seen, plans):
    n = plans.count[COUNT_CANDIDATES]
    plans.candidates["score"][n] = seen.clock["weight_cost_permille"][0] * seen.order["margin_millicents"][0]
    plans.candidates["num_parcels"][n] = 0
    plans.candidates["guarantees"][n] = ALWAYS_REAL_FLAG
    plans.count[COUNT_CANDIDATES] = n + 1


@compiled
def _comes_before(plans, a, b):
    """Order of slots: score, then the canonical key (number of parcels, options in order)."""
    rows = plans.candidates
    if rows["score"][a] != rows["score"][b]:
        return rows["score"][a] < rows["score"][b]
    if rows["num_parcels"][a] != rows["num_parcels"][b]:
        return rows["num_parcels"][a] < rows["num_parcels"][b]
    for i in range(rows["num_parcels"][a]):
        if plans.candidate_options[a, i] != plans.candidate_options[b, i]:
            return plans.candidate_options[a, i] < plans.candidate_options[b, i]
    return False


@compiled
def _write_slots(network, seen, plans):
    count = plans.count[COUNT_CANDIDATES]
    for a in range(count):
        place = 0
        for b in range(count):
            if b != a and _comes_before(plans, b, a):
                place += 1
        _write_slot(seen, plans, place, a)
    plans.count[COUNT_PLANS] = count


@compiled
def _write_slot(seen, plans, slot, candidate):
    row, option = plans.slots, plans.options
    num_parcels = plans.candidates["num_parcels"][candidate]
    row["is_decline"][slot] = num_parcels == 0
    row["num_parcels"][slot] = num_parcels
    row["guarantees"][slot] = plans.candidates["guarantees"][candidate]
    row["num_backordered_lines"][slot] = 0
    row["bid_millicents"][slot] = 0
    row["quoted_at"][slot] = 0
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
        row["bid_millicents"][slot] += option["bid_millicents"][n]
        row["quoted_at"][slot] = max(row["quoted_at"][slot], option["quoted_at"][n])
        if option["receipt"][n] != NONE:
            row["num_backordered_lines"][slot] += option["num_lines"][n]
    if num_parcels == 0:
        margin = seen.order["margin_millicents"][0]
        plans.costs[slot, LOST_MARGIN] = margin
        plans.rules[slot] = DECLINE_LAST
        plans.rules[slot, SCORE] = plans.candidates["score"][candidate]
        plans.rules[slot, MYOPIC] = margin
        plans.rules[slot, COST_GOAL] = margin
        plans.rules[slot, LATENESS_GOAL] = 0
        plans.rules[slot, CARBON_GOAL] = 0


