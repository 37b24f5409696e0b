"""Compositions: one option for every part of a partition, and the table of candidates that they enter."""

from __future__ import annotations

from envs.compiling import woven
from envs.partitions import NUM_PARTS_OF, PARTS
from envs.plan_table import COUNT_CANDIDATES
from envs.state import NONE

IMPOSSIBLE, COLLIDES, IS_PLAN = 0, 1, 2


@woven
def is_apart(plans, row, depth, option):
    """False if ``option`` would be one parcel with one of the first ``depth`` options of a candidate row."""
    key = plans.option_keys[option]
    if key == NONE:
        return True
    for i in range(depth):  # noqa: SIM110 - a generator would be slower when compiled
        if plans.option_keys[plans.candidate_options[row, i]] == key:
            return False
    return True


@woven
def is_same(plans, a, b, num_parcels):
    """Whether two candidate rows hold the same options."""
    for i in range(num_parcels):  # noqa: SIM110 - a generator would be slower when compiled
        if plans.candidate_options[a, i] != plans.candidate_options[b, i]:
            return False
    return True


@woven
def is_lower(plans, a, b, num_parcels):
    """Whether the options in row ``a`` come before those in row ``b``."""
    for i in range(num_parcels):
        if plans.candidate_options[a, i] != plans.candidate_options[b, i]:
            return plans.candidate_options[a, i] < plans.candidate_options[b, i]
    return False


@woven
def place_of(plans, row, num_parcels, count, score):
    """Which of the first ``count`` candidates holds the same plan as ``row``; NONE."""
    for other in range(count):
        if (
            plans.candidate_scores[other] == score
            and plans.candidates[other]["num_parcels"] == num_parcels
            and is_same(plans, other, row, num_parcels)
        ):
            return other
    return NONE


@woven
def copy(plans, row, where, num_parcels):
    """Copies the options of a candidate row."""
    for i in range(num_parcels):
        plans.candidate_options[where, i] = plans.candidate_options[row, i]


@woven
def write(plans, where, num_parcels, hold_seconds, guarantees, score):
    """Describes the candidate whose options already stand in row ``where``."""
    plans.candidate_scores[where] = score
    plans.candidates[where]["num_parcels"] = num_parcels
    plans.candidates[where]["hold_seconds"] = hold_seconds
    plans.candidates[where]["guarantees"] = guarantees


@woven
def append(plans, num_parcels, hold_seconds, guarantees, score):
    """Makes the row behind the candidates one of them."""
    count = plans.counts[COUNT_CANDIDATES]
    write(plans, count, num_parcels, hold_seconds, guarantees, score)
    plans.counts[COUNT_CANDIDATES] = count + 1


@woven
def compose(plans, row, partition, rule, changed, option):
    """Writes the best option of each part into ``row``; part number ``changed`` (or NONE) takes ``option`` instead.

    Returns:
        IMPOSSIBLE if a part has no option, COLLIDES if two would be one parcel, else IS_PLAN.
    """
    result = IS_PLAN
    for i in range(NUM_PARTS_OF[partition]):
        chosen = option if i == changed else plans.best[PARTS[partition, i], rule, 0]
        if chosen == NONE:
            return IMPOSSIBLE
        if not is_apart(plans, row, i, chosen):
            result = COLLIDES
        plans.candidate_options[row, i] = chosen
    return result


@woven
def value_of(plans, row, num_parcels, rule):
    """Sum of a ranking column over the options of a candidate row."""
    total = 0
    for i in range(num_parcels):
        total += plans.option_rules[plans.candidate_options[row, i], rule]
    return total
