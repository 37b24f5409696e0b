"""Search over set partitions: the best plan by a rule, the best splits and backorders, the best K by score."""

from __future__ import annotations

from envs.compiling import compiled
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


@compiled
def _is_merged(plans, slot, depth, option):
    """False if ``option`` would be a second parcel from stock of the same warehouse and service."""
    rows = plans.options
    if rows["receipt"][option] != NONE:
        return True
    for i in range(depth):
        other = plans.candidate_options[slot, i]
        if (
            rows["receipt"][other] == NONE
            and rows["warehouse"][other] == rows["warehouse"][option]
            and rows["service"][other] == rows["service"][option]
        ):
            return False
    return True


@compiled
def _keep(plans, slot, num_parcels, guarantee):
    """Turns the scratch row ``slot`` (the next free candidate) into a candidate, unless it is known.

    Returns:
        True if it is new.
    """
    count = plans.count[COUNT_CANDIDATES]
    score = 0
    for i in range(num_parcels):
        score += plans.option_rules[plans.candidate_options[slot, i], SCORE]
    for other in range(count):
        if plans.candidates["score"][other] != score or plans.candidates["num_parcels"][other] != num_parcels:
            continue
        same = True
        for i in range(num_parcels):
            if plans.candidate_options[other, i] != plans.candidate_options[slot, i]:
                same = False
                break
        if same:
            plans.candidates["guarantees"][other] |= guarantee
            return False
    for i in range(num_parcels):
        plans.candidate_options[count, i] = plans.candidate_options[slot, i]
    plans.candidates["score"][count] = score
    plans.candidates["num_parcels"][count] = num_parcels
    plans.candidates["guarantees"][count] = guarantee
    plans.count[COUNT_CANDIDATES] = count + 1
    return True


@compiled
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


@compiled
def _value(plans, slot, num_parcels, rule):
    total = 0
    for i in range(num_parcels):
        total += plans.option_rules[plans.candidate_options[slot, i], rule]
    return total


@compiled
def add_best_by_rule(plans, first, last, max_parcels, rule):
    """Guarantees the best plan by ``rule``, ties by expected total cost."""
    slot = plans.count[COUNT_CANDIDATES]
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
        _keep(plans, slot, NUM_PARTS_OF[best], 1 << rule)


@compiled
def add_best_pairs(plans, first, last, max_parcels):
    """Guarantees the two best split plans and the two best with a backorder, by score."""
    for is_backorder in range(2):
        bound = -_NOTHING
        for _ in range(2):
            slot = plans.count[COUNT_CANDIDATES]
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
            _keep(plans, slot, NUM_PARTS_OF[best], BACKORDER_FLAG if is_backorder else SPLIT_FLAG)
            bound = best_value


@compiled
def add_best_by_score(plans, first, last, max_parcels, room):
    """Fills the candidates up to ``room`` with the best plans by score.

    Guaranteed plans stay; what the search finds beyond ``room`` is dropped, worst first. The search
    walks each partition's ranked options depth first and leaves a branch when its lower bound cannot enter.
    """
    num_guaranteed = plans.count[COUNT_CANDIDATES]
    for partition in range(first, last):
        if NUM_PARTS_OF[partition] <= max_parcels:
            _search_partition(plans, partition, num_guaranteed, room)


@compiled
def _worst(plans, num_guaranteed, room):
    """Score to beat: the worst of the fillers once the table is full."""
    count = plans.count[COUNT_CANDIDATES]
    if count < room:
        return _NOTHING, NONE
    worst, where = -_NOTHING, NONE
    for i in range(num_guaranteed, count):
        if plans.candidates["score"][i] >= worst:
            worst, where = plans.candidates["score"][i], i
    return worst, where


@compiled
def _search_partition(plans, partition, num_guaranteed, room):
    num_parcels = NUM_PARTS_OF[partition]
    rest = 0  # lower bound of the parts below the current depth
    for i in range(num_parcels):
        part = PARTS[partition, i]
        if plans.subsets["num_ranked"][part] == 0:
            return
        rest += plans.option_rules[plans.ranked[part, 0], SCORE]
    slot = MAX_PLANS + MAX_BLOCKS  # scratch row behind all candidates
    worst, where = _worst(plans, num_guaranteed, room)
    if rest >= worst:
        return
    place = [0 for _ in range(MAX_BLOCKS)]
    taken = [0 for _ in range(MAX_BLOCKS + 1)]
    bounds = [rest for _ in range(MAX_BLOCKS + 1)]
    depth = 0
    bounds[0] = rest - plans.option_rules[plans.ranked[PARTS[partition, 0], 0], SCORE]
    while depth >= 0:
        part = PARTS[partition, depth]
        is_left = place[depth] >= plans.subsets["num_ranked"][part]
        option = NONE
        if not is_left:
            option = plans.ranked[part, place[depth]]
            is_left = taken[depth] + plans.option_rules[option, SCORE] + bounds[depth] >= worst
        if is_left:
            depth -= 1
            if depth >= 0:
                place[depth] += 1
            continue
        if not _is_merged(plans, slot, depth, option):
            place[depth] += 1
            continue
        plans.candidate_options[slot, depth] = option
        if depth + 1 < num_parcels:
            taken[depth + 1] = taken[depth] + plans.option_rules[option, SCORE]
            depth += 1
            place[depth] = 0
            following = PARTS[partition, depth]
            bounds[depth] = bounds[depth - 1] - plans.option_rules[plans.ranked[following, 0], SCORE]
            continue
        if _keep(plans, slot, num_parcels, 0) and plans.count[COUNT_CANDIDATES] > room:
            _drop(plans, where)
        worst, where = _worst(plans, num_guaranteed, room)
        place[depth] += 1


@compiled
def _drop(plans, where):
    """Removes candidate ``where``; the last one takes its row."""
    last = plans.count[COUNT_CANDIDATES] - 1
    plans.candidates[where] = plans.candidates[last]
    plans.candidate_options[where] = plans.candidate_options[last]
    plans.count[COUNT_CANDIDATES] = last
