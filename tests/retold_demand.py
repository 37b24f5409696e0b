"""Demand seen, counted a second time from the event log and the trace alone: hour by hour, without counters."""

from __future__ import annotations

import numpy as np

from envs.log import Kind
from scenarios.trace import Trace

HOUR = 3600


def counted(trace: Trace, events: np.ndarray, now: int) -> tuple[list[list[int]], list[list[int]], list[int]]:
    """What has been demanded up to a second.

    Args:
        trace: whose orders the events are about.
        events: rows of the log so far.
        now: the second.

    Returns:
        Of each region (orders, of this hour, of the last hour, recent), of each SKU (units, of this hour, recent), of
        all regions (orders of this hour, of the last).
    """
    arrived = events[events[:, 1] == Kind.ORDER_ARRIVED][:, (0, 2)].tolist()
    hour = now // HOUR
    orders = np.zeros((hour + 1, len(trace.network.regions)), np.int64)
    units = np.zeros((hour + 1, len(trace.network.skus)), np.int64)
    for second, order in arrived:
        orders[second // HOUR, trace.future.orders["region"][order]] += 1
        for line in trace.future.lines[trace.future.lines["order"] == order]:
            units[second // HOUR, line["sku"]] += line["units"]
    last = orders[hour - 1] if hour else np.zeros_like(orders[0])
    of_region = [orders.sum(axis=0), orders[hour], last, recent(1000 * orders[:hour])]
    of_sku = [units.sum(axis=0), units[hour], recent(24_000 * units[:hour])]
    whole = [int(orders[hour].sum()), int(last.sum())]
    return np.transpose(of_region).tolist(), np.transpose(of_sku).tolist(), whole


def recent(rates: np.ndarray) -> np.ndarray:
    """Rates of whole hours (hours, n), older ones forgotten: 7/64 of what is known each hour, rounded down."""
    known = np.zeros(rates.shape[1], np.int64)
    for rate in rates:
        known = (57 * known + 7 * rate) // 64
    return known
