"""Single orders that changed: found by their luck, which is the same in both worlds, and explained."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from envs.costs import MILLICENTS
from envs.hidden import CANCELLED, DECLINED, DELIVERED, OPEN
from experiments.whatif.order_story import OrderBook, OrderStory
from experiments.whatif.order_table import OrderTable
from experiments.whatif.reasons import Reason, View, part_gaps, reasons

MOST_EXPLAINED = 2_000
"""Orders explained one by one, those with the largest differences in cost."""

LOST = {OPEN: "open", DECLINED: "declined", CANCELLED: "cancelled"}
"""Status in words; something of such an order may still have been delivered."""


@dataclass(frozen=True)
class ChangedOrder:
    """One order before and after.

    Attributes:
        before_index: position in the baseline's trace.
        after_index: position in the variant's.
        region: name.
        arrival: local time.
        basket: lines in words.
        before: parcels in words.
        after: the same of the variant.
        before_cost: currency units.
        after_cost: the same of the variant.
        parts: which cost parts made the difference.
        reasons: why.
    """

    before_index: int
    after_index: int
    region: str
    arrival: str
    basket: str
    before: str
    after: str
    before_cost: float
    after_cost: float
    parts: str
    reasons: tuple[Reason, ...]

    @property
    def gap(self) -> float:
        """What it costs more in the variant."""
        return self.after_cost - self.before_cost


@dataclass(frozen=True)
class DrillDown:
    """What became of the orders of one replication.

    Attributes:
        num_before: orders of the baseline.
        num_after: orders of the variant.
        groups: what changed -> (orders, difference in cost in all).
        changed: the largest differences, largest first.
        causes: kind of first reason -> (orders, difference in cost), over ``changed``.
    """

    num_before: int
    num_after: int
    groups: dict[str, tuple[int, float]]
    changed: tuple[ChangedOrder, ...]
    causes: dict[str, tuple[int, float]]


def drill_down(
    before: OrderTable,
    after: OrderTable,
    places: tuple[dict[str, Any], dict[str, Any]],
    routers: tuple[str, str],
    most: int = MOST_EXPLAINED,
) -> DrillDown:
    """Compares one replication order by order.

    Args:
        before: of the baseline.
        after: of the variant, on the same seed.
        places: networks of both, see ``experiments.whatif.reading.place_of``.
        routers: labels of both.
        most: orders to explain.
    """
    _, mine, yours = np.intersect1d(before.luck_key, after.luck_key, return_indices=True)
    by_arrival = np.argsort(mine)
    mine, yours = mine[by_arrival], yours[by_arrival]
    books = OrderBook(before), OrderBook(after)
    gaps = after.costs[yours].sum(axis=1) - before.costs[mine].sum(axis=1)
    groups, is_changed = _grouped(before, after, books, mine, yours, gaps)
    ranked = np.flatnonzero(is_changed)
    ranked = ranked[np.argsort(-np.abs(gaps[ranked]), kind="stable")][:most]
    prices = places[0]["service_prices"], places[1]["service_prices"]
    view = View(
        before,
        after,
        tuple(row["name"] for row in places[1]["warehouses"]),
        tuple(places[1]["services"]),
        routers,
        frozenset(s for s, (old, new) in enumerate(zip(*prices, strict=True)) if old != new),
    )
    changed = tuple(_explained(view, books, places, int(mine[i]), int(yours[i])) for i in ranked)
    causes: dict[str, tuple[int, float]] = {}
    for order in changed:
        number, cost = causes.get(order.reasons[0].kind, (0, 0.0))
        causes[order.reasons[0].kind] = (number + 1, cost + order.gap)
    ordered = dict(sorted(causes.items(), key=lambda item: -item[1][0]))
    return DrillDown(len(before.luck_key), len(after.luck_key), groups, changed, ordered)


def _grouped(
    before: OrderTable,
    after: OrderTable,
    books: tuple[OrderBook, OrderBook],
    mine: np.ndarray,
    yours: np.ndarray,
    gaps: np.ndarray,
) -> tuple[dict[str, tuple[int, float]], np.ndarray]:
    """What changed, each order once, and which orders changed at all."""
    was_lost, is_lost = before.status[mine] != DELIVERED, after.status[yours] != DELIVERED
    moved = books[0].warehouse_marks[mine] != books[1].warehouse_marks[yours]
    planned = books[0].plan_marks[mine] != books[1].plan_marks[yours]
    shifted = books[0].time_marks[mine] != books[1].time_marks[yours]
    kinds = {
        "declined or cancelled now": ~was_lost & is_lost,
        "served now": was_lost & ~is_lost,
        "from other warehouses": moved,
        "other services or parcels": planned,
        "the same plan at another cost": gaps != 0,
        "the same plan at another time": shifted,
    }
    left = np.ones(len(mine), bool)
    groups: dict[str, tuple[int, float]] = {}
    for name, chosen in kinds.items():
        hit = left & chosen
        groups[name] = (int(hit.sum()), float(gaps[hit].sum()) / MILLICENTS)
        left &= ~chosen
    groups["unchanged"] = (int(left.sum()), 0.0)
    gone = np.setdiff1d(np.arange(len(before.luck_key)), mine)
    new = np.setdiff1d(np.arange(len(after.luck_key)), yours)
    groups["no longer ordered"] = (len(gone), -float(before.costs[gone].sum()) / MILLICENTS)
    groups["ordered on top"] = (len(new), float(after.costs[new].sum()) / MILLICENTS)
    return groups, ~left


def _explained(
    view: View, books: tuple[OrderBook, OrderBook], places: Sequence[dict[str, Any]], mine: int, yours: int
) -> ChangedOrder:
    before, after = books[0].story(mine), books[1].story(yours)
    table = view.before
    start = int(places[0]["local_start_seconds"])
    first = int(table.first_line[mine])
    lines = range(first, first + int(table.num_lines[mine]))
    names = [row["name"] for row in places[0]["warehouses"]]
    return ChangedOrder(
        before_index=mine,
        after_index=yours,
        region=places[0]["regions"][int(table.region[mine])]["name"],
        arrival=f"{datetime.fromtimestamp(start + int(table.arrival_seconds[mine]), UTC):%a %d %b %H:%M}",
        basket=", ".join(f"{table.line_units[i]} x {places[0]['skus'][table.line_sku[i]]}" for i in lines),
        before=_in_words(before, names, view.services, start),
        after=_in_words(after, view.warehouses, view.services, start),
        before_cost=float(before.costs.sum()) / MILLICENTS,
        after_cost=float(after.costs.sum()) / MILLICENTS,
        parts=part_gaps(before.costs, after.costs),
        reasons=tuple(reasons(view, before, after)),
    )


def _in_words(story: OrderStory, warehouses: Sequence[str], services: Sequence[str], start: int) -> str:
    """``river by eco (2 lines), at the door Tue 14:05``."""
    words = [] if story.status == DELIVERED else [LOST[story.status]]
    for parcel in story.parcels:
        door = datetime.fromtimestamp(start + parcel.delivered_at, UTC)
        lines = f" ({parcel.num_lines} lines)" if parcel.num_lines > 1 else ""
        waits = ", waits for its goods" if parcel.is_later else ""
        words.append(
            f"{warehouses[parcel.warehouse]} by {services[parcel.service]}{lines}{waits}, at the door {door:%a %H:%M}"
        )
    return " + ".join(words)


def orders_csv(found: DrillDown) -> str:
    """The explained orders, one a row."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(
        (
            *("baseline_order", "variant_order", "region", "arrival", "basket", "baseline", "variant"),
            *("baseline_cost", "variant_cost", "difference", "parts", "why"),
        )
    )
    for order in found.changed:
        writer.writerow(
            (
                *(order.before_index, order.after_index, order.region, order.arrival, order.basket),
                *(order.before, order.after, order.before_cost, order.after_cost, order.gap, order.parts),
                "; ".join(reason.text for reason in order.reasons),
            )
        )
    return buffer.getvalue()
