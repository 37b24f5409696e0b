"""What an imagined window asks for and what there will be, stage by stage, as the climb of bid prices reads it."""

from __future__ import annotations

import numpy as np

from agents.dual.clearing import NOWHERE, Market
from agents.dual.line_costs import line_costs
from agents.forecast.analogues import Window
from agents.forecast.history import History
from envs.state import Observable
from scenarios.local_time import DAY_SECONDS
from scenarios.network import Network

MAX_PLACES = 6
"""Warehouses that an order may be sent from here; of more, those that are cheapest for it."""

BLUR = 0.10
"""Share of its cost by which a line is blurred at first: orders alike would all change their plan at one price."""

STAGE_SECONDS = DAY_SECONDS
"""Goods of a receipt serve what is asked for later, to the day."""


def num_stages(reach: int) -> int:
    """Stages of so many seconds."""
    return -(-reach // STAGE_SECONDS)


def known_units(seen: Observable, history: History, reach: int) -> np.ndarray:
    """Units that may be promised up to the end of each stage, float (K, W, J), not negative.

    Those on the shelf, and of announced receipts as many as receipts used to bring, as late as they used to come.
    """
    shelf = np.maximum(0, seen.stock["on_hand_units"] - seen.stock["allocated_units"]).astype(float)
    units = np.repeat(shelf.T[:, :, None], num_stages(reach), axis=2)
    known = seen.receipts[: seen.clock["num_receipts"][0]]
    known = known[known["is_open"] != 0]
    expected = np.maximum(0.0, history.receipt_fill * known["expected_units"] - known["claimed_units"])
    arrive(units, known, known["expected_at"] + history.receipt_delay_seconds - seen.clock["now_seconds"][0], expected)
    return units


def arrive(units: np.ndarray, receipts: np.ndarray, wait: np.ndarray, amounts: np.ndarray) -> None:
    """Adds what receipts bring after so many seconds to all stages of which most comes later; changes ``units``."""
    stages = np.maximum(0, np.rint(wait / STAGE_SECONDS).astype(np.int64))
    is_in_time = stages < units.shape[2]
    coming = np.zeros(units.shape)
    where = receipts["sku"][is_in_time], receipts["warehouse"][is_in_time], stages[is_in_time]
    np.add.at(coming, where, amounts[is_in_time])
    units += coming.cumsum(axis=2)


def blurred(market: Market, random: np.random.Generator) -> Market:
    """The same with costs that differ from line to line."""
    whole = np.where(market.places == NOWHERE, 0.0, market.costs + market.boxes[market.lines[:, 0]])
    return market._replace(costs=market.costs + random.uniform(-BLUR, BLUR, whole.shape) * whole)


def market_of(network: Network, seen: Observable, window: Window, supply: np.ndarray) -> Market:
    """Arrays of a window that is not empty.

    Args:
        network: public arrays.
        seen: the time, preference weights and interruptions are read.
        window: imagined demand.
        supply: float (K, W, J), units that it may use.
    """
    orders, lines, (num_skus, num_warehouses, stages) = window.orders, window.lines, supply.shape
    whole, fixed = line_costs(network, seen, window)
    owner, is_reachable = lines["order"], np.isfinite(whole)
    fixed = np.where((orders["num_lines"][owner] > 1)[:, None] & is_reachable, fixed, 0.0)
    costs = whole - fixed
    boxes = np.zeros((len(orders), num_warehouses))
    np.maximum.at(boxes, owner, fixed)
    lost = seen.clock["weight_cost_permille"][0] / 1000 * lines["margin_millicents"]
    nearest = np.arange(num_warehouses)[None, :].repeat(len(orders), axis=0)
    if num_warehouses > MAX_PLACES:
        together = np.zeros(boxes.shape)
        np.add.at(together, owner, np.minimum(whole, lost[:, None]))
        nearest = np.argsort(together, axis=1, kind="stable")[:, :MAX_PLACES]
        costs, boxes = np.take_along_axis(costs, nearest[owner], 1), np.take_along_axis(boxes, nearest, 1)
    subsets = np.arange(1 << nearest.shape[1])
    sizes = np.array([int(subset).bit_count() for subset in subsets])
    small_first, by_sku = np.argsort(sizes, kind="stable"), np.argsort(lines["sku"], kind="stable")
    waited = orders["arrival_seconds"] - seen.clock["now_seconds"][0] - 1
    stage = np.clip(waited // STAGE_SECONDS, 0, stages - 1)
    return Market(
        orders=np.stack([orders["first_line"], orders["num_lines"], stage], axis=1),
        lines=np.stack([owner, lines["sku"], lines["units"]], axis=1),
        by_sku=by_sku,
        first_of_sku=np.searchsorted(lines["sku"][by_sku], np.arange(num_skus + 1)),
        places=np.where(np.isfinite(costs), nearest[owner], NOWHERE),
        costs=costs,
        boxes=boxes,
        lost=lost,
        supply=supply,
        subsets=subsets[small_first],
        sizes=sizes[small_first],
    )
