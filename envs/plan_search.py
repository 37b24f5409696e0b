"""Search over set partitions: the best plan by a rule, the best splits and backorders, the best K by score."""

from __future__ import annotations

from envs.compiling import compiled, inlined
from envs.partitions import NUM_PARTS_OF, PARTS
from envs.plan_table import (
    BACKORDER_FLAG,
    COUNT_CANDIDATES,
    MAX_BLOCKS,
    MAX_PLANS,
    MYOPIC,
    SCORE,
    SPLIT_FLAG,
)
from envs.state import NONE

_NOTHING = 1 << 62
_PLACE, _TAKEN, _BELOW = 0, 1, 2


@inlined
def _is_merged(plans, slot, depth, option):
    """False if ``option`` would be a second parcel from stock of the same warehouse and service."""
    rows = plans.options
    if rows[option]["receipt"] != NONE:
        return True
    for i in range(depth):
        other = plans.candidate_options[slot, i]
        if (
            rows[other]["receipt"] == NONE
            and rows[other]["warehouse"] == rows[option]["warehouse"]
            and rows[other]["service"] == rows[option]["service"]
        ):
            return False
    return True


@inlined
def _is_same(plans, a, b, num_parcels):
    for i in range(num_parcels):  # noqa: SIM110 - a generator would be slower when compiled
        if plans.candidate_options[a, i] != plans.candidate_options[b, i]:
            return False
    return True


@inlined
def _is_new(plans, slot, num_parcels, count, score):
    """Whether the scratch row ``slot`` differs from the first ``count`` candidates."""
    for other in range(count):
        row = plans.candidates[other]
        if row["score"] == score and row["num_parcels"] == num_parcels and _is_same(plans, other, slot, num_parcels):
            return False
    return True


@inlined
def _write(plans, where, slot, num_parcels, score):
    """Copies the scratch row ``slot`` to candidate ``where``."""
    for i in range(num_parcels):
        plans.candidate_options[where, i] = plans.candidate_options[slot, i]
    plans.candidates[where]["score"] = score
    plans.candidates[where]["num_parcels"] = num_parcels
    plans.candidates[where]["guarantees"] = 0


@inlined
def _guarantee(plans, slot, num_parcels, flag):
    """Makes the scratch row ``slot`` a candidate, or finds it among them, and flags it."""
    count = plans.counts[COUNT_CANDIDATES]
    score = _value(plans, slot, num_parcels, SCORE)
    for other in range(count):
        row = plans.candidates[other]
        if row["score"] == score and row["num_parcels"] == num_parcels and _is_same(plans, other, slot, num_parcels):
            plans.candidates[other]["guarantees"] |= flag
            return
    _write(plans, count, slot, num_parcels, score)
    plans.candidates[count]["guarantees"] = flag
    plans.counts[COUNT_CANDIDATES] = count + 1


@inlined
def _compose(plans, slot, partition, rule, backorder_part):
    """Writes the best option of each part into ``slot``; ``backorder_part`` takes its best backorder.

    Returns:
        True if every part has an option and no two would be one parcel.
    """
    for i in range(NUM_PARTS_OF[partition]):
        part = PARTS[partition, i]
        option = plans.best_backorder[part] if i == backorder_part else plans.best[part, rule]
        if option == NONE or not _is_merged(plans, slot, i, option):
            return False
        plans.candidate_options[slot, i] = option
    return True


@inlined
def _value(plans, slot, num_parcels, rule):
    total = 0
    for i in range(num_parcels):
        total += plans.option_rules[plans.candidate_options[slot, i], rule]
    return total


@compiled
def add_best_by_rule(plans, first, last, max_parcels, rule):
    """Guarantees the best plan by ``rule``, ties by expected total cost."""
    slot = plans.counts[COUNT_CANDIDATES]
    best, best_value, best_cost = NONE, _NOTHING, _NOTHING
    for partition in range(first, last):
        num_parcels = NUM_PARTS_OF[partition]
        if num_parcels > max_parcels or not _compose(plans, slot, partition, rule, NONE):
            continue
        value, cost = _value(plans, slot, num_parcels, rule), _value(plans, slot, num_parcels, MYOPIC)
        if value < best_value or (value == best_value and cost < best_cost):
            best, best_value, best_cost = partition, value, cost
    if best != NONE:
        _compose(plans, slot, best, rule, NONE)
        _guarantee(plans, slot, NUM_PARTS_OF[best], 1 << rule)


@compiled
def add_best_pairs(plans, first, last, max_parcels):
    """Guarantees the two best split plans and the two best with a backorder, by score."""
    for is_backorder in range(2):
        bound = -_NOTHING
        for _ in range(2):
            slot = plans.counts[COUNT_CANDIDATES]
            best, best_part, best_value = NONE, NONE, _NOTHING
            for partition in range(first, last):
                num_parcels = NUM_PARTS_OF[partition]
                if num_parcels > max_parcels or (num_parcels < 2 and not is_backorder):
                    continue
                for part in range(num_parcels if is_backorder else 1):
                    forced = part if is_backorder else NONE
                    if not _compose(plans, slot, partition, SCORE, forced):
                        continue
                    value = _value(plans, slot, num_parcels, SCORE)
                    if bound < value < best_value:
                        best, best_part, best_value = partition, forced, value
            if best == NONE:
                break
            _compose(plans, slot, best, SCORE, best_part)
            _guarantee(plans, slot, NUM_PARTS_OF[best], BACKORDER_FLAG if is_backorder else SPLIT_FLAG)
            bound = best_value


@compiled
def add_best_by_score(plans, first, last, max_parcels, room):
    """Fills the candidates up to ``room`` with the best plans by score.

    Guaranteed plans stay; beyond ``room`` a better plan replaces the worst filler. The search walks each
    partition's ranked options depth first and leaves a branch when its lower bound cannot enter.
    """
    num_guaranteed = plans.counts[COUNT_CANDIDATES]
    for partition in range(first, last):
        if NUM_PARTS_OF[partition] <= max_parcels:
            _search_partition(plans, partition, num_guaranteed, room)


@inlined
def _worst(plans, num_guaranteed, room):
    """Score that a filler has to beat and where it stands; anything enters while there is room."""
    count = plans.counts[COUNT_CANDIDATES]
    if count < room:
        return _NOTHING, NONE
    worst, where = -_NOTHING, NONE
    for i in range(num_guaranteed, count):
        score = plans.candidates[i]["score"]
        if score >= worst:
            worst, where = score, i
    return worst, where


@compiled
def _search_partition(plans, partition, num_guaranteed, room):
    num_parcels = NUM_PARTS_OF[partition]
    bound = 0  # least score that this partition can have
    for i in range(num_parcels):
        part = PARTS[partition, i]
        if plans.subsets[part]["num_ranked"] == 0:
            return
        bound += plans.option_rules[plans.ranked[part, 0], SCORE]
    slot = MAX_PLANS + MAX_BLOCKS  # scratch row behind all candidates
    worst, where = _worst(plans, num_guaranteed, room)
    walk, depth = plans.walk, 0
    walk[_PLACE, 0], walk[_TAKEN, 0] = 0, 0
    walk[_BELOW, 0] = bound - plans.option_rules[plans.ranked[PARTS[partition, 0], 0], SCORE]
    while depth >= 0:
        part, place = PARTS[partition, depth], walk[_PLACE, depth]
        if place == plans.subsets[part]["num_ranked"]:
            depth -= 1
            continue
        option = plans.ranked[part, place]
        taken = walk[_TAKEN, depth] + plans.option_rules[option, SCORE]
        if taken + walk[_BELOW, depth] >= worst:
            depth -= 1
            continue
        walk[_PLACE, depth] = place + 1
        if not _is_merged(plans, slot, depth, option):
            continue
        plans.candidate_options[slot, depth] = option
        if depth + 1 < num_parcels:
            best_below = plans.option_rules[plans.ranked[PARTS[partition, depth + 1], 0], SCORE]
            walk[_BELOW, depth + 1] = walk[_BELOW, depth] - best_below
            depth += 1
            walk[_PLACE, depth], walk[_TAKEN, depth] = 0, taken
        elif _is_new(plans, slot, num_parcels, num_guaranteed, taken):
            count = plans.counts[COUNT_CANDIDATES]
            if count < room:
                where = count
                plans.counts[COUNT_CANDIDATES] = count + 1
            _write(plans, where, slot, num_parcels, taken)
            worst, where = _worst(plans, num_guaranteed, room)
