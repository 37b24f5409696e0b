"""What has changed lately: a ring of the orders, stock cells and receipts that rules wrote to, for forks.

A fork that is used again copies what its world and it itself have touched since, and nothing else.
"""

from __future__ import annotations

from envs.compiling import inlined

RING = 1 << 13
"""Entries that are kept; who is farther behind copies everything. A decision and its events leave about 15."""

ORDER, CELL, RECEIPT = 0, 1, 2
"""What an entry is about: an order with its lines and parcels, a stock cell, a receipt with its claims."""

KINDS = 4


@inlined
def touch(hidden, kind, number):
    """Notes a change."""
    n = hidden.counters[0]["num_touched"]
    hidden.touched[n & (RING - 1)] = number * KINDS + kind
    hidden.counters[0]["num_touched"] = n + 1


@inlined
def touch_everything(hidden):
    """More has changed than the ring can tell: the next fork copies everything."""
    hidden.counters[0]["num_touched"] += RING + 1


@inlined
def touch_order(hidden, order):
    """An order, one of its lines, or a parcel numbered under it has changed."""
    touch(hidden, ORDER, order)
