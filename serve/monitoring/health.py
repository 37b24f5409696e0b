"""Order health: where orders break, wait, or need a hand, in any period, beside a recorded one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Float, case, cast, func, null, or_, select

from scenarios.local_time import format_utc
from serve.orders.order import Cause
from serve.orders.tasks import Kind
from serve.storage import tables

DelayStage = Literal["queue", "pick", "handover", "delivery", "review", "task"]

NOTABLE = 3.0
"""Standard errors. Of a dozen figures that have not changed, about one in thirty reports shows one so far off."""

LEAST_VALUES = 20
"""Of a figure in either period; fewer do not tell how far such values are apart by chance, and one alone not at all."""

LEAST_SECONDS = 1.0
"""Of two mean delays. Times are told in whole seconds: means that differ by less may differ by rounding alone, however
little single delays are apart."""

MAY_END_EARLY: Kind = "hold_ended"
"""The tasks that are known before they are due."""


class Delay(BaseModel):
    """How long something waited that was over in the period; seconds."""

    stage: DelayStage
    num: int = Field(description="of which is known how long")
    mean_seconds: float | None
    spread_seconds: float | None = Field(description="standard deviation")
    longest_seconds: int | None
    num_due: int | None = Field(
        default=None,
        description="that had a time to be over by, also those of which nobody told since when they waited; null where "
        "there is no such time, and in baselines recorded before it was kept",
    )
    num_late: int | None = Field(
        description="of these: handed over after the collection, delivered after the quoted time, not looked at in time"
    )


class HealthReport(BaseModel):
    """One period, from its first second up to the end, which is not in it."""

    since: str
    until: str
    num_orders: int = Field(
        description="decided and kept, again perhaps; those that are decided together count as one, and what was asked "
        "with its own snapshot does not count"
    )
    num_manual: int = Field(description="of these, for which a review was opened")
    stages: dict[str, int] = Field(description="decisions of these orders by who decided")
    delays: list[Delay]
    exceptions: dict[str, int] = Field(
        description="reviews opened by reason, tasks due by kind: not those that are due after the report was made"
    )
    breaks: dict[Cause, int] | None = Field(
        default=None,
        description="parcels that lost lines, by cause; null in baselines recorded before causes were kept",
    )
    num_early: int | None = Field(
        default=None,
        description="tasks that were over before they were due, such as that of a hold that another order joined: "
        "neither delays nor exceptions; null in baselines recorded when they counted as both",
    )


class Change(BaseModel):
    """A figure of the report beside the baseline's."""

    figure: str
    value: float
    baseline: float
    is_notable: bool = Field(
        description=f"more than {NOTABLE:g} standard errors apart, of at least {LEAST_VALUES} values in each period; "
        "mean delays by a second, too"
    )


class HealthAnswer(BaseModel):
    """A report, and how it differs from the baseline."""

    report: HealthReport
    baseline: HealthReport | None
    changes: list[Change] = Field(description="figures that both periods have")


def make_report(tx: Connection, since: int, until: int, now: int | None = None) -> HealthReport:
    """The report of ``since`` <= time < ``until``, UTC seconds.

    Args:
        tx: a reading transaction.
        since: see above.
        until: see above.
        now: UTC seconds; what is due later is nothing that has happened. None: the period is over.
    """

    def within(column: Any) -> Any:
        return (column >= since) & (column < until)

    made, order, review, task = tables.decisions.c, tables.orders.c, tables.reviews.c, tables.tasks.c
    broken = tables.breaks.c  # each, while a task that is owed is not owed twice
    kept = tables.decisions.join(tables.orders, (order.id == made.order_id) & made.is_kept)
    first_id = func.coalesce(order.group_id, order.id)  # of what is decided together, which has its reviews and tasks
    reviewed = kept.join(tables.reviews, review.order_id == first_id)
    orders = select(func.count(first_id.distinct())).where(within(made.decided_at))
    stages = select(made.stage, func.count()).where(within(made.decided_at)).group_by(made.stage)
    reasons = select(review.reasons, func.count()).where(within(review.opened_at)).group_by(review.reasons)
    is_early = task.done_at < task.due_at
    due = or_(task.done_at.is_(None), ~is_early) & (task.due_at <= (until if now is None else now))
    kinds = select(task.kind, func.count()).where(within(task.due_at), due).group_by(task.kind)
    early = select(func.count()).select_from(tables.tasks).where(within(task.done_at), is_early)
    causes = select(broken.cause, func.count()).where(within(broken.broke_at)).group_by(broken.cause)
    exceptions: Counter[str] = Counter()
    for joined, count in tx.execute(reasons):
        for reason in joined.split(","):
            exceptions[reason] += count
    exceptions.update({kind: count for kind, count in tx.execute(kinds)})
    manual = orders.select_from(reviewed).where(within(review.opened_at))
    return HealthReport(
        since=format_utc(since),
        until=format_utc(until),
        num_orders=tx.execute(orders.select_from(kept)).scalar_one(),
        num_manual=tx.execute(manual).scalar_one(),
        stages={stage: count for stage, count in tx.execute(stages.select_from(kept))},
        delays=_delays(tx, within),
        exceptions=dict(exceptions),
        breaks={cause: count for cause, count in tx.execute(causes)},
        num_early=tx.execute(early).scalar_one(),
    )


def _delays(tx: Connection, within: Any) -> list[Delay]:
    parcel, review, task = tables.parcels.c, tables.reviews.c, tables.tasks.c
    in_time = review.due_at - 1  # who ends it in that very second is the keeper
    of_persons = review.state.in_(("approved", "overridden", "rejected", "expired"))
    return [
        _delay(tx, "queue", (parcel.queued_at, parcel.picked_at), within(parcel.picked_at)),
        _delay(tx, "pick", (parcel.picked_at, parcel.packed_at), within(parcel.packed_at)),
        _delay(
            tx, "handover", (parcel.packed_at, parcel.departed_at, parcel.collection_at), within(parcel.departed_at)
        ),
        _delay(
            tx, "delivery", (parcel.departed_at, parcel.delivered_at, parcel.quoted_at), within(parcel.delivered_at)
        ),
        _delay(tx, "review", (review.opened_at, review.closed_at, in_time), within(review.closed_at), of_persons),
        _delay(tx, "task", (task.due_at, task.done_at), within(task.done_at), task.done_at >= task.due_at),
    ]


def _delay(tx: Connection, stage: DelayStage, times: tuple[Any, ...], *where: Any) -> Delay:
    """Of columns (begin, end) and perhaps the time after which the end is late."""
    begin, end, *due = times
    seconds = end - begin  # null where the begin is, and so in none of the figures of it
    exact = cast(seconds, Float)
    lateness = (func.count(), func.sum(case((end > due[0], 1), else_=0))) if due else (null(), null())
    figures = (func.count(begin), func.avg(exact), func.avg(exact * exact), func.max(seconds), *lateness)
    num, mean, square, longest, num_due, late = tx.execute(select(*figures).where(*where)).one()
    spread = None if mean is None else math.sqrt(max(0.0, square - mean * mean))
    is_dated = bool(due)
    return Delay(
        stage=stage,
        num=num,
        mean_seconds=mean,
        spread_seconds=spread,
        longest_seconds=longest,
        num_due=num_due,
        num_late=int(late or 0) if is_dated else None,
    )


def compare(report: HealthReport, baseline: HealthReport) -> list[Change]:
    """Shares, rates and mean delays of both, and whether they differ by more than chance lets them."""
    changes, is_early_apart = [], report.num_early is not None and baseline.num_early is not None
    if report.num_orders and baseline.num_orders:
        manual = (report.num_manual, report.num_orders), (baseline.num_manual, baseline.num_orders)
        changes.append(_shares("manual share", *manual))
        counts = _counts("{} an order", *(_comparable(period, is_early_apart) for period in (report, baseline)))
        broken, usual = report.breaks, baseline.breaks
        if broken is not None and usual is not None and "unknown" not in broken.keys() | usual.keys():
            counts += _counts("broken by {} an order", broken, usual)
        changes += [_rates(name, (a, report.num_orders), (b, baseline.num_orders)) for name, a, b in counts]
    for now, before in zip(report.delays, baseline.delays, strict=True):
        if now.stage == "task" and not is_early_apart:
            continue
        changes += _means(now, before) + _late_shares(now, before)
    return changes


def _means(now: Delay, before: Delay) -> list[Change]:
    if now.mean_seconds is None or before.mean_seconds is None or not now.num or not before.num:
        return []
    error = math.hypot(*(d.spread_seconds / math.sqrt(d.num) for d in (now, before) if d.spread_seconds))
    means, nums = (now.mean_seconds, before.mean_seconds), (now.num, before.num)
    return [_change(f"mean seconds of {now.stage}", means, nums, error, LEAST_SECONDS)]


def _late_shares(now: Delay, before: Delay) -> list[Change]:
    num_due, usual_due = _num_due(now), _num_due(before)
    if now.num_late is None or before.num_late is None or not num_due or not usual_due:
        return []
    return [_shares(f"late share of {now.stage}", (now.num_late, num_due), (before.num_late, usual_due))]


def _num_due(delay: Delay) -> int | None:
    """Of which those that were late are a part; in baselines from before it was kept a handover's is not known."""
    return delay.num if delay.num_due is None and delay.stage != "handover" else delay.num_due


def _comparable(period: HealthReport, is_early_apart: bool) -> dict[str, int]:
    """Exceptions, without those that one of two periods counts otherwise."""
    return {name: num for name, num in period.exceptions.items() if is_early_apart or name != MAY_END_EARLY}


def _counts(figure: str, now: Mapping[Any, int], before: Mapping[Any, int]) -> list[tuple[str, int, int]]:
    return [(figure.format(name), now.get(name, 0), before.get(name, 0)) for name in sorted(now.keys() | before.keys())]


def _shares(figure: str, now: tuple[int, int], before: tuple[int, int]) -> Change:
    """Two counts of so many that could each count once; they are taken to vary as independent draws do.

    The pooled error is too small for a share near 0 or 1 of which one period has few values: one of 20 is 7 of
    them from none of 1,000, and comes by chance once in fifty times. There that of Agresti and Caffo (2000), with one
    more of either kind in each period, is the larger one.
    """
    value, baseline = now[0] / now[1], before[0] / before[1]
    pooled = (now[0] + before[0]) / (now[1] + before[1])
    error = math.sqrt(pooled * (1 - pooled) * (1 / now[1] + 1 / before[1]))
    guarded = math.hypot(*(_error_of_share(count + 1, num + 2) for count, num in (now, before)))
    return _change(figure, (value, baseline), (now[1], before[1]), max(error, guarded))


def _error_of_share(count: int, num: int) -> float:
    share = count / num
    return math.sqrt(share * (1 - share) / num)


def _rates(figure: str, now: tuple[int, int], before: tuple[int, int]) -> Change:
    """Two counts of so many orders, each of which may count again; they are taken to vary as independent events do."""
    value, baseline = now[0] / now[1], before[0] / before[1]
    pooled = (now[0] + before[0]) / (now[1] + before[1])
    error = math.sqrt(pooled * (1 / now[1] + 1 / before[1]))
    return _change(figure, (value, baseline), (now[1], before[1]), error)


def _change(
    figure: str, values: tuple[float, float], nums: tuple[int, int], error: float, least: float = 0.0
) -> Change:
    """A figure of both periods.

    Args:
        figure: its name.
        values: now and in the baseline.
        nums: of how many values each is.
        error: standard error of their difference.
        least: a smaller difference is not notable, whatever its error.
    """
    value, baseline = values
    apart = abs(value - baseline)
    is_notable = min(nums) >= LEAST_VALUES and apart >= least and apart > NOTABLE * error
    return Change(figure=figure, value=value, baseline=baseline, is_notable=is_notable)
