"""Orders and their lines while they are drawn: chosen, joined, sorted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scenarios.trace import LINES, ORDERS


class Batch(NamedTuple):
    """Orders of one origin, in the sequence in which they were drawn, and their lines grouped in that sequence."""

    orders: np.ndarray  # ORDERS
    lines: np.ndarray  # LINES


def empty_batch() -> Batch:
    return Batch(np.zeros(0, ORDERS), np.zeros(0, LINES))


def regrouped(batch: Batch) -> Batch:
    """The batch with ``first_line`` and the lines' ``order`` written anew from ``num_lines``."""
    orders, lines = batch
    orders["first_line"] = np.cumsum(orders["num_lines"]) - orders["num_lines"]
    lines["order"] = np.repeat(np.arange(len(orders)), orders["num_lines"])
    return batch


def taken(batch: Batch, positions: np.ndarray) -> Batch:
    """Orders at ``positions`` (repeated ones are copied), in that sequence, with all their lines."""
    orders = batch.orders[positions]
    first_new = np.cumsum(orders["num_lines"]) - orders["num_lines"]
    rows = np.arange(int(orders["num_lines"].sum())) + np.repeat(orders["first_line"] - first_new, orders["num_lines"])
    return regrouped(Batch(orders, batch.lines[rows]))


def without_lines(batch: Batch, is_gone: np.ndarray) -> Batch:
    """The batch without some of its lines, and without orders that have none left."""
    orders, lines = batch.orders.copy(), batch.lines[~is_gone]
    orders["num_lines"] = np.bincount(lines["order"], minlength=len(orders))
    return regrouped(Batch(orders[orders["num_lines"] > 0], lines))


def joined(batches: list[Batch], max_orders: int | None) -> Batch:
    """All batches sorted by arrival; at the same second in their sequence. Later ones than ``max_orders`` are left."""
    orders = np.concatenate([batch.orders for batch in batches])
    lines = np.concatenate([batch.lines for batch in batches])
    together = regrouped(Batch(orders, lines))
    return taken(together, np.argsort(orders["arrival_seconds"], kind="stable")[:max_orders])
