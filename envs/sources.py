"""Sources: which lines of the asked order a warehouse has in stock, and which could wait there for a receipt."""

from __future__ import annotations

from envs import receiving, stock
from envs.compiling import internal
from envs.state import NONE
from scenarios.handling import WAREHOUSE_SIDE


@internal
def lines_in_stock(network, seen, warehouse):
    """Bit mask of the lines of the asked order to which a warehouse could promise its stock now."""
    result, lines, lacking = 0, seen.lines, ~network.warehouses[warehouse]["capabilities"]
    for line in range(seen.order[0]["num_lines"]):
        if lines[line]["requirements"] & WAREHOUSE_SIDE & lacking == 0:
            result |= (stock.available(seen, warehouse, lines[line]["sku"]) >= lines[line]["units"]) << line
    return result


@internal
def blocks_in_stock(subsets, num_blocks, there):
    """Bit mask of the blocks of which every line is there."""
    result = 0
    for block in range(num_blocks):
        if subsets[1 << block]["lines_mask"] & ~there == 0:
            result |= 1 << block
    return result


@internal
def blocks_on_receipt(network, seen, plans, num_blocks, warehouse):
    """Bit mask of the blocks, of one line each, that could be backordered; ``plans.block_receipts`` says on what."""
    result, rows = 0, plans.subsets
    if not network.settings[0]["is_backorder_allowed"]:
        return result
    for block in range(num_blocks):
        if rows[1 << block]["num_lines"] != 1:
            continue
        line = 0
        while not rows[1 << block]["lines_mask"] >> line & 1:
            line += 1
        sku, units = seen.lines[line]["sku"], seen.lines[line]["units"]
        if seen.stock[warehouse, sku]["first_receipt"] == NONE:
            continue
        required = rows[1 << block]["requirements"] & WAREHOUSE_SIDE
        if required & ~network.warehouses[warehouse]["capabilities"]:
            continue
        plans.block_receipts[block] = receiving.best_receipt(seen, warehouse, sku, units)
        if plans.block_receipts[block] != NONE:
            result |= 1 << block
    return result


@internal
def receipt_of(block_receipts, subset):
    """Receipt of a subset of one block."""
    block = 0
    while not subset >> block & 1:
        block += 1
    return block_receipts[block]
