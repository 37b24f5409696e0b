"""The rest of the table: the best plans by score that are not guaranteed anyway."""

from __future__ import annotations

from envs.borrowing import borrowed
from envs.compiling import internal, woven
from envs.compositions import append, copy, is_apart, place_of, write
from envs.partitions import NUM_PARTS_OF, PARTS
from envs.plan_table import (
    BACKORDER_FLAG,
    COST_TILT,
    COUNT_CANDIDATES,
    COUNT_PRICED,
    LATENESS_TILT,
    MAX_PLANS,
    NUM_RULES,
)
from envs.state import NONE

_NOTHING = 1 << 62
_PLACE, _TAKEN, _BELOW = 0, 1, 2
_ROW = 2 * MAX_PLANS - 4
"""Scratch row behind all candidates."""


@internal
def add_best_by_score(plans, first, last, max_parcels, room):
    """Fills the candidates up to ``room`` with the best plans by score.

    Guaranteed plans stay; beyond ``room`` a better plan replaces the worst filler. The search walks each
    partition's ranked options depth first and leaves a branch when its lower bound cannot enter.
    """
    plans = borrowed(plans)
    num_guaranteed = plans.counts[COUNT_CANDIDATES]
    worst, where = _worst(plans.candidate_scores, num_guaranteed, num_guaranteed, room)
    for partition in range(first, last):
        if NUM_PARTS_OF[partition] <= max_parcels:
            worst, where = _search_partition(plans, partition, num_guaranteed, room, worst, where)


@woven
def _worst(scores, num_guaranteed, count, room):
    """Score that a filler has to beat and where it stands; anything enters while there is room."""
    if count < room:
        return _NOTHING, NONE
    worst, where = -_NOTHING, NONE
    for i in range(num_guaranteed, count):
        if scores[i] >= worst:
            worst, where = scores[i], i
    return worst, where


@woven
def _search_partition(plans, partition, num_guaranteed, room, worst, where):
    rows, ranked_scores, subsets = plans.candidate_options, plans.ranked_scores, plans.subsets
    candidates, scores, counts = plans.candidates, plans.candidate_scores, plans.counts
    num_parcels = NUM_PARTS_OF[partition]
    bound = 0  # least score that this partition can have
    for i in range(num_parcels):
        part = PARTS[partition, i]
        if subsets[part]["num_ranked"] == 0:
            return worst, where
        bound += ranked_scores[part, 0]
    walk, depth = plans.walk, 0
    walk[_PLACE, 0], walk[_TAKEN, 0] = 0, 0
    walk[_BELOW, 0] = bound - ranked_scores[PARTS[partition, 0], 0]
    while depth >= 0:
        part, place = PARTS[partition, depth], walk[_PLACE, depth]
        if place == subsets[part]["num_ranked"]:
            depth -= 1
            continue
        taken = walk[_TAKEN, depth] + ranked_scores[part, place]
        if taken + walk[_BELOW, depth] >= worst:
            depth -= 1
            continue
        walk[_PLACE, depth] = place + 1
        option = plans.ranked[part, place]
        if not is_apart(plans.option_keys, rows, _ROW, depth, option):
            continue
        rows[_ROW, depth] = option
        if depth + 1 < num_parcels:
            walk[_BELOW, depth + 1] = walk[_BELOW, depth] - ranked_scores[PARTS[partition, depth + 1], 0]
            depth += 1
            walk[_PLACE, depth], walk[_TAKEN, depth] = 0, taken
        elif place_of(candidates, scores, rows, _ROW, num_parcels, num_guaranteed, taken) == NONE:
            count = counts[COUNT_CANDIDATES]
            if count < room:
                where = count
                counts[COUNT_CANDIDATES] = count + 1
            copy(rows, _ROW, where, num_parcels)
            write(candidates, scores, where, num_parcels, 0, 0, taken)
            worst, where = _worst(scores, num_guaranteed, counts[COUNT_CANDIDATES], room)
    return worst, where


@internal
def add_single_parcels(plans, room):
    """The same candidates as guarantees and fillers together, when every plan is one parcel and K hold all options.

    They enter in the order of slots. On a network like ``metro`` every second order is such a case.
    """
    plans = borrowed(plans)
    flags = plans.order  # scratch: guarantees by option
    num_fillers = room
    for n in range(plans.counts[COUNT_PRICED]):
        flags[n] = 0
    for rule in range(NUM_RULES):
        if plans.best[1, rule, 0] != NONE:
            flags[plans.best[1, rule, 0]] |= 1 << rule
        if rule in (COST_TILT, LATENESS_TILT) and plans.best[1, rule, 1] != NONE:
            flags[plans.best[1, rule, 1]] |= 1 << rule
    for place in range(2):
        if plans.best_backorder[1, place] != NONE:
            flags[plans.best_backorder[1, place]] |= BACKORDER_FLAG
    for n in range(plans.counts[COUNT_PRICED]):
        num_fillers -= flags[n] != 0
    for place in range(plans.subsets[1]["num_ranked"]):
        n = plans.ranked[1, place]
        if flags[n] == 0:
            num_fillers -= 1
            if num_fillers < 0:
                continue
        plans.candidate_options[plans.counts[COUNT_CANDIDATES], 0] = n
        append(plans.counts, plans.candidates, plans.candidate_scores, 1, 0, flags[n], plans.ranked_scores[1, place])
