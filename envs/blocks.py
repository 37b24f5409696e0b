"""Blocks: lines that are routed together. One a line, up to MAX_BLOCKS; longer orders merge lines."""

from __future__ import annotations

import numpy as np

from envs import sources
from envs.compiling import internal
from envs.plan_table import MAX_BLOCKS
from scenarios.network import FOREVER_SECONDS


@internal
def form_blocks(network, seen, plans):
    """Describes the single blocks in ``plans.subsets`` and returns how many there are.

    Up to MAX_BLOCKS lines are a block each. Of longer orders, lines that no warehouse has in stock are blocks of their
    own, so that they can wait for a receipt; the others are covered by few warehouses, presale date by presale date,
    the one with most of the remaining lines first, and what each of them has becomes a block. Blocks left over split
    the largest ones.
    """
    num_lines = seen.order[0]["num_lines"]
    if num_lines <= MAX_BLOCKS:
        for line in range(num_lines):
            _describe(seen, plans, 1 << line, 1 << line)
        return num_lines
    masks = np.zeros(MAX_BLOCKS, np.int64)
    count, remaining = 0, (1 << num_lines) - 1
    for line in range(num_lines):
        if not _is_anywhere(network, seen, line):
            remaining ^= 1 << line
            if count < MAX_BLOCKS - 1:
                masks[count] = 1 << line
                count += 1
            else:
                masks[MAX_BLOCKS - 1] |= 1 << line
    while remaining:
        best = _largest_share(network, seen, _earliest(seen, remaining))
        remaining ^= best
        count = min(count + 1, MAX_BLOCKS)
        masks[count - 1] |= best
    while count < MAX_BLOCKS:
        largest = 0
        for block in range(count):
            if _num_bits(masks[block]) > _num_bits(masks[largest]):
                largest = block
        if _num_bits(masks[largest]) < 2:
            break
        half = _lower_half(masks[largest])
        masks[count] = half
        masks[largest] ^= half
        count += 1
    for block in range(count):
        _describe(seen, plans, 1 << block, masks[block])
    return count


@internal
def _earliest(seen, lines_mask):
    """The lines of a mask that may leave first: now, or at one presale date."""
    result, earliest = 0, FOREVER_SECONDS
    for line in range(seen.order[0]["num_lines"]):
        if lines_mask >> line & 1:
            leaves = max(seen.lines[line]["ship_from_seconds"], seen.clock[0]["now_seconds"])
            if leaves < earliest:
                result, earliest = 0, leaves
            if leaves == earliest:
                result |= 1 << line
    return result


@internal
def _is_anywhere(network, seen, line):
    for warehouse in range(network.pairs.shape[0]):
        if sources.lines_in_stock(network, seen, warehouse) >> line & 1:
            return True
    return False


@internal
def _largest_share(network, seen, remaining):
    """Lines of ``remaining`` that one warehouse has, as many as possible, the lowest warehouse among equals."""
    best, most = 0, 0
    for warehouse in range(network.pairs.shape[0]):
        share = remaining & sources.lines_in_stock(network, seen, warehouse)
        if _num_bits(share) > most:
            best, most = share, _num_bits(share)
    return best


@internal
def _lower_half(mask):
    """The lower half of the lines of a block."""
    wanted, half = _num_bits(mask) // 2, 0
    while wanted:
        lowest = mask & -mask
        half |= lowest
        mask ^= lowest
        wanted -= 1
    return half


@internal
def _num_bits(mask):
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@internal
def _describe(seen, plans, subset, lines_mask):
    rows, lines, now = plans.subsets, seen.lines, seen.clock[0]["now_seconds"]
    rows[subset]["lines_mask"] = lines_mask
    rows[subset]["num_lines"] = 0
    rows[subset]["units"] = 0
    rows[subset]["grams"] = 0
    rows[subset]["requirements"] = 0
    rows[subset]["release_at"] = 0
    rows[subset]["promise_at"] = FOREVER_SECONDS
    for line in range(seen.order[0]["num_lines"]):
        if lines_mask >> line & 1:
            rows[subset]["num_lines"] += 1
            rows[subset]["units"] += lines[line]["units"]
            rows[subset]["grams"] += lines[line]["grams"]
            rows[subset]["requirements"] |= lines[line]["requirements"]
            if lines[line]["ship_from_seconds"] > now:
                rows[subset]["release_at"] = max(rows[subset]["release_at"], lines[line]["ship_from_seconds"])
            rows[subset]["promise_at"] = min(rows[subset]["promise_at"], lines[line]["promise_at"])
