"""Bid prices: what a unit on a warehouse's shelf is worth to later orders.

They are a table in the observable state, so that every router reads them in one place whoever computes them: the
forecast-free closed form of this module, or a job that solves them at regular times (``envs.pricer``). Prices solved
with the state at one second come into force a fixed delay later; until the first have come, and once those in force are
older than they may be, the closed form fills the table.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from envs import demand, log
from envs.compiling import inlined, internal
from envs.state import NONE
from envs.touched import touch_everything


class Pricing(IntEnum):
    """Who fills the bid-price table."""

    NONE = 0  # all zero
    CLOSED_FORM = 1  # primal-dual, refreshed at every change of stock
    SCHEDULED = 2  # a pricer, at regular times; the closed form while it has nothing fresh


NOBODY = int(Pricing.NONE)

_STEPS = 1024
_ONE = 1 << 20
_CURVE = np.array([round(_ONE * (math.exp(i / _STEPS) - 1) / (math.e - 1)) for i in range(_STEPS + 1)], dtype=np.int64)


@inlined
def refresh(network, seen, warehouse, sku):
    """Stock of a cell has changed: its closed-form price follows, unless solved prices are in force.

    The price is M (e^w - 1)/(e - 1), w the share of stock gone.

    Source: Andrews, Farias, Khojandi and Yan 2019, "Primal-dual algorithms for order fulfillment at
    Urban Outfitters, Inc."; M is the price level of the cell, or of the scenario.
    """
    if seen.clock[0]["pricing"] == NOBODY or (seen.clock[0]["prices_solved_at"] != NONE and not are_stale(seen)):
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


@inlined
def are_stale(seen):
    """Whether the solved prices in the table are older than they may be."""
    clock = seen.clock
    solved_at = clock[0]["prices_solved_at"]
    return solved_at != NONE and clock[0]["now_seconds"] - solved_at > clock[0]["price_stale_seconds"]


@internal
def fall_back(network, seen, hidden):
    """The closed form takes the place of stale prices; called before anybody is shown the table."""
    if not are_stale(seen):
        return
    seen.clock[0]["prices_solved_at"] = NONE
    touch_everything(hidden)
    for warehouse in range(seen.stock.shape[0]):
        for sku in range(seen.stock.shape[1]):
            refresh(network, seen, warehouse, sku)


@internal
def are_wanted(hidden):
    """Whether prices are solved here and can still matter: not in a fork, nor once every order has ended."""
    return hidden.solved_prices.shape[0] > 0 and hidden.counters[0]["num_open_orders"] > 0


@internal
def show_pricer(network, seen, hidden):
    """What a pricer is about to be shown is brought up to date."""
    demand.turn(seen)
    fall_back(network, seen, hidden)


@inlined
def job_seconds(seen):
    """How long prices that are solved now take to come into force: the first ones were solved before opening."""
    return seen.clock[0]["price_delay_seconds"] if seen.clock[0]["now_seconds"] > 0 else 0


@internal
def put_in_force(seen, hidden):
    """Solved prices fill the table."""
    clock, cell = seen.clock, seen.stock
    now = clock[0]["now_seconds"]
    clock[0]["prices_solved_at"] = max(0, now - clock[0]["price_delay_seconds"])
    hidden.counters[0]["are_prices_solved"] = 0
    touch_everything(hidden)
    for warehouse in range(cell.shape[0]):
        for sku in range(cell.shape[1]):
            cell[warehouse, sku]["bid_price_millicents"] = hidden.solved_prices[warehouse, sku]
    log.log_event(hidden, now, log.PRICES_IN, NONE, NONE, clock[0]["prices_solved_at"])
