"""Reordering: stock that refills itself by a (reorder point, order-up-to level) policy at regular reviews.

Source: the (R, s, S) policy, Silver, Pyke and Thomas 2017, Inventory and Production Management in Supply Chains, ch. 6.
"""

from __future__ import annotations

from envs import log, luck, receiving, stock, tables
from envs.compiling import compiled, internal
from envs.state import NONE


@internal
def review(network, future, seen, hidden, warehouse):
    """Orders what is due at a warehouse; ``hidden.moved`` names the receipts, announced at once.

    A cell waits for one order at a time.

    Returns:
        Number of receipts ordered; each comes at ``hidden.arrivals["actual_at"]``.
    """
    now, num_skus = seen.clock[0]["now_seconds"], network.stock.shape[1]
    table, num_ordered = network.warehouses[warehouse]["lead_table"], 0
    for sku in range(num_skus):
        level = network.stock[warehouse, sku]["order_up_to_units"]
        receipt = warehouse * num_skus + sku
        if level == 0 or seen.receipts[receipt]["is_open"]:
            continue
        position = stock.available(seen, warehouse, sku) + _on_order(seen, warehouse, sku)
        if position > network.stock[warehouse, sku]["reorder_point_units"]:
            continue
        row = hidden.arrivals
        row[receipt]["warehouse"], row[receipt]["sku"] = warehouse, sku
        row[receipt]["announced_at"] = now
        row[receipt]["expected_at"] = now + max(1, tables.mean(network.tables, table))
        row[receipt]["expected_units"] = level - position
        row[receipt]["actual_at"] = now + lead_seconds(network, future, warehouse, sku, now)
        row[receipt]["actual_units"] = level - position
        log.log_event(hidden, now, log.REORDERED, NONE, NONE, receipt)
        receiving.announce(seen, hidden, receipt)
        hidden.moved[num_ordered] = receipt
        num_ordered += 1
    return num_ordered


@compiled
def lead_seconds(network, future, warehouse, sku, ordered_at):
    """How long goods ordered at a review take to come, as luck has it."""
    number = ordered_at // network.settings[0]["review_seconds"]
    key = luck.luck(future.suppliers[warehouse]["luck_key"], luck.LEAD, sku, number, 0)
    return max(1, tables.draw(network.tables, network.warehouses[warehouse]["lead_table"], key))


@internal
def _on_order(seen, warehouse, sku):
    """Announced units that nobody has claimed."""
    units, receipt = 0, seen.stock[warehouse, sku]["first_receipt"]
    while receipt != NONE:
        units += seen.receipts[receipt]["expected_units"] - seen.receipts[receipt]["claimed_units"]
        receipt = seen.receipts[receipt]["next_receipt"]
    return units
