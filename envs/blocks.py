"""Blocks: lines that are routed together. One a line, up to MAX_BLOCKS; longer orders merge lines."""

from __future__ import annotations

from envs import options
from envs.compiling import compiled, inlined
from envs.plan_table import MAX_BLOCKS


@compiled
def form_blocks(network, seen, plans):
    """Describes the single blocks in ``plans.subsets`` and returns how many there are.

    While there are too many, the two that most warehouses could send together become one (lowest positions
    among equals), so that merging costs as few plans as possible.
    """
    num_lines = seen.order[0]["num_lines"]
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


@inlined
def _num_bits(mask):
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@inlined
def _describe(seen, plans, subset, lines_mask):
    rows, lines = plans.subsets, seen.lines
    rows[subset]["lines_mask"] = lines_mask
    rows[subset]["num_lines"] = 0
    rows[subset]["units"] = 0
    rows[subset]["grams"] = 0
    rows[subset]["requirements"] = seen.order[0]["requirements"]
    for line in range(seen.order[0]["num_lines"]):
        if lines_mask >> line & 1:
            rows[subset]["num_lines"] += 1
            rows[subset]["units"] += lines[line]["units"]
            rows[subset]["grams"] += lines[line]["grams"]
            rows[subset]["requirements"] |= lines[line]["requirements"]
