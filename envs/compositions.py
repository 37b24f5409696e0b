"""Compositions: one option for every part of a partition, in rows of the table of candidates.

These functions take the few arrays that they need: every array of a group would cost compile time again.
``rows`` is ``plans.candidate_options``.
"""

from __future__ import annotations

from envs.compiling import woven
from envs.partitions import NUM_PARTS_OF, PARTS
from envs.plan_table import COUNT_CANDIDATES
from envs.state import NONE

IMPOSSIBLE, COLLIDES, IS_PLAN = 0, 1, 2


@woven
def is_apart(option_keys, rows, row, depth, option):
    """False if ``option`` would be one parcel with one of the first ``depth`` options of a row."""
    key = option_keys[option]
    if key == NONE:
        return True
    for i in range(depth):  # noqa: SIM110 - a generator would be slower when compiled
        if option_keys[rows[row, i]] == key:
            return False
    return True


@woven
def is_same(rows, a, b, num_parcels):
    """Whether two rows hold the same options."""
    for i in range(num_parcels):  # noqa: SIM110 - a generator would be slower when compiled
        if rows[a, i] != rows[b, i]:
            return False
    return True


@woven
def is_lower(rows, a, b, num_parcels):
    """Whether the options in row ``a`` come before those in row ``b``."""
    for i in range(num_parcels):
        if rows[a, i] != rows[b, i]:
            return rows[a, i] < rows[b, i]
    return False


@woven
def copy(rows, row, where, num_parcels):
    """Copies the options of a row."""
    for i in range(num_parcels):
        rows[where, i] = rows[row, i]


@woven
def value_of(option_rules, rows, row, num_parcels, rule):
    """Sum of a ranking column over the options of a row."""
    total = 0
    for i in range(num_parcels):
        total += option_rules[rows[row, i], rule]
    return total


@woven
def compose(best, option_keys, rows, row, partition, rule, changed, option):
    """Writes the best option of each part into ``row``; part number ``changed`` (or NONE) takes ``option`` instead.

    Returns:
        IMPOSSIBLE if a part has no option, COLLIDES if two would be one parcel, else IS_PLAN.
    """
    result = IS_PLAN
    for i in range(NUM_PARTS_OF[partition]):
        chosen = option if i == changed else best[PARTS[partition, i], rule, 0]
        if chosen == NONE:
            return IMPOSSIBLE
        if not is_apart(option_keys, rows, row, i, chosen):
            result = COLLIDES
        rows[row, i] = chosen
    return result


@woven
def are_apart(option_keys, rows, row, num_parcels):
    """Whether no two parcels of a plan would be one."""
    for i in range(1, num_parcels):  # noqa: SIM110 - a generator would be slower when compiled
        if not is_apart(option_keys, rows, row, i, rows[row, i]):
            return False
    return True


@woven
def place_of(candidates, scores, rows, row, num_parcels, count, score):
    """Which of the first ``count`` candidates holds the same plan as ``row``; NONE."""
    for other in range(count):
        if (
            scores[other] == score
            and candidates[other]["num_parcels"] == num_parcels
            and is_same(rows, other, row, num_parcels)
        ):
            return other
    return NONE


@woven
def write(candidates, scores, where, num_parcels, hold_seconds, guarantees, score):
    """Describes the candidate whose options stand in row ``where``."""
    scores[where] = score
    candidates[where]["num_parcels"] = num_parcels
    candidates[where]["hold_seconds"] = hold_seconds
    candidates[where]["guarantees"] = guarantees


@woven
def append(counts, candidates, scores, num_parcels, hold_seconds, guarantees, score):
    """Makes the row behind the candidates one of them."""
    count = counts[COUNT_CANDIDATES]
    write(candidates, scores, count, num_parcels, hold_seconds, guarantees, score)
    counts[COUNT_CANDIDATES] = count + 1
