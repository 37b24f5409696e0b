"""The random instances of Jasin and Sinha: order types, how often each comes, and what lies where at the start.

Source: Jasin and Sinha 2015, "An LP-based correlated rounding scheme for multi-item ecommerce order fulfillment",
section 6, in the form of the published code of Ma 2023, "Order-optimal correlated rounding for fulfilling multi-item
e-commerce orders" (github.com/Willmasaur/multi_item_e_commerce_fulfillment, its smaller network).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scenarios.drawing.streams import choose, stream

NUM_SKUS = 20
MOST_LINES = 5
TYPES_OF_A_SIZE = 5
CARRY_SHARE = 0.75
"""Probability that a warehouse keeps a SKU."""

SAFETY = 0.5
"""Standard deviations of a warehouse's demand above its mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One instance, before stock is counted.

    Attributes:
        baskets: positions of the SKUs of each order type.
        chances: float64 (types,), of an order of each type in one period; what is left to 1 is no order.
        has: bool (W, K), which warehouse keeps which SKU.
    """

    baskets: tuple[tuple[int, ...], ...]
    chances: np.ndarray
    has: np.ndarray


def draw_instance(number: int, num_warehouses: int) -> Instance:
    """The instance of that number: its own random streams, the same on every machine."""
    random = stream(number, "jasin-sinha instance")
    baskets, chances = [], []
    weights = random.random(MOST_LINES + 1)  # the first one of no order at all
    for size in range(1, MOST_LINES + 1):
        shares = random.random(TYPES_OF_A_SIZE)
        for share in shares:
            baskets.append(tuple(int(sku) for sku in random.permutation(NUM_SKUS)[:size]))
            chances.append(weights[size] / weights.sum() * share / shares.sum())
    return Instance(tuple(baskets), np.array(chances), random.random((num_warehouses, NUM_SKUS)) < CARRY_SHARE)


def stock_of(instance: Instance, km: np.ndarray, city_shares: np.ndarray, periods: int) -> np.ndarray:
    """int64 (W, K): each city is counted to the nearest warehouse that keeps the SKU, and half a deviation added.

    Args:
        instance: as drawn.
        km: float64 (W, R) distances.
        city_shares: float64 (R,), of demand.
        periods: of the episode.
    """
    units = np.zeros(instance.has.shape, np.int64)
    for sku in range(NUM_SKUS):
        chance = sum(chance for basket, chance in zip(instance.baskets, instance.chances, strict=True) if sku in basket)
        keeps = instance.has[:, sku]
        if not keeps.any():
            continue
        nearest = np.argmin(np.where(keeps[:, None], km, math.inf), axis=0)
        for warehouse in range(len(keeps)):
            rate = chance * city_shares[nearest == warehouse].sum()
            units[warehouse, sku] = round(periods * rate + SAFETY * math.sqrt(periods * rate * (1.0 - rate)))
    return units


def arrivals(instance: Instance, city_shares: np.ndarray, periods: int, seed: int) -> list[tuple[int, int, int]]:
    """(period, order type, city) of the orders of a seed."""
    random = stream(seed, "jasin-sinha arrival")
    idle = 1.0 - instance.chances.sum()
    types = choose((*instance.chances.tolist(), idle), periods, random)
    cities = choose(tuple(city_shares.tolist()), periods, random)
    return [
        (period, int(kind), int(city))
        for period, (kind, city) in enumerate(zip(types, cities, strict=True))
        if kind < len(instance.baskets)
    ]
