"""Prices of one parcel: lateness and waiting of its lines, and the bid prices of its units."""

from __future__ import annotations

from envs import costs, tables
from envs.compiling import internal
from envs.state import NONE


@internal
def lateness(settings, quantiles, table, memos, warehouse, service, order, lines, mask, collected_at, has_one_promise):
    """Largest weight of being late over the lines of a parcel, and their expected lateness together."""
    lateness, most = 0, 0
    for line in range(order[0]["num_lines"]):
        if mask >> line & 1:
            # Subsets of one warehouse mostly leave with the same collections.
            if not has_one_promise or memos[warehouse, service]["collected_at"] != collected_at:
                slack = lines[line]["promise_at"] - collected_at
                num_in_time = tables.num_at_most(quantiles, table, slack)
                memos[warehouse, service]["collected_at"] = collected_at
                memos[warehouse, service]["late_weight"] = tables.tail_weight(quantiles, table, num_in_time)
                memos[warehouse, service]["lateness_millicents"] = costs.expected_lateness(
                    settings, quantiles, table, slack, num_in_time
                )
            most = max(most, memos[warehouse, service]["late_weight"])
            lateness += memos[warehouse, service]["lateness_millicents"]
    return most, lateness


@internal
def waiting(network, seen, mask, receipt, release_at):
    """Waiting for a receipt or another line's presale date; a line's own date is not waited for.

    Returns:
        Its cost, and the number of lines that the operational rules count as waiting.
    """
    if receipt != NONE:
        release_at = max(release_at, seen.receipts[receipt]["expected_at"])
    elif release_at == 0:
        return 0, 0
    value, count, now = 0, 0, seen.clock[0]["now_seconds"]
    for line in range(seen.order[0]["num_lines"]):
        if mask >> line & 1:
            seconds = release_at - max(now, seen.lines[line]["ship_from_seconds"])
            value += costs.waiting(network.settings, seconds)
            count += receipt != NONE or seconds > 0
    return value, count


@internal
def bid_value(order, lines, shelves, mask, warehouse):
    """Bid prices of all units; units of a receipt are as scarce as those on the shelf they will join."""
    value = 0
    for line in range(order[0]["num_lines"]):
        if mask >> line & 1:
            value += lines[line]["units"] * shelves[warehouse, lines[line]["sku"]]["bid_price_millicents"]
    return value
