"""What lies where: SKUs, stock and receipts of the board's scenarios, spread evenly instead of by chance."""

from __future__ import annotations

import math

from scenarios.catalogue.board.ring import Ring
from scenarios.demand import Demand
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.money import millicents
from scenarios.sku import Sku
from scenarios.stock import Receipt, StockRow


def spread(index: int, base: int) -> float:
    """Van der Corput sequence in 0..1: evenly spread, deterministic (Source: van der Corput 1935)."""
    value, step = 0.0, 1.0 / base
    index += 1
    while index:
        index, digit = divmod(index, base)
        value, step = value + digit * step, step / base
    return value


def articles(count: int, margin: tuple[float, float], grams: tuple[float, float] = (200.0, 1_500.0)) -> tuple[Sku, ...]:
    """SKUs with masses and margins (currency units) between the given ends, best sellers first."""
    return tuple(
        Sku(
            f"article-{rank + 1:02d}",
            round(grams[0] * (grams[1] / grams[0]) ** spread(rank, 2)),
            millicents(margin[0] + (margin[1] - margin[0]) * spread(rank, 3)),
        )
        for rank in range(count)
    )


def popularity(count: int) -> tuple[float, ...]:
    """Weights of SKUs by rank."""
    return tuple((rank + 4.0) ** -0.8 for rank in range(count))


def daily_units(demand: Demand) -> tuple[float, ...]:
    """Mean units a day of each SKU."""
    return tuple(milli / 1000 for milli in demand.published().daily_units_milli)


def by_demand(
    ring: Ring, skus: tuple[Sku, ...], daily: tuple[float, ...], days: float, safety: float = 0.0
) -> tuple[StockRow, ...]:
    """Each warehouse holds what the regions around it order in so many days, and so many standard deviations more."""
    total = sum(site.share for site in ring.sites)
    rows = []
    for sku, units in zip(skus, daily, strict=True):
        for site in ring.sites:
            mean = units * days * site.share / total
            rows.append(StockRow(site.name, sku.name, math.ceil(mean + safety * math.sqrt(mean))))
    return tuple(rows)


def misplaced(
    ring: Ring, skus: tuple[Sku, ...], units: tuple[float, ...], holders: int, evenness: float
) -> tuple[StockRow, ...]:
    """Each SKU lies in ``holders`` warehouses, in proportions that have nothing to do with demand.

    Args:
        ring: the warehouses.
        skus: the SKUs.
        units: in all, by SKU.
        holders: warehouses a SKU.
        evenness: 0 for very uneven proportions, large for even ones.
    """
    rows = []
    for rank, (sku, total) in enumerate(zip(skus, units, strict=True)):
        order = [spread(rank * len(ring.sites) + w, 7) for w in range(len(ring.sites))]
        places = sorted(range(len(order)), key=order.__getitem__)[:holders]
        weights = [evenness + spread(rank + 17 * turn, 5) for turn in range(holders)]
        rows += [
            StockRow(ring.sites[w].name, sku.name, math.ceil(total * weight / sum(weights)))
            for w, weight in zip(places, weights, strict=True)
        ]
    return tuple(rows)


def deliveries(
    stock: tuple[StockRow, ...], units: dict[str, float], days: tuple[float, ...], announced_hours: float
) -> tuple[Receipt, ...]:
    """Receipts of each SKU on some days, each to one of the warehouses that hold it, in turn.

    Args:
        stock: who holds what.
        units: of one receipt, by name of the SKU; none below half a unit.
        days: when they are expected; within a day by SKU.
        announced_hours: before.
    """
    holders: dict[str, list[str]] = {}
    for row in stock:
        holders.setdefault(row.sku, []).append(row.warehouse)
    receipts = []
    for rank, (sku, places) in enumerate(holders.items()):
        for turn, day in enumerate(days):
            if round(units[sku]) < 1:
                continue
            expected = round(day * DAY_SECONDS + (7 + rank * 5 % 9) * HOUR_SECONDS)
            announced = max(0, round(expected - announced_hours * HOUR_SECONDS))
            receipts.append(Receipt(places[(rank + turn) % len(places)], sku, round(units[sku]), announced, expected))
    return tuple(receipts)
