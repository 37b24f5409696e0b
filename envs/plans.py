"""Plan enumeration: at most K plans for the order being decided, none of the good ones hidden.

Every rule and objective is a sum over parcels, so its best plan is a minimum over the set partitions of
the order's blocks of sums of per-subset minima: exact, and cheap. Guaranteed are the best plan by
every rule, two splits, two backorders, the holds and the always-real slot; the best plans by score fill the rest.
"""

from __future__ import annotations

from envs import blocks, options, slots
from envs.borrowing import borrowed
from envs.compiling import compiled, woven
from envs.compositions import append, value_of
from envs.partitions import FIRST_OF
from envs.plan_fill import add_best_by_score, add_single_parcels
from envs.plan_search import add_guaranteed
from envs.plan_table import (
    ALWAYS_REAL_FLAG,
    CHEAPEST,
    COUNT_CANDIDATES,
    COUNT_PLANS,
    COUNT_PRICED,
    FEWEST_SPLITS,
    HOLD_FLAG,
    MAX_BLOCKS,
    MAX_PLANS,
    MYOPIC,
    NUM_RULES,
    SCORE,
    SCORE_AND_HOLD,
)
from envs.state import MAX_HOLD_SECONDS, MAX_HOLDS

_UNBOUNDED = 1 << 62


@compiled
def enumerate_plans(network, seen, plans):
    """Fills slots 0..n-1 for the order in ``seen.order`` and returns n >= 1."""
    network, seen, plans = borrowed(network), borrowed(seen), borrowed(plans)
    num_blocks = blocks.form_blocks(network, seen, plans)
    options.price_options(network, seen, plans, num_blocks, 0, NUM_RULES, False)
    plans.counts[COUNT_CANDIDATES] = 0
    max_parcels = min(network.settings[0]["max_parcels"], MAX_BLOCKS)
    first, last = FIRST_OF[num_blocks], FIRST_OF[num_blocks + 1]
    short, long = network.settings[0]["hold_short_seconds"], network.settings[0]["hold_long_seconds"]
    has_short = may_hold(seen, short)
    has_long = long != short and may_hold(seen, long)
    room = MAX_PLANS - has_short - has_long
    if num_blocks == 1 and plans.counts[COUNT_PRICED] <= MAX_PLANS:
        has_decline = plans.counts[COUNT_PRICED] == 0 or network.settings[0]["is_decline_a_choice"] != 0
        add_single_parcels(plans, room - has_decline)
    else:
        add_guaranteed(plans, first, last, max_parcels, 0, NUM_RULES, True)
        has_decline = plans.counts[COUNT_CANDIDATES] == 0 or network.settings[0]["is_decline_a_choice"] != 0
        add_best_by_score(plans, first, last, max_parcels, room - has_decline)
    if has_decline:
        _add_choice(plans, 0, ALWAYS_REAL_FLAG, slots.decline_value(seen, SCORE))
    if has_short or has_long:
        best = _UNBOUNDED  # a hold is worth the best other candidate, later
        for other in range(plans.counts[COUNT_CANDIDATES]):
            best = min(best, plans.candidate_scores[other])
        for seconds, is_offered in ((short, has_short), (long, has_long)):
            if is_offered:
                surcharge = slots.hold_surcharge(seen, SCORE, slots.hold_waiting(network, seen, seconds))
                _add_choice(plans, seconds, HOLD_FLAG, best + surcharge)
    slots.write_slots(network, seen, plans)
    return plans.counts[COUNT_PLANS]


@woven
def may_hold(seen, seconds):
    """Whether the asked order may be held so long; not after a plan for it broke."""
    order = seen.order
    return (
        seconds > 0
        and order[0]["num_holds"] < MAX_HOLDS
        and order[0]["held_seconds"] + seconds <= MAX_HOLD_SECONDS
        and order[0]["is_again"] == 0
    )


@woven
def _add_choice(plans, hold_seconds, flag, score):
    """A candidate without parcels."""
    append(plans.counts, plans.candidates, plans.candidate_scores, 0, hold_seconds, flag, score)


@compiled
def best_plan(network, seen, plans, rule):
    """Writes into slot 0, alone, what a router that follows ``rule`` would choose from the whole table.

    That is the slot least by (rule, expected total cost, slot). Most options need not be priced for it. Where anything
    but the best plan could be that slot, the whole table is made after all. For ``SCORE_AND_HOLD`` the shortest hold
    that is offered comes behind it.
    """
    network, seen, plans = borrowed(network), borrowed(seen), borrowed(plans)
    keeps_hold, rule = rule == SCORE_AND_HOLD, SCORE if rule == SCORE_AND_HOLD else rule
    num_blocks = blocks.form_blocks(network, seen, plans)
    max_parcels = min(network.settings[0]["max_parcels"], MAX_BLOCKS)
    first, last = FIRST_OF[num_blocks], FIRST_OF[num_blocks + 1]
    for is_pruning in (True, False):
        options.price_options(network, seen, plans, num_blocks, rule, rule + 1, is_pruning)
        plans.counts[COUNT_CANDIDATES] = 0
        if add_guaranteed(plans, first, last, max_parcels, rule, rule + 1, not is_pruning):
            break
    if plans.counts[COUNT_CANDIDATES] == 0 or _may_beat(network, seen, plans, rule):
        _choose_from_all(network, seen, plans, rule, keeps_hold)
    else:
        if keeps_hold:
            _add_shortest_hold(network, seen, plans, plans.candidate_scores[0])
        slots.write_slots(network, seen, plans)


@woven
def _add_shortest_hold(network, seen, plans, best):
    """The shortest hold, if one is offered, worth ``best`` by score and its waiting."""
    short, long = network.settings[0]["hold_short_seconds"], network.settings[0]["hold_long_seconds"]
    seconds = short if may_hold(seen, short) else long
    if may_hold(seen, seconds):
        surcharge = slots.hold_surcharge(seen, SCORE, slots.hold_waiting(network, seen, seconds))
        _add_choice(plans, seconds, HOLD_FLAG, best + surcharge)


@woven
def _may_beat(network, seen, plans, rule):
    """Whether declining or holding could be chosen instead of the only candidate."""
    value = value_of(plans.option_rules, plans.candidate_options, 0, plans.candidates[0]["num_parcels"], rule)
    if network.settings[0]["is_decline_a_choice"] and slots.decline_value(seen, rule) <= value:
        return True
    if CHEAPEST <= rule <= FEWEST_SPLITS:
        return False
    for seconds in (network.settings[0]["hold_short_seconds"], network.settings[0]["hold_long_seconds"]):
        if may_hold(seen, seconds):
            waiting = slots.hold_waiting(network, seen, seconds)
            if slots.hold_surcharge(seen, rule, waiting) == 0:
                return True
    return False


@woven
def _choose_from_all(network, seen, plans, rule, keeps_hold):
    rules, best, hold, shortest = plans.rules, 0, 0, 0
    count = enumerate_plans(network, seen, plans)
    for slot in range(1, count):
        seconds = plans.slots[slot]["hold_seconds"]
        if seconds > 0 and (shortest == 0 or seconds < shortest):
            hold, shortest = slot, seconds
        if rules[slot, rule] < rules[best, rule] or (
            rules[slot, rule] == rules[best, rule] and rules[slot, MYOPIC] < rules[best, MYOPIC]
        ):
            best = slot
    _move_slot(plans, best, 0)
    if plans.slots[0]["num_parcels"] > 0:
        plans.slots[0]["guarantees"] = 1 << rule
    plans.counts[COUNT_PLANS] = 1
    if keeps_hold and hold > 0:  # a hold is never the first slot of a table
        _move_slot(plans, hold, 1)
        plans.counts[COUNT_PLANS] = 2


@woven
def _move_slot(plans, source, target):
    plans.slots[target] = plans.slots[source]
    plans.chosen[target] = plans.chosen[source]
    plans.costs[target] = plans.costs[source]
    plans.rules[target] = plans.rules[source]
