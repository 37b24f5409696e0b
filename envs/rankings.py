"""Rankings of the options of a subset: the best by every rule, the best backorders, the best K by score.

Ties go by expected total cost, then by score, then to the option priced first.
"""

from __future__ import annotations

from envs.compiling import woven
from envs.plan_table import COST_TILT, MAX_PLANS, MYOPIC, NUM_RULES, SCORE
from envs.state import NONE

UNRANKED = 1 << 62
"""Best value of a subset without options; beyond every value."""


@woven
def clear(plans, num_subsets, first_rule, end_rule):
    """Forgets the options of all subsets."""
    for subset in range(1, num_subsets):
        plans.subsets[subset]["num_ranked"] = 0
        plans.subsets[subset]["first_option"] = NONE
        plans.subsets[subset]["last_option"] = NONE
        plans.best_backorder[subset, 0] = NONE
        plans.best_backorder[subset, 1] = NONE
        for rule in range(first_rule, end_rule):
            plans.best_values[subset, rule] = UNRANKED
            plans.best[subset, rule, 0] = NONE
            plans.best[subset, rule, 1] = NONE


@woven
def rank(plans, subset, n, receipt, first_rule, end_rule):
    """Keeps option ``n`` if it is a best of its subset by a rule of the range, or among the best K by score."""
    rules, best, values = plans.option_rules, plans.best, plans.best_values
    _link(plans.subsets, plans.next_option, subset, n)
    for rule in range(first_rule, end_rule):
        value, least = rules[n, rule], values[subset, rule]
        # The best value stands beside the others, so that most options are left behind after one look.
        if value < least or (value == least and _wins_tie(rules, n, best[subset, rule, 0])):
            best[subset, rule, 1], best[subset, rule, 0] = best[subset, rule, 0], n
            values[subset, rule] = value
        elif (rule == SCORE or rule >= COST_TILT) and _comes_first(rules, n, best[subset, rule, 1], rule):
            best[subset, rule, 1] = n
    if end_rule - first_rule < NUM_RULES:
        return
    if receipt != NONE:
        waiting = plans.best_backorder
        if _comes_first(rules, n, waiting[subset, 0], SCORE):
            waiting[subset, 1] = waiting[subset, 0]
            waiting[subset, 0] = n
        elif _comes_first(rules, n, waiting[subset, 1], SCORE):
            waiting[subset, 1] = n
    _insert(plans.subsets, plans.ranked, plans.ranked_scores, subset, n, rules[n, SCORE])


@woven
def _link(subsets, next_option, subset, n):
    before = subsets[subset]["last_option"]
    subsets[subset]["last_option"] = n
    next_option[n] = NONE
    if before == NONE:
        subsets[subset]["first_option"] = n
    else:
        next_option[before] = n


@woven
def _insert(subsets, ranked, scores, subset, n, score):
    """Sorts an option into the best K by score."""
    count = subsets[subset]["num_ranked"]
    if count == MAX_PLANS:
        if score >= scores[subset, count - 1]:
            return
        count -= 1
    place = count
    while place > 0 and scores[subset, place - 1] > score:
        scores[subset, place] = scores[subset, place - 1]
        ranked[subset, place] = ranked[subset, place - 1]
        place -= 1
    scores[subset, place], ranked[subset, place] = score, n
    subsets[subset]["num_ranked"] = count + 1


@woven
def is_hopeless(best, values, rules, subset, rule, least_value, least_cost):
    """Whether an option of at least this value and total cost cannot be the best of its subset."""
    value = values[subset, rule]
    return least_value > value or (least_value == value and least_cost > rules[best[subset, rule, 0], MYOPIC])


@woven
def _wins_tie(rules, n, other):
    if rules[n, MYOPIC] != rules[other, MYOPIC]:
        return rules[n, MYOPIC] < rules[other, MYOPIC]
    return rules[n, SCORE] < rules[other, SCORE]


@woven
def _comes_first(rules, n, other, rule):
    """Whether option ``n`` is better than ``other`` by ``rule``."""
    if other == NONE or rules[n, rule] < rules[other, rule]:
        return True
    return rules[n, rule] == rules[other, rule] and _wins_tie(rules, n, other)
