"""Search over set partitions for the plans that a table must not miss: the best by a rule, splits, backorders."""

from __future__ import annotations

from envs.borrowing import borrowed
from envs.compiling import internal, woven
from envs.compositions import (
    COLLIDES,
    IMPOSSIBLE,
    IS_PLAN,
    append,
    compose,
    copy,
    is_apart,
    is_lower,
    is_same,
    place_of,
    value_of,
)
from envs.partitions import NUM_PARTS_OF, PARTS
from envs.plan_table import (
    BACKORDER_FLAG,
    COST_TILT,
    COUNT_CANDIDATES,
    LATENESS_TILT,
    MAX_PLANS,
    MYOPIC,
    NUM_RULES,
    SCORE,
    SPLIT_FLAG,
)
from envs.state import NONE

_NOTHING = 1 << 62
_PLACE, _TAKEN, _BELOW = 0, 1, 2
_SPARE, _FOUND, _TRIAL, _ROW = 2 * MAX_PLANS - 1, 2 * MAX_PLANS - 2, 2 * MAX_PLANS - 3, 2 * MAX_PLANS - 4
"""Scratch rows behind all candidates: the best so far, the first that was found, a trial, the one looked at."""


@internal
def add_guaranteed(plans, first, last, max_parcels):
    """Makes candidates of the plans that a table must not miss, flagged by what guarantees them."""
    plans = borrowed(plans)
    for rule in range(NUM_RULES):
        add_best(
            plans, first, last, max_parcels, rule, 2 if rule in (COST_TILT, LATENESS_TILT) else 1, 1, 1 << rule, True
        )
    add_best(plans, first, last, max_parcels, SCORE, 2, 2, SPLIT_FLAG, True)
    _add_best_backorders(plans, first, last, max_parcels)


@internal
def add_best(plans, first, last, max_parcels, rule, num_wanted, min_parcels, flag, may_search):
    """Guarantees the best plan by ``rule``; then the best of those that differ from a best composition in one part.

    Ties go by expected total cost, then in the order of slots: the choice of a router that follows the rule.

    Returns:
        False if a search was needed that was not allowed.
    """
    plans = borrowed(plans)
    num_first = 0
    for rank in range(num_wanted):
        num_best, best_value, best_cost, best_score = 0, _NOTHING, _NOTHING, _NOTHING
        for partition in range(first, last):
            num_parcels = NUM_PARTS_OF[partition]
            if not min_parcels <= num_parcels <= max_parcels:
                continue
            bound = _least(plans, partition, rule)
            if bound > best_value:
                continue
            for changed in range(-1, num_parcels if rank > 0 else 0):
                other = NONE
                if changed >= 0:
                    other = plans.best[PARTS[partition, changed], rule, 1]
                    if other == NONE:
                        continue
                kind = compose(plans, _ROW, partition, rule, changed, other)
                if kind == IMPOSSIBLE:
                    break
                value = value_of(plans, _ROW, num_parcels, rule)
                if value > best_value:
                    continue
                if kind == COLLIDES:
                    # The sum bounds what the partition can give; only then is a search worth its time.
                    if not may_search:
                        return False
                    if rank > 0 or not _search_by_rule(plans, partition, rule, best_value):
                        continue
                    value = value_of(plans, _ROW, num_parcels, rule)
                cost, score = value_of(plans, _ROW, num_parcels, MYOPIC), value_of(plans, _ROW, num_parcels, SCORE)
                if value == best_value and (cost, score) >= (best_cost, best_score):
                    if (cost, score) > (best_cost, best_score) or num_parcels > num_best:
                        continue
                    if not is_lower(plans, _ROW, _SPARE, num_parcels):
                        continue
                if rank > 0 and num_parcels == num_first and is_same(plans, _ROW, _FOUND, num_parcels):
                    continue
                num_best, best_value, best_cost, best_score = num_parcels, value, cost, score
                copy(plans, _ROW, _SPARE, num_parcels)
        if num_best == 0:
            break
        num_first = num_best
        _accept(plans, num_best, flag)
    return True


@woven
def _least(plans, partition, rule):
    """Least value that a partition can have; beyond every value if a part has no option."""
    total = 0
    for i in range(NUM_PARTS_OF[partition]):
        part = PARTS[partition, i]
        if plans.best[part, rule, 0] == NONE:
            return _NOTHING + 1
        total += plans.best_values[part, rule]
    return total


@woven
def _accept(plans, num_parcels, flag):
    """Guarantees the plan in the spare row and remembers it as found."""
    copy(plans, _SPARE, _FOUND, num_parcels)
    score = value_of(plans, _SPARE, num_parcels, SCORE)
    count = plans.counts[COUNT_CANDIDATES]
    known = place_of(plans, _SPARE, num_parcels, count, score)
    if known != NONE:
        plans.candidates[known]["guarantees"] |= flag
        return
    copy(plans, _SPARE, count, num_parcels)
    append(plans, num_parcels, 0, flag, score)


@internal
def _search_by_rule(plans, partition, rule, value_to_reach):
    """Best plan of a partition whose best options collide, depth first over all its options.

    Returns:
        True if one is at most ``value_to_reach``; it stands in the row looked at then.
    """
    plans = borrowed(plans)
    num_parcels, walk, depth, is_better = NUM_PARTS_OF[partition], plans.walk, 0, False
    best_cost, best_score, below = _NOTHING, _NOTHING, 0
    for i in range(1, num_parcels):
        below += plans.best_values[PARTS[partition, i], rule]
    walk[_PLACE, 0], walk[_TAKEN, 0], walk[_BELOW, 0] = plans.subsets[PARTS[partition, 0]]["first_option"], 0, below
    while depth >= 0:
        option = walk[_PLACE, depth]
        if option == NONE:
            depth -= 1
            continue
        walk[_PLACE, depth] = plans.next_option[option]
        taken = walk[_TAKEN, depth] + plans.option_rules[option, rule]
        if taken + walk[_BELOW, depth] > value_to_reach or not is_apart(plans, _TRIAL, depth, option):
            continue
        plans.candidate_options[_TRIAL, depth] = option
        if depth + 1 < num_parcels:
            part = PARTS[partition, depth + 1]
            walk[_BELOW, depth + 1] = walk[_BELOW, depth] - plans.best_values[part, rule]
            depth += 1
            walk[_PLACE, depth], walk[_TAKEN, depth] = plans.subsets[part]["first_option"], taken
            continue
        cost, score = value_of(plans, _TRIAL, num_parcels, MYOPIC), value_of(plans, _TRIAL, num_parcels, SCORE)
        if taken < value_to_reach or (cost, score) < (best_cost, best_score):
            value_to_reach, best_cost, best_score, is_better = taken, cost, score, True
            copy(plans, _TRIAL, _ROW, num_parcels)
    return is_better


@woven
def _add_best_backorders(plans, first, last, max_parcels):
    """Guarantees the two best plans that backorder a line, by score."""
    num_first = 0
    for _ in range(2):
        num_best, best_value = 0, _NOTHING
        for partition in range(first, last):
            num_parcels = NUM_PARTS_OF[partition]
            if num_parcels > max_parcels:
                continue
            for part in range(num_parcels):
                for place in range(2):
                    option = plans.best_backorder[PARTS[partition, part], place]
                    if option == NONE or compose(plans, _ROW, partition, SCORE, part, option) != IS_PLAN:
                        continue
                    value = value_of(plans, _ROW, num_parcels, SCORE)
                    if value >= best_value or (num_parcels == num_first and is_same(plans, _ROW, _FOUND, num_parcels)):
                        continue
                    num_best, best_value = num_parcels, value
                    copy(plans, _ROW, _SPARE, num_parcels)
        if num_best == 0:
            return
        num_first = num_best
        _accept(plans, num_best, BACKORDER_FLAG)
