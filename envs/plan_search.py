"""Search over set partitions for the plans that a table must not miss: the best by a rule, splits, backorders."""

from __future__ import annotations

from envs.borrowing import borrowed
from envs.compiling import internal, woven
from envs.compositions import (
    COLLIDES,
    IMPOSSIBLE,
    append,
    are_apart,
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
    MAX_PLANS,
    MYOPIC,
    NUM_RULES,
    SCORE,
)
from envs.state import NONE

_NOTHING = 1 << 62
_PLACE, _TAKEN, _BELOW = 0, 1, 2
_SPARE, _FOUND, _TRIAL, _ROW = 2 * MAX_PLANS - 1, 2 * MAX_PLANS - 2, 2 * MAX_PLANS - 3, 2 * MAX_PLANS - 4
"""Scratch rows behind all candidates: the best so far, the first that was found, a trial, the one looked at."""


@internal
def add_guaranteed(plans, first, last, max_parcels, first_rule, end_rule, may_search):
    """Makes candidates of the best plans by a range of rules and, if those are all, of splits and backorders.

    Candidates are flagged by what guarantees them.

    Returns:
        False if a search was needed that was not allowed.
    """
    plans = borrowed(plans)
    is_all = end_rule - first_rule == NUM_RULES
    for kind in range(first_rule, end_rule + is_all):
        rule, num_wanted, min_parcels = kind, 2 if is_all and kind >= COST_TILT else 1, 1
        if kind == NUM_RULES:
            rule, min_parcels = SCORE, 2  # splits; their flag follows those of the rules
        if not _add_best(plans, first, last, max_parcels, rule, num_wanted, min_parcels, 1 << kind, may_search):
            return False
    if is_all:
        _add_best_backorders(plans, first, last, max_parcels)
    return True


@woven
def _add_best(plans, first, last, max_parcels, rule, num_wanted, min_parcels, flag, may_search):
    """Guarantees the best plan by ``rule``; then the best of those that differ from a best composition in one part.

    Ties go by expected total cost, then in the order of slots: the choice of a router that follows the rule.
    """
    rows, rules, best = plans.candidate_options, plans.option_rules, plans.best
    num_first = 0
    for rank in range(num_wanted):
        num_best, best_value, best_cost, best_score = 0, _NOTHING, _NOTHING, _NOTHING
        for partition in range(first, last):
            num_parcels = NUM_PARTS_OF[partition]
            if not min_parcels <= num_parcels <= max_parcels:
                continue
            if _least(best, plans.best_values, partition, rule) > best_value:
                continue
            for changed in range(-1, num_parcels if rank > 0 else 0):
                other = NONE
                if changed >= 0:
                    other = best[PARTS[partition, changed], rule, 1]
                    if other == NONE:
                        continue
                kind = compose(best, plans.option_keys, rows, _ROW, partition, rule, changed, other)
                if kind == IMPOSSIBLE:
                    break
                value = value_of(rules, rows, _ROW, num_parcels, rule)
                if value > best_value:
                    continue
                cost = value_of(rules, rows, _ROW, num_parcels, MYOPIC)
                if value == best_value and cost > best_cost:
                    continue
                if kind == COLLIDES:
                    # The sums bound what the partition can give; only then is a search worth its time.
                    if not may_search:
                        return False
                    if not _search_by_rule(plans, partition, rule, best_value, num_first if rank > 0 else 0):
                        continue
                    value = value_of(rules, rows, _ROW, num_parcels, rule)
                    cost = value_of(rules, rows, _ROW, num_parcels, MYOPIC)
                score = value_of(rules, rows, _ROW, num_parcels, SCORE)
                if value == best_value and (
                    cost > best_cost
                    or (
                        cost == best_cost
                        and (
                            score > best_score
                            or (
                                score == best_score
                                and (num_parcels > num_best or not is_lower(rows, _ROW, _SPARE, num_parcels))
                            )
                        )
                    )
                ):
                    continue
                if rank > 0 and num_parcels == num_first and is_same(rows, _ROW, _FOUND, num_parcels):
                    continue
                num_best, best_value, best_cost, best_score = num_parcels, value, cost, score
                copy(rows, _ROW, _SPARE, num_parcels)
        if num_best == 0:
            break
        num_first = num_best
        _accept(plans.counts, plans.candidates, plans.candidate_scores, rows, rules, num_best, flag)
    return True


@woven
def _least(best, best_values, partition, rule):
    """Least value that a partition can have; beyond every value if a part has no option."""
    total = 0
    for i in range(NUM_PARTS_OF[partition]):
        part = PARTS[partition, i]
        if best[part, rule, 0] == NONE:
            return _NOTHING + 1
        total += best_values[part, rule]
    return total


@internal
def _accept(counts, candidates, scores, rows, rules, num_parcels, flag):
    """Guarantees the plan in the spare row and remembers it as found."""
    copy(rows, _SPARE, _FOUND, num_parcels)
    score = value_of(rules, rows, _SPARE, num_parcels, SCORE)
    count = counts[COUNT_CANDIDATES]
    known = place_of(candidates, scores, rows, _SPARE, num_parcels, count, score)
    if known != NONE:
        candidates[known]["guarantees"] |= flag
        return
    copy(rows, _SPARE, count, num_parcels)
    append(counts, candidates, scores, num_parcels, 0, flag, score)


@internal
def _search_by_rule(plans, partition, rule, value_to_reach, num_found):
    """Best plan of a partition whose best options collide, depth first over all its options.

    The plan of ``num_found`` parcels in the row of what was found before does not count; there is none of 0.

    Returns:
        True if one is at most ``value_to_reach``; it stands in the row looked at then.
    """
    plans = borrowed(plans)
    rows, rules, walk = plans.candidate_options, plans.option_rules, plans.walk
    num_parcels, depth, is_better = NUM_PARTS_OF[partition], 0, False
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
        taken = walk[_TAKEN, depth] + rules[option, rule]
        if taken + walk[_BELOW, depth] > value_to_reach or not is_apart(plans.option_keys, rows, _TRIAL, depth, option):
            continue
        rows[_TRIAL, depth] = option
        if depth + 1 < num_parcels:
            part = PARTS[partition, depth + 1]
            walk[_BELOW, depth + 1] = walk[_BELOW, depth] - plans.best_values[part, rule]
            depth += 1
            walk[_PLACE, depth], walk[_TAKEN, depth] = plans.subsets[part]["first_option"], taken
            continue
        if num_found == num_parcels and is_same(rows, _TRIAL, _FOUND, num_parcels):
            continue
        cost, score = (
            value_of(rules, rows, _TRIAL, num_parcels, MYOPIC),
            value_of(rules, rows, _TRIAL, num_parcels, SCORE),
        )
        if taken < value_to_reach or cost < best_cost or (cost == best_cost and score < best_score):
            value_to_reach, best_cost, best_score, is_better = taken, cost, score, True
            copy(rows, _TRIAL, _ROW, num_parcels)
    return is_better


@woven
def _add_best_backorders(plans, first, last, max_parcels):
    """Guarantees the two best plans that backorder a line, by score."""
    rows, rules, num_first = plans.candidate_options, plans.option_rules, 0
    for _ in range(2):
        num_best, best_value = 0, _NOTHING
        for partition in range(first, last):
            num_parcels = NUM_PARTS_OF[partition]
            if num_parcels > max_parcels:
                continue
            for part in range(num_parcels):
                for place in range(2):
                    option = plans.best_backorder[PARTS[partition, part], place]
                    if option == NONE:
                        continue
                    if compose(plans.best, plans.option_keys, rows, _ROW, partition, SCORE, part, option) == IMPOSSIBLE:
                        continue
                    # The second best differs in the line that waits, or in one of the others.
                    for changed in range(-1, num_parcels if place == 0 else 0):
                        usual = rows[_ROW, changed] if changed >= 0 else NONE
                        if changed >= 0:
                            other = plans.best[PARTS[partition, changed], SCORE, 1]
                            if changed == part or other == NONE:
                                continue
                            rows[_ROW, changed] = other
                        value = value_of(rules, rows, _ROW, num_parcels, SCORE)
                        if (
                            value < best_value
                            and not (num_parcels == num_first and is_same(rows, _ROW, _FOUND, num_parcels))
                            and are_apart(plans.option_keys, rows, _ROW, num_parcels)
                        ):
                            num_best, best_value = num_parcels, value
                            copy(rows, _ROW, _SPARE, num_parcels)
                        if changed >= 0:
                            rows[_ROW, changed] = usual
        if num_best == 0:
            return
        num_first = num_best
        _accept(plans.counts, plans.candidates, plans.candidate_scores, rows, rules, num_best, BACKORDER_FLAG)
