"""Receipts: what was announced, and what comes in truth."""

from __future__ import annotations

import numpy as np

from scenarios.drawing.streams import look_up, stream
from scenarios.network import Network
from scenarios.scenario import Scenario
from scenarios.trace import RECEIPTS


def draw_receipts(scenario: Scenario, network: Network, seed: int) -> np.ndarray:
    """Receipts expected within the calendar, sorted by announcement.

    What comes is drawn by a receipt's position in the scenario, not before its announcement and within the calendar.
    """
    warehouses = {warehouse.name: position for position, warehouse in enumerate(scenario.warehouses)}
    skus = {sku.name: position for position, sku in enumerate(scenario.skus)}
    end, rule, size = int(network.settings[0]["end_seconds"]), scenario.reliability, len(scenario.receipts)
    delay, permille = np.zeros(size, np.int64), np.full(size, 1000)
    if rule is not None:
        delay = look_up(rule.delay, stream(seed, "receipt delay").random(size)) - rule.early_seconds
        is_short = stream(seed, "receipt short").random(size) < rule.short_share
        permille[is_short] = look_up(rule.fill, stream(seed, "receipt fill").random(size))[is_short]
    rows = []
    for position, row in enumerate(scenario.receipts):
        if row.expected_seconds >= end:
            continue
        later = int(delay[position]) if row.delay_seconds is None else row.delay_seconds
        units = row.units * int(permille[position]) // 1000 if row.actual_units is None else row.actual_units
        actual = min(max(row.expected_seconds + later, row.announced_seconds), end - 1)
        key = (row.announced_seconds, row.expected_seconds, warehouses[row.warehouse], skus[row.sku], row.units)
        rows.append((*key, actual, units))
    array = np.zeros(len(rows), RECEIPTS)
    for position, (announced, expected, warehouse, sku, units, actual, come) in enumerate(sorted(rows)):
        array[position] = (warehouse, sku, announced, expected, units, actual, come)
    return array
