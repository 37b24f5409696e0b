"""Search over set partitions: the best plan by a rule, the best splits and backorders, the best K by score."""

from __future__ import annotations

from envs.compiling import compiled, inlined
from envs.partitions import NUM_PARTS_OF, PARTS
from envs.plan_table import (
    BACKORDER_FLAG,
    COUNT_CANDIDATES,
    COUNT_OPTIONS,
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
    """False if ``option`` would be a second parcel from stock of the same warehouse, service and release."""
    rows = plans.options
    if rows[option]["receipt"] != NONE:
        return True
    for i in range(depth):
        other = plans.candidate_options[slot, i]
        if (
            rows[other]["receipt"] == NONE
            and rows[other]["warehouse"] == rows[option]["warehouse"]
            and rows[other]["service"] == rows[option]["service"]
            and rows[other]["release_at"] == rows[option]["release_at"]
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
def _is_lower(plans, a, b, num_parcels):
    """Whether the options in row ``a`` come before those in row ``b``."""
    for i in range(num_parcels):
        if plans.candidate_options[a, i] != plans.candidate_options[b, i]:
            return plans.candidate_options[a, i] < plans.candidate_options[b, i]
    return False


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
    plans.candidates[where]["hold_seconds"] = 0
    plans.candidates[where]["guarantees"] = 0


@compiled
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
def _compose(plans, slot, partition, rule, changed, option):
    """Writes the best option of each part into ``slot``; part number ``changed`` (or NONE) takes ``option`` instead.

    Returns:
        0 if a part has no option, 1 if two would be one parcel, 2 for a plan.
    """
    result = 2
    for i in range(NUM_PARTS_OF[partition]):
        chosen = option if i == changed else plans.best[PARTS[partition, i], rule, 0]
        if chosen == NONE:
            return 0
        if not _is_merged(plans, slot, i, chosen):
            result = 1
        plans.candidate_options[slot, i] = chosen
    return result


@inlined
def _value(plans, slot, num_parcels, rule):
    total = 0
    for i in range(num_parcels):
        total += plans.option_rules[plans.candidate_options[slot, i], rule]
    return total


@inlined
def _remember(plans, slot, spare, num_parcels):
    for i in range(num_parcels):
        plans.candidate_options[spare, i] = plans.candidate_options[slot, i]


@inlined
def _accept(plans, spare, found, num_parcels, flag):
    """Guarantees the plan in row ``spare`` and notes it in row ``found``."""
    slot = plans.counts[COUNT_CANDIDATES]
    _remember(plans, spare, slot, num_parcels)
    _remember(plans, spare, found, num_parcels)
    _guarantee(plans, slot, num_parcels, flag)


@compiled
def add_best_by_rule(plans, first, last, max_parcels, rule, num_wanted):
    """Guarantees the best plan by ``rule``, ties by expected total cost, and if wanted a second one."""
    _add_best(plans, first, last, max_parcels, rule, num_wanted, 1, 1 << rule)


@compiled
def add_best_splits(plans, first, last, max_parcels):
    """Guarantees the two best plans with two parcels or more, by score."""
    _add_best(plans, first, last, max_parcels, SCORE, 2, 2, SPLIT_FLAG)


@compiled
def _add_best(plans, first, last, max_parcels, rule, num_wanted, min_parcels, flag):
    """The best plan by ``rule``; then the best of those that differ from a best composition in one part.

    Ties go by expected total cost, then in the order of slots: the choice of a router that follows the rule.
    """
    spare, found = 2 * MAX_PLANS - 1, 2 * MAX_PLANS - 2
    num_first = 0
    for rank in range(num_wanted):
        slot = plans.counts[COUNT_CANDIDATES]
        num_best, best_value, best_cost, best_score = 0, _NOTHING, _NOTHING, _NOTHING
        for partition in range(first, last):
            num_parcels = NUM_PARTS_OF[partition]
            if not min_parcels <= num_parcels <= max_parcels:
                continue
            for changed in range(-1, num_parcels if rank > 0 else 0):
                other = plans.best[PARTS[partition, changed], rule, 1] if changed >= 0 else NONE
                if changed >= 0 and other == NONE:
                    continue
                kind = _compose(plans, slot, partition, rule, changed, other)
                if kind == 0:
                    break
                value = _value(plans, slot, num_parcels, rule)
                if value > best_value:
                    continue
                if kind == 1:
                    # The sum bounds what the partition can give; only then is a search worth its time.
                    if rank > 0 or not _search_by_rule(plans, slot, partition, rule, best_value):
                        continue
                    value = _value(plans, slot, num_parcels, rule)
                cost, score = _value(plans, slot, num_parcels, MYOPIC), _value(plans, slot, num_parcels, SCORE)
                if value == best_value and (cost, score) >= (best_cost, best_score):
                    if (cost, score) > (best_cost, best_score) or num_parcels > num_best:
                        continue
                    if not _is_lower(plans, slot, spare, num_parcels):
                        continue
                if rank > 0 and num_parcels == num_first and _is_same(plans, slot, found, num_parcels):
                    continue
                num_best, best_value, best_cost, best_score = num_parcels, value, cost, score
                _remember(plans, slot, spare, num_parcels)
        if num_best == 0:
            return
        num_first = num_best
        _accept(plans, spare, found, num_best, flag)


@compiled
def _search_by_rule(plans, slot, partition, rule, value_to_reach):
    """Best plan of a partition whose best options collide, depth first over all its options.

    Returns:
        True if one is at most ``value_to_reach``; it stands in ``slot`` then.
    """
    num_parcels, num_options = NUM_PARTS_OF[partition], plans.counts[COUNT_OPTIONS]
    trial, walk, depth, is_better = 2 * MAX_PLANS - 3, plans.walk, 0, False
    best_cost, best_score, below = _NOTHING, _NOTHING, 0
    for i in range(1, num_parcels):
        below += plans.option_rules[plans.best[PARTS[partition, i], rule, 0], rule]
    walk[_PLACE, 0], walk[_TAKEN, 0], walk[_BELOW, 0] = 0, 0, below
    while depth >= 0:
        option = walk[_PLACE, depth]
        if option == num_options:
            depth -= 1
            continue
        walk[_PLACE, depth] = option + 1
        if plans.options[option]["subset"] != PARTS[partition, depth]:
            continue
        taken = walk[_TAKEN, depth] + plans.option_rules[option, rule]
        if taken + walk[_BELOW, depth] > value_to_reach or not _is_merged(plans, trial, depth, option):
            continue
        plans.candidate_options[trial, depth] = option
        if depth + 1 < num_parcels:
            best_below = plans.option_rules[plans.best[PARTS[partition, depth + 1], rule, 0], rule]
            walk[_BELOW, depth + 1] = walk[_BELOW, depth] - best_below
            depth += 1
            walk[_PLACE, depth], walk[_TAKEN, depth] = 0, taken
            continue
        cost, score = _value(plans, trial, num_parcels, MYOPIC), _value(plans, trial, num_parcels, SCORE)
        if taken < value_to_reach or (cost, score) < (best_cost, best_score):
            value_to_reach, best_cost, best_score, is_better = taken, cost, score, True
            _remember(plans, trial, slot, num_parcels)
    return is_better


@compiled
def add_best_backorders(plans, first, last, max_parcels):
    """Guarantees the two best plans that backorder a line, by score."""
    spare, found = 2 * MAX_PLANS - 1, 2 * MAX_PLANS - 2
    num_first = 0
    for _ in range(2):
        slot = plans.counts[COUNT_CANDIDATES]
        num_best, best_value = 0, _NOTHING
        for partition in range(first, last):
            num_parcels = NUM_PARTS_OF[partition]
            if num_parcels > max_parcels:
                continue
            for part in range(num_parcels):
                for place in range(2):
                    option = plans.best_backorder[PARTS[partition, part], place]
                    if option == NONE or _compose(plans, slot, partition, SCORE, part, option) != 2:
                        continue
                    value = _value(plans, slot, num_parcels, SCORE)
                    if value >= best_value or (num_parcels == num_first and _is_same(plans, slot, found, num_parcels)):
                        continue
                    num_best, best_value = num_parcels, value
                    _remember(plans, slot, spare, num_parcels)
        if num_best == 0:
            return
        num_first = num_best
        _accept(plans, spare, found, num_best, BACKORDER_FLAG)


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
