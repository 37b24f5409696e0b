"""Declines and cancellations: which orders could be declined as a whole, and which lines could end apart from theirs.

An order is decided as a whole, unless its customer loses patience or the plan of a line breaks. And where declining is
no choice, it takes empty shelves: if all that others could have taken by then leaves enough somewhere, there is a plan.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.bounds.fortune import KNOWN_ATTEMPTS, Fortune, short_receipts
from agents.bounds.packs import chains, is_close, longest_hold
from agents.bounds.parcels import line_facts
from envs.plan_table import MAX_BLOCKS
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE
from scenarios.network import FOREVER_SECONDS, NO_LANE, TABLE_WEIGHT, Network
from scenarios.trace import Future


class Declines(NamedTuple):
    """What may be left unserved.

    Attributes:
        whole: bool (N,), orders that may be declined.
        apart: int64 (L,), how likely a line ends apart from its order at most, in TABLE_WEIGHT-ths.
    """

    whole: np.ndarray
    apart: np.ndarray


def make_declines(network: Network, future: Future, knows_luck: bool) -> Declines:
    """What a router could decline or have cancelled.

    Args:
        network: public arrays.
        future: hidden arrays.
        knows_luck: whether luck keys may be looked at; else short picks count by their probability.
    """
    owner, orders = future.lines["order"], future.orders
    whole, apart = np.ones(len(orders), bool), _break_chances(network, future, knows_luck)
    if not network.settings["is_decline_a_choice"][0] and not network.warehouses["short_weight"].any():
        whole = ~_has_plan(network, future, orders["arrival_seconds"][owner] + longest_hold(network))
        apart[_has_plan(network, future, np.full(len(owner), FOREVER_SECONDS))[owner]] = 0
    apart[orders["patience_seconds"][owner] < FOREVER_SECONDS] = TABLE_WEIGHT
    return Declines(whole, apart)


def _break_chances(network: Network, future: Future, knows_luck: bool) -> np.ndarray:
    """int64 (L,), TABLE_WEIGHT-ths: chance that a plan of a line breaks, at most."""
    lines, arrival = future.lines, line_facts(future)[0]
    chance = np.full(len(lines), int(network.warehouses["short_weight"].max(initial=0)))
    if knows_luck and chance.any():
        chance = TABLE_WEIGHT * _could_be_short(network, future)
    chance[arrival <= future.outages["starts_at"].max(initial=-1)] = TABLE_WEIGHT
    for row in short_receipts(future):
        chance[(lines["sku"] == row["sku"]) & (arrival <= row["actual_at"])] = TABLE_WEIGHT
    return chance


def _could_be_short(network: Network, future: Future) -> np.ndarray:
    """bool (L,): lines that some attempt that their order could make would not find."""
    owner, result = future.lines["order"], np.zeros(len(future.lines), bool)
    for place in np.ndindex(*network.pairs.shape):
        fortune = Fortune(network, future, *place)
        orders = np.arange(len(future.orders))
        for attempt in range(KNOWN_ATTEMPTS):
            orders = orders[fortune.could_be(orders, np.ones(len(orders), np.int64), attempt)]
            is_possible = np.zeros(len(future.orders), bool)
            is_possible[orders] = True
            result |= fortune.is_short[attempt] & is_possible[owner]
    return result


class _Parties(NamedTuple):
    """For every order the lines that could be decided together with it, its own included; one row each.

    Attributes:
        order: int64 (n,).
        line: int64 (n,).
    """

    order: np.ndarray
    line: np.ndarray


def _make_parties(network: Network, future: Future) -> _Parties:
    orders, own = [future.lines["order"]], [np.arange(len(future.lines))]
    for chain in chains(network, future):
        for place, order in enumerate(chain):
            for other in range(len(chain)):
                if other != place and is_close(network, future, chain, min(place, other), max(place, other)):
                    row = future.orders[chain[other]]
                    own.append(np.arange(row["first_line"], row["first_line"] + row["num_lines"]))
                    orders.append(np.full(row["num_lines"], order))
    return _Parties(np.concatenate(orders), np.concatenate(own))


def _has_plan(network: Network, future: Future, until: np.ndarray) -> np.ndarray:
    """bool (N,): orders for which there is a plan from their arrival until then, whatever others have been given.

    Each line finds its goods at some warehouse: all other demand for its SKU until then, int64 (L,) seconds, is less
    than it would take to empty all shelves that could serve it. If there are more lines than parcels allowed, enough of
    them find theirs at one warehouse. A parcel of all lines is light enough, so that those that meet at one warehouse
    and service can go together. All that holds for the lines of orders that could join, too, hence for those that do.
    """
    parties, num_orders = _make_parties(network, future), len(future.orders)
    order, line = parties
    units, arrival = future.lines["units"], line_facts(future)[0]
    wanted, to_empty = _taken(future, until)[line], np.zeros(len(line), np.int64)
    most_at_one = np.zeros(num_orders, np.int64)
    for warehouse in range(len(network.warehouses)):
        left = np.maximum(0, _supplied(network, future, warehouse, arrival) - (units - 1))[line]
        could = [_could_carry(network, future, parties, (warehouse, s)) for s in range(len(network.services))]
        to_empty += np.where(np.any(could, axis=0), left, 0)
        for is_carried in could:
            is_sure = is_carried & (wanted < left)
            most_at_one = np.maximum(most_at_one, np.bincount(order[is_sure], minlength=num_orders))
    num_unsure = np.bincount(order[wanted >= to_empty], minlength=num_orders)
    num_lines = np.bincount(order, minlength=num_orders)
    num_more = num_lines - int(network.settings["max_parcels"][0])
    return (num_unsure == 0) & ((num_more <= 0) | (most_at_one > num_more)) & (num_lines <= MAX_BLOCKS)


def _taken(future: Future, until: np.ndarray) -> np.ndarray:
    """int64 (L,): units of the line's SKU that other lines want until then."""
    lines, arrival = future.lines, line_facts(future)[0]
    result = np.zeros(len(lines), np.int64)
    for sku in np.unique(lines["sku"]).tolist():
        own = np.flatnonzero(lines["sku"] == sku)
        sums = np.append(0, np.cumsum(lines["units"][own]))  # lines are sorted by arrival
        result[own] = sums[np.searchsorted(arrival[own], until[own], side="right")] - lines["units"][own]
    return result


def _supplied(network: Network, future: Future, warehouse: int, arrival: np.ndarray) -> np.ndarray:
    """int64 (L,): units that a warehouse has had of the line's SKU when the line arrives."""
    skus, receipts = future.lines["sku"], future.receipts
    supplied = network.stock["on_hand_units"][warehouse, skus].copy()
    for row in receipts[receipts["warehouse"] == warehouse]:
        supplied += row["actual_units"] * ((skus == row["sku"]) & (row["actual_at"] <= arrival))
    return supplied


def _could_carry(network: Network, future: Future, parties: _Parties, place: tuple[int, int]) -> np.ndarray:
    """bool (n,): lines that may leave a warehouse with a service that could carry the whole party."""
    (warehouse, service), lines, orders = place, future.lines[parties.line], future.orders
    grams = np.bincount(
        parties.order, weights=lines["units"] * network.skus["grams"][lines["sku"]], minlength=len(orders)
    )
    needs = network.skus["requirements"][lines["sku"]] | orders["requirements"][lines["order"]]
    lane = network.lanes[warehouse, service][orders["region"][parties.order]]
    could = (needs & WAREHOUSE_SIDE & ~network.warehouses["capabilities"][warehouse]) == 0
    could &= (needs & SERVICE_SIDE & ~network.services["capabilities"][service]) == 0
    could &= (lane["zone"] != NO_LANE) & (network.pairs["num_collections"][warehouse, service] > 0)
    return could & (network.rates["max_grams"][lane["rate_row"]].max(axis=1) >= grams[parties.order])
