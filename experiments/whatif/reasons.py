"""Why an order went another way: read off what the two worlds offered when it was decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from envs.costs import MILLICENTS, PART_NAMES
from envs.hidden import CANCELLED, DECLINED
from experiments.headline import signed
from experiments.whatif.order_story import OrderStory, ParcelStory, Withdrawn
from experiments.whatif.order_table import OrderTable

HOUR = 3600
NOTABLE_SECONDS = 900
"""Waits that differ by less are not given as a reason (assumption)."""
NOTABLE_MILLICENTS = 500
EVERYWHERE = -1


class Reason(NamedTuple):
    """A reason: its kind, for counting, and a sentence."""

    kind: str
    text: str


@dataclass(frozen=True)
class View:
    """Both worlds of a comparison.

    Attributes:
        before: orders of the baseline.
        after: orders of the variant.
        warehouses: names, those of the variant.
        services: names.
        routers: labels of the baseline's and the variant's router.
        changed_prices: positions of services whose rate card differs.
    """

    before: OrderTable
    after: OrderTable
    warehouses: tuple[str, ...]
    services: tuple[str, ...]
    routers: tuple[str, str]
    changed_prices: frozenset[int]


def reasons(view: View, before: OrderStory, after: OrderStory) -> list[Reason]:
    """Reasons why the order differs, the most direct first; one at least."""
    found: list[Reason] = []
    if before.num_lines != after.num_lines:
        words = f"the customer orders {_lines(after.num_lines)} instead of {before.num_lines}"
        found.append(Reason("the order itself", words))
    if before.plans != after.plans or before.status != after.status:
        found += _of_plan(view, before, after)
    else:
        found += _of_time(view, before, after)
        if not found:
            found += _of_prices(before, after)
    return list(dict.fromkeys(found)) or [_knock_on(before, after)]


def _of_plan(view: View, before: OrderStory, after: OrderStory) -> Iterator[Reason]:
    if view.routers[0] != view.routers[1]:
        yield Reason("another router", f"{view.routers[1]} decides instead of {view.routers[0]}")
    if after.num_reroutes > before.num_reroutes:
        yield from _why_broken(view, after)
    if after.held_seconds != before.held_seconds:
        yield Reason("held", f"it was held {after.held_seconds // 60} instead of {before.held_seconds // 60} minutes")
    if after.status == CANCELLED != before.status:
        yield Reason("cancelled", "the customer lost patience")
    kept = {plan[:2] for plan in after.plans}
    for parcel in before.parcels:
        if (parcel.warehouse, parcel.service) not in kept:
            yield from _why_not(view, before, after, parcel)
    known = {plan[:2] for plan in before.plans}
    for parcel in after.parcels:
        if (parcel.warehouse, parcel.service) not in known:
            yield from _why_now(view, before, after, parcel)
    if after.status == DECLINED and not after.lines_in_stock.any():
        yield Reason("out of stock", "no warehouse had any of its lines in stock")


def _why_broken(view: View, after: OrderStory) -> Iterator[Reason]:
    """What broke the plan: an outage withdraws what still queues for its collections."""
    stopped = {row.service for row in after.withdrawn if _is_stopped(view.after, row)}
    for service in sorted(stopped):
        yield Reason("outage", f"its plan broke when {view.services[service]} stopped coming")
    if not stopped:
        words = "its plan broke (a short pick, an outage or a short receipt) and it was decided again"
        yield Reason("broken plan", words)


def _why_not(view: View, before: OrderStory, after: OrderStory, parcel: ParcelStory) -> Iterator[Reason]:
    """Why a way of the baseline was not taken in the variant."""
    w, s = parcel.warehouse, parcel.service
    warehouse, service = view.warehouses[w], view.services[s]
    if not view.after.ships[w].any():
        yield Reason("warehouse closed", f"{warehouse} is closed")
    elif not view.after.ships[w, s]:
        yield Reason("service closed", f"{service} no longer collects at {warehouse}")
    elif _is_out(view.after, after.decided_at, w, s) and not _is_out(view.before, before.decided_at, w, s):
        yield Reason("outage", f"{service} did not come to {warehouse} then")
    elif after.lines_in_stock[w] < before.lines_in_stock[w] and not parcel.is_later:
        yield Reason("out of stock", f"{warehouse} had {_of_lines(after, w)} in stock instead of {_count(before, w)}")
    elif (wait := _longer_queue(before, after, w)) > 0:
        yield Reason("queue", f"the queue at {warehouse} was {wait:.1f} h longer")
    elif s in view.changed_prices:
        yield Reason("service price", f"{service} has other prices")


def _why_now(view: View, before: OrderStory, after: OrderStory, parcel: ParcelStory) -> Iterator[Reason]:
    """Why a way of the variant was not taken in the baseline."""
    w, s = parcel.warehouse, parcel.service
    warehouse, service = view.warehouses[w], view.services[s]
    if w >= len(view.before.ships) or not view.before.ships[w].any():
        yield Reason("warehouse opened", f"{warehouse} is open")
    elif after.lines_in_stock[w] > before.lines_in_stock[w] and not parcel.is_later:
        yield Reason("more stock", f"{warehouse} had {_of_lines(after, w)} in stock instead of {_count(before, w)}")
    elif (wait := _longer_queue(after, before, w)) > 0:
        yield Reason("queue", f"the queue at {warehouse} was {wait:.1f} h shorter")
    elif s in view.changed_prices:
        yield Reason("service price", f"{service} has other prices")


def _of_time(view: View, before: OrderStory, after: OrderStory) -> Iterator[Reason]:
    """The same parcels: where they waited."""
    for old, new in zip(before.parcels, after.parcels, strict=True):
        warehouse, service = view.warehouses[new.warehouse], view.services[new.service]
        started, departed = new.started_at - old.started_at, new.departed_at - old.departed_at
        delivered = new.delivered_at - old.delivered_at
        missed = (old.departed_at, new.warehouse, new.service)
        if departed > 0 and _is_out(view.after, *missed) and not _is_out(view.before, *missed):
            yield Reason("outage", f"{service} did not come to {warehouse}, collected {_shift(departed)}")
        elif departed and abs(started) >= NOTABLE_SECONDS:
            yield Reason("queue", f"picked {_shift(started)} at {warehouse}, hence collected {_shift(departed)}")
        elif departed:
            yield Reason("collection", f"{service} collected it {_shift(departed)} at {warehouse}")
        elif delivered:
            yield Reason("transit", f"{service} brought it {_shift(delivered)}")
        elif abs(started) >= NOTABLE_SECONDS:
            yield Reason("queue", f"picked {_shift(started)} at {warehouse}, collected as before")


def _of_prices(before: OrderStory, after: OrderStory) -> Iterator[Reason]:
    """The same parcels at the same times, but at other prices."""
    gaps = after.costs - before.costs
    parts = [name.replace("_", " ") for name, gap in zip(PART_NAMES, gaps, strict=True) if gap]
    if parts:
        yield Reason("prices", f"the same parcels at the same times; other prices of {', '.join(parts)}")


def _knock_on(before: OrderStory, after: OrderStory) -> Reason:
    if before.plans == after.plans:
        return Reason("nothing", "nothing but the order of events changed")
    return Reason(
        "knock-on",
        "none of the circumstances that are looked at explains it; other queues, collections, trucks or bid prices may",
    )


def part_gaps(before: np.ndarray, after: np.ndarray, most: int = 3) -> str:
    """Which cost parts made the difference: ``lateness +5.40, shipping −1.20``."""
    gaps = after - before
    ranked = sorted(range(len(gaps)), key=lambda part: -abs(int(gaps[part])))
    notable = [part for part in ranked if abs(int(gaps[part])) >= NOTABLE_MILLICENTS][:most]
    return ", ".join(f"{PART_NAMES[part].replace('_', ' ')} {signed(gaps[part] / MILLICENTS)}" for part in notable)


def _is_out(table: OrderTable, second: int, warehouse: int, service: int) -> bool:
    """Whether an outage of the pair was seen at the second."""
    return any(
        s == service and w in (warehouse, EVERYWHERE) and start <= second < end
        for s, w, start, end in table.outages.tolist()
    )


def _is_stopped(table: OrderTable, parcel: Withdrawn) -> bool:
    """Whether an outage that began while the parcel queued cancelled the collection it was booked on."""
    return any(
        s == parcel.service
        and w in (parcel.warehouse, EVERYWHERE)
        and parcel.queued_at < start <= parcel.booked_at < end
        for s, w, start, end in table.outages.tolist()
    )


def _longer_queue(shorter: OrderStory, longer: OrderStory, warehouse: int) -> float:
    """Hours by which the queue of the second is longer, 0 where that is not notable or not known."""
    if warehouse >= min(len(shorter.queue_seconds), len(longer.queue_seconds)):
        return 0.0
    seconds = int(longer.queue_seconds[warehouse] - shorter.queue_seconds[warehouse])
    return seconds / HOUR if seconds >= NOTABLE_SECONDS else 0.0


def _count(story: OrderStory, warehouse: int) -> int:
    return int(story.lines_in_stock[warehouse])


def _of_lines(story: OrderStory, warehouse: int) -> str:
    return f"{_count(story, warehouse)} of {_lines(story.num_lines)}"


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"


def _shift(seconds: int) -> str:
    return f"{abs(seconds) / HOUR:.1f} h {'later' if seconds > 0 else 'earlier'}"
