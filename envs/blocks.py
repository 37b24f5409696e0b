"""Blocks: lines that are routed together. One a line, up to MAX_BLOCKS; longer orders merge lines."""

from __future__ import annotations

from envs import options
from envs.compiling import compiled
from envs.plan_table import MAX_BLOCKS


@compiled
def form_blocks(network, seen, plans):
    """Describes the single blocks in ``plans.subsets`` and returns how many there are.

    While there are too many, the two that most warehouses could send together become one (lowest positions
    among equals), so that merging costs as few plans as possible.
    """
    rows, lines = plans.subsets, seen.lines
    num_lines = seen.order["num_lines"][0]
    if num_lines <= MAX_BLOCKS:
        for line in range(num_lines):
            _describe(seen, plans, 1 << line, 1 << line)
        return num_lines
    num_warehouses = network.pairs.shape[0]
    masks = [1 << line for line in range(num_lines)]
    sources = [0 for _ in range(num_lines)]
    for line in range(num_lines):
        for warehouse in range(min(num_warehouses, 62)):
            if options.is_line_in_stock(network, seen, line, warehouse):
                sources[line] |= 1 << warehouse
    while len(masks) > MAX_BLOCKS:
        best_a, best_b, most = 0, 1, -1
        for a in range(len(masks)):
            for b in range(a + 1, len(masks)):
                common = _num_bits(sources[a] & sources[b])
                if common > most:
                    best_a, best_b, most = a, b, common
        masks[best_a] |= masks[best_b]
        sources[best_a] &= sources[best_b]
        masks.pop(best_b)
        sources.pop(best_b)
    for block in range(MAX_BLOCKS):
        _describe(seen, plans, 1 << block, masks[block])
    return MAX_BLOCKS


@compiled
def _num_bits(mask):
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@compiled
def _describe(seen, plans, subset, lines_mask):
    rows, lines = plans.subsets, seen.lines
    rows["lines_mask"][subset] = lines_mask
    rows["num_lines"][subset] = 0
    rows["units"][subset] = 0
    rows["grams"][subset] = 0
    rows["requirements"][subset] = seen.order["requirements"][0]
    for line in range(seen.order["num_lines"][0]):
        if lines_mask >> line & 1:
            rows["num_lines"][subset] += 1
            rows["units"][subset] += lines["units"][line]
            rows["grams"][subset] += lines["grams"][line]
            rows["requirements"][subset] |= lines["requirements"][line]
