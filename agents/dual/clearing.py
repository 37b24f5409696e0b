"""Prices at which the demand of an imagined window clears the shelves: the dual of its program, climbed SKU by SKU.

minimise   the cost of a plan of every order, lost lines included
such that  what is used of a shelf up to the end of a stage is at most what there is of it up to there

For given prices every order takes its cheapest plan by itself, so the dual is a sum over orders, concave in the prices,
and the fixed cost of a parcel is counted exactly. With the prices of all other SKUs fixed, a line has one cost a
warehouse: of the best plan of its order that sends it from there. What is left is the dual of a transportation problem,
which is L-natural-concave: where no common shift of the prices of a subset of warehouses helps is its maximum. Each
shift is searched exactly: usage falls line by line as prices rise, and the best shift is where it meets supply.

Source: Murota 2003, "Discrete convex analysis" (steepest ascent over subsets); Bertsekas 1988, "The auction algorithm"
(prices that rise until shelves clear); as bid prices Talluri and van Ryzin 1998, for fulfilment Acimovic and Graves
2015, "Making better fulfillment decisions on the fly in an online retail environment".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.compiling import compiled

NOWHERE = -1
"""A place that a line cannot be sent from."""

_ALL_SUBSETS = 5
"""Warehouses up to which every subset of them is shifted; of more, each alone and all together."""

_ROUNDS = 2
"""Over the shifts of one SKU, before others have their turn."""


class Market(NamedTuple):
    """An imagined window, as the climb reads it. C places an order, J stages."""

    orders: np.ndarray  # int64 (N, 3): first line, number of lines, stage
    lines: np.ndarray  # int64 (L, 3): order, SKU, units
    by_sku: np.ndarray  # int64 (L,), lines sorted by SKU
    first_of_sku: np.ndarray  # int64 (K + 1,), into ``by_sku``
    places: np.ndarray  # int64 (L, C), warehouses, or ``NOWHERE``
    costs: np.ndarray  # float (L, C), millicents of a line without its parcel; infinite ``NOWHERE``
    boxes: np.ndarray  # float (N, C), millicents of a parcel; 0 for orders of one line
    lost: np.ndarray  # float (L,), millicents of losing a line
    supply: np.ndarray  # float (K, W, J), units that there are up to the end of each stage
    subsets: np.ndarray  # int64 (2^C,), of places, as bits, small ones first
    sizes: np.ndarray  # int64 (2^C,), of these


@compiled
def climb(market, duals, max_parcels, max_sweeps, tolerance):
    """Climbs from the given dual prices.

    Args:
        market: a ``Market``.
        duals: float (K, W, J), of the shelf up to the end of each stage; changed. What a unit is worth in a stage is
            the sum of the duals of this and all later stages.
        max_parcels: of an order.
        max_sweeps: over all SKUs, at most.
        tolerance: millicents; price changes that do not matter.

    Returns:
        Sweeps that were made; ``max_sweeps`` also if the last one still changed prices.
    """
    num_skus, num_warehouses, num_stages = market.supply.shape
    num_places = market.places.shape[1]
    prices = np.zeros(duals.shape)
    for sku in range(num_skus):
        for warehouse in range(num_warehouses):
            above = 0.0
            for stage in range(num_stages - 1, -1, -1):
                above += duals[sku, warehouse, stage]
                prices[sku, warehouse, stage] = above
    most = np.diff(market.first_of_sku).max()
    values, buffers = np.empty((most, num_places + 1)), np.empty((2, most))
    asked, is_in = np.zeros((num_warehouses, num_stages)), np.zeros(num_warehouses, np.bool_)
    for sweep in range(max_sweeps):
        largest = 0.0
        for sku in range(num_skus):
            lines = market.by_sku[market.first_of_sku[sku] : market.first_of_sku[sku + 1]]
            if not _count(market, sku, lines, asked):
                continue
            for i in range(len(lines)):
                _cost_alone(market, lines[i], prices, max_parcels, values[i])
            for _ in range(_ROUNDS):
                change = 0.0
                for stage in range(num_stages - 1, -1, -1):
                    found = _shift_all(
                        market, sku, lines, stage, asked, values, buffers, is_in, duals, prices, tolerance
                    )
                    change = max(change, found)
                largest = max(largest, change)
                if change <= tolerance:
                    break
        if largest <= tolerance:
            return sweep + 1
    return max_sweeps


@compiled
def _count(market, sku, lines, asked):
    """Units that could be asked of each warehouse up to the end of each stage; whether any of it can run short."""
    asked[:] = 0.0
    for line in lines:
        stage = market.orders[market.lines[line, 0], 2]
        for place in market.places[line]:
            if place != NOWHERE:
                asked[place, stage] += market.lines[line, 2]
    is_scarce = False
    for warehouse in range(asked.shape[0]):
        for stage in range(asked.shape[1]):
            if stage > 0:
                asked[warehouse, stage] += asked[warehouse, stage - 1]
            is_scarce |= asked[warehouse, stage] > market.supply[sku, warehouse, stage]
    return is_scarce


@compiled
def _cost_alone(market, line, prices, max_parcels, found):
    """Fills ``found`` (C + 1,) with the least cost, prices included, of an order that sends a line from each place.

    The last entry is that of losing the line.
    """
    order, sku, units = market.lines[line, 0], market.lines[line, 1], market.lines[line, 2]
    first, count, stage = market.orders[order, 0], market.orders[order, 1], market.orders[order, 2]
    costs, num_places = market.costs, market.places.shape[1]
    if count == 1:
        found[:num_places] = 0.0
        found[num_places] = market.lost[line]
    else:
        found[:] = np.inf
        for number in range(len(market.subsets)):
            if market.sizes[number] > min(count, max_parcels):
                break
            subset, total = market.subsets[number], 0.0
            for c in range(num_places):
                if subset >> c & 1:
                    total += market.boxes[order, c]
            for other in range(first, first + count):
                if other == line:
                    continue
                least = market.lost[other]
                for c in range(num_places):
                    if subset >> c & 1 and costs[other, c] < np.inf:
                        price = prices[market.lines[other, 1], market.places[other, c], stage]
                        least = min(least, costs[other, c] + market.lines[other, 2] * price)
                total += least
            for c in range(num_places):
                if subset >> c & 1:
                    found[c] = min(found[c], total)
            found[num_places] = min(found[num_places], total + market.lost[line])
    for c in range(num_places):
        found[c] += costs[line, c]
        if costs[line, c] < np.inf:
            found[c] += units * prices[sku, market.places[line, c], stage]


@compiled
def _shift_all(market, sku, lines, stage, asked, values, buffers, is_in, duals, prices, tolerance):
    """Shifts the duals of one SKU at the end of a stage, every subset of warehouses once; returns the largest shift."""
    supply, num_stages = market.supply[sku], market.supply.shape[2]
    active = np.empty(supply.shape[0], np.int64)
    count = 0
    for warehouse in range(supply.shape[0]):
        # A later stage without new units is the stricter one.
        is_last = stage == num_stages - 1 or supply[warehouse, stage + 1] > supply[warehouse, stage]
        if is_last and asked[warehouse, stage] > supply[warehouse, stage]:
            active[count] = warehouse
            count += 1
    if count == 0:
        return 0.0
    largest, num_subsets = 0.0, (1 << count) if count <= _ALL_SUBSETS else count + 2
    for number in range(1, num_subsets):
        is_in[:] = False
        total, least = 0.0, np.inf
        for i in range(count):
            if (number >> i & 1) if count <= _ALL_SUBSETS else (number == i + 1 or number == count + 1):
                is_in[active[i]] = True
                total += supply[active[i], stage]
                least = min(least, duals[sku, active[i], stage])
        step = _shift(market, lines, stage, values, buffers, is_in, total, -least, tolerance)
        if abs(step) <= tolerance:
            continue
        largest = max(largest, abs(step))
        for i in range(count):
            if is_in[active[i]]:
                duals[sku, active[i], stage] += step
                prices[sku, active[i], : stage + 1] += step
        for i in range(len(lines)):
            if market.orders[market.lines[lines[i], 0], 2] <= stage:
                for c in range(market.places.shape[1]):
                    place = market.places[lines[i], c]
                    if place != NOWHERE and is_in[place]:
                        values[i, c] += market.lines[lines[i], 2] * step
    return largest


@compiled
def _shift(market, lines, stage, values, buffers, is_in, supply, least, tolerance):
    """By how much the prices of some warehouses should change together up to a stage; ``least`` is not positive.

    In the middle between the last line that is served and the first that is not: between what one unit more would
    save and what one less would cost.
    """
    gaps, units, count = buffers[0], buffers[1], 0
    surely, perhaps, num_places = 0.0, 0.0, market.places.shape[1]
    for i in range(len(lines)):
        line = lines[i]
        if market.orders[market.lines[line, 0], 2] > stage:
            continue
        inside, outside = np.inf, values[i, num_places]
        for c in range(num_places):
            if market.places[line, c] != NOWHERE:
                if is_in[market.places[line, c]]:
                    inside = min(inside, values[i, c])
                else:
                    outside = min(outside, values[i, c])
        if inside == np.inf:
            continue
        units[count] = market.lines[line, 2]
        gaps[count] = (outside - inside) / units[count]
        surely += units[count] * (gaps[count] > tolerance)
        perhaps += units[count] * (gaps[count] >= -tolerance)
        count += 1
    if count == 0:
        return least
    if surely <= supply and (perhaps >= supply or least == 0.0):
        return 0.0
    falling = np.argsort(-gaps[:count])
    used, served = 0.0, 0
    while served < count and used + units[falling[served]] <= supply:
        used += units[falling[served]]
        served += 1
    if served == count and used < supply:
        return least
    low = gaps[falling[min(served, count - 1)]]
    high = gaps[falling[served - 1]] if served > 0 and used == supply else low
    return max(least, 0.5 * (low + high))
