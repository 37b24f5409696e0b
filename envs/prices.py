"""Bid prices: what a unit on a warehouse's shelf is worth to later orders.

They are a table in the observable state, so that every router reads them in one place whoever
computes them. This module has the forecast-free closed form; a scheduled linear program fills the same
table later.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from envs.compiling import inlined


class Pricing(IntEnum):
    """Who fills the bid-price table."""

    NONE = 0  # all zero
    CLOSED_FORM = 1  # primal-dual, refreshed at every change of stock


CLOSED_FORM = int(Pricing.CLOSED_FORM)

_STEPS = 1024
_ONE = 1 << 20
_CURVE = np.array([round(_ONE * (math.exp(i / _STEPS) - 1) / (math.e - 1)) for i in range(_STEPS + 1)], dtype=np.int64)


@inlined
def refresh(network, seen, warehouse, sku):
    """Sets the closed-form price of one cell: M (e^w - 1)/(e - 1), w the share of stock gone.

    Source: Andrews, Farias, Khojandi and Yan 2019, "Primal-dual algorithms for order fulfillment at
    Urban Outfitters, Inc."; M is the price level of the cell, or of the scenario.
    """
    if seen.clock[0]["pricing"] != CLOSED_FORM:
        return
    cell = seen.stock
    reference = cell[warehouse, sku]["reference_units"]
    if reference <= 0:
        cell[warehouse, sku]["bid_price_millicents"] = 0
        return
    level = network.stock[warehouse, sku]["price_level_millicents"]
    if level == 0:
        level = network.settings[0]["price_level_millicents"]
    left = cell[warehouse, sku]["on_hand_units"] - cell[warehouse, sku]["allocated_units"]
    gone = _STEPS * (reference - left) // reference
    cell[warehouse, sku]["bid_price_millicents"] = level * _CURVE[min(_STEPS, max(0, gone))] // _ONE
