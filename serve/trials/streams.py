"""From rows to streams: what came of the units of an experiment that are over, in the order in which they began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Float, and_, case, cast, func, literal, null, or_, select

from serve.storage import tables
from serve.trials.design import Design
from serve.trials.metric import METRICS, SETTLE_SECONDS, MetricName
from serve.trials.sequence import Stream
from serve.trials.tables import HAS_JOINED, trials

PENDING_SECONDS = 86_400
"""After its end a unit does not wait longer for orders that are held."""

MOMENTS = 4_000
"""Rows of a stream at most, where units are not blocks."""

_row = trials.c


@dataclass(frozen=True, slots=True)
class Counts:
    """Units and orders that came.

    Attributes:
        num_treated: units that fell to the treatment.
        num_control: units that did not.
        num_orders: in all units.
        num_pending: orders of which nothing is known yet.
    """

    num_treated: int
    num_control: int
    num_orders: int
    num_pending: int


def count_units(tx: Connection, experiment_id: str) -> Counts:
    """All that came, whether it is over or not."""
    pending = func.sum(case((_row.is_pending, 1), else_=0))
    figures = select(_row.arm, func.count(_row.unit.distinct()), func.count(), pending)
    found = {
        row[0]: row[1:] for row in tx.execute(figures.where(_row.experiment_id == experiment_id).group_by(_row.arm))
    }
    treated, control = found.get("canary", (0, 0, 0)), found.get("active", (0, 0, 0))
    return Counts(treated[0], control[0], treated[1] + control[1], treated[2] + control[2])


def read_streams(
    tx: Connection, experiment_id: str, design: Design, now: int, names: set[MetricName] | None = None
) -> dict[MetricName, Stream]:
    """What came of units that are over at ``now``, UTC seconds.

    Args:
        tx: a reading transaction.
        experiment_id: of which experiment.
        design: its design.
        now: what is known by then is asked for.
        names: metrics; all, if not given.
    """
    wanted = names or set(METRICS)
    streams: dict[MetricName, Stream] = {}
    for is_delivered in (False, True):
        of_kind = sorted(name for name in wanted if METRICS[name].is_delivered == is_delivered)
        if of_kind:
            orders = (_outcomes if is_delivered else _expectations)(experiment_id)
            units = _over(_by_unit(orders.subquery(), of_kind).subquery(), design, now)
            rows = tx.execute(_by_moment(units.subquery(), of_kind, _grain(tx, experiment_id, design))).all()
            streams |= _streams(rows, of_kind, design)
    return streams


def _grain(tx: Connection, experiment_id: str, design: Design) -> int:
    """Seconds in which units are taken together, as there are too many to be read one by one; 0: they are not."""
    if design.is_of_blocks:
        return 0
    span = select(func.max(_row.entered_at) - func.min(_row.entered_at)).where(_row.experiment_id == experiment_id)
    grain = 1
    while grain * MOMENTS < (tx.execute(span).scalar() or 0):
        grain *= 2
    return grain


def _streams(rows: Any, names: list[MetricName], design: Design) -> dict[MetricName, Stream]:
    """Rows: moment, arm, orders; then units, size and sum of each metric.

    What a block of many orders may come to is bounded, too, but by so much that it would tell nothing for weeks.
    """
    table = np.array([tuple(row) for row in rows], np.float64).reshape(len(rows), 3 + 3 * len(names))
    begins = np.flatnonzero(np.diff(table[:, 0], prepend=-1.0))
    place = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(table)))
    arms = np.zeros((len(begins), 2, table.shape[1]))
    arms[place, table[:, 1].astype(np.int64)] = table
    streams = {}
    for i, name in enumerate(names):
        counts, sizes, sums = (arms[:, :, 3 + 3 * i + column] for column in range(3))
        keep = sizes.sum(axis=1) > 0
        num_absent = int(table[:, 2].sum() - sizes.sum())
        most = None if design.is_of_blocks else METRICS[name].most
        streams[name] = Stream(counts[keep], sizes[keep], sums[keep], design.share, most, num_absent)
    return streams


def read_orders(tx: Connection, experiment_id: str, name: MetricName, now: int) -> dict[str, float]:
    """One metric of every order of which it is known at ``now`` (UTC seconds), whether its unit is over or not."""
    column = (_outcomes if METRICS[name].is_delivered else _expectations)(experiment_id).subquery().c
    known = select(column.order_id, column[name]).where(column[name].is_not(None), column.known_at <= now)
    return {order_id: float(value) for order_id, value in tx.execute(known.where(column.pending == 0))}


def _expectations(experiment_id: str) -> Any:
    """Orders with what was expected of them, known with the decision."""
    has_review = select(tables.reviews.c.number).where(tables.reviews.c.order_id == _row.order_id).exists()
    total = _row.cost_millicents + _row.lateness_millicents + _row.carbon_millicents
    values = {
        "cost": _row.cost_millicents,
        "lateness": _row.lateness_millicents,
        "carbon": _row.carbon_millicents,
        "total": total,
        "late": _row.late_probability,
        "split": case((_row.num_parcels > 1, 1), (_row.num_parcels.is_not(None), 0)),
        "manual": case((or_(_row.is_pending, HAS_JOINED), None), (or_(_row.is_manual, has_review), 1), else_=0),
    }
    return select(*_about_order(literal(0)), *_named(values)).where(_row.experiment_id == experiment_id)


def _outcomes(experiment_id: str) -> Any:
    """Orders with what came of their lines, wherever those are, known some time after their promises.

    A line that was never sent is late, or an arm that leaves lines lying would look punctual. What was owed to nobody
    when it would have been counted has no value, but its time is waited for: it may be owed again until then. So
    nothing that was counted ever changes, as sequential looks need it.
    """
    parcel, line = tables.parcels.c, tables.lines.c
    is_sent = and_(line.parcel_id == parcel.id, parcel.stage != "void")
    ordered = trials.join(tables.lines, line.order_id == _row.order_id)
    promise = func.coalesce(line.promise_at, _row.promise_at)
    settled = promise + SETTLE_SECONDS
    is_over = line.ended_at < settled
    is_in_time = and_(parcel.delivered_at.is_not(None), parcel.delivered_at <= promise)
    there = func.coalesce(parcel.delivered_at, settled)
    beyond = case((there > settled, settled), (there < promise, promise), else_=there)
    values = {
        "delivered_late": func.max(case((is_over, None), (is_in_time, 0), else_=1)),
        "delivered_late_hours": cast(func.max(case((is_over, None), else_=beyond - promise)), Float) / 3600.0,
    }
    return (
        select(*_about_order(func.max(settled)), *_named(values))
        .select_from(ordered.outerjoin(tables.parcels, is_sent))
        .where(_row.experiment_id == experiment_id)
        .group_by(*trials.c)
    )


def _about_order(known_at: Any) -> tuple[Any, ...]:
    is_treated = case((_row.arm == "canary", 1), else_=0)
    is_pending = case((_row.is_pending, 1), else_=0)
    return (
        _row.order_id,
        _row.unit,
        is_treated.label("is_treated"),
        _row.entered_at,
        is_pending.label("pending"),
        known_at.label("known_at"),
        _row.is_counted,
    )


def _named(values: dict[str, Any]) -> list[Any]:
    return [value.label(name) for name, value in values.items()]


def _by_unit(orders: Any, names: list[MetricName]) -> Any:
    """Sums of each unit over its orders that count."""
    column = orders.c
    figures = []
    for name in names:
        counted = case((column.is_counted, cast(column[name], Float)), else_=null())
        figures += [func.count(counted).label(f"{name}_size"), func.coalesce(func.sum(counted), 0.0).label(name)]
    return select(
        column.unit,
        column.is_treated,
        func.min(column.entered_at).label("began"),
        func.sum(case((column.is_counted, 1), else_=0)).label("orders"),
        func.sum(case((column.is_counted, column.pending), else_=0)).label("pending"),
        func.max(case((column.is_counted, column.known_at), else_=null())).label("known_at"),
        *figures,
    ).group_by(column.unit, column.is_treated)


def _over(units: Any, design: Design, now: int) -> Any:
    """Those that are over, with all that is to be known of them."""
    column, length = units.c, 60 * design.block_minutes
    ended = column.began + (0 if design.unit == "order" else length)
    if design.is_of_blocks:
        ended = (column.began // length + 1) * length
    is_settled = or_(column.pending == 0, ended + PENDING_SECONDS <= now)
    return select(units).where(ended <= now, column.known_at <= now, is_settled)


def _by_moment(units: Any, names: list[MetricName], grain: int) -> Any:
    """Units that began within the same ``grain`` seconds together, each arm by itself; 0: each unit alone.

    Their orders come first, then units with a value, these values' number and their sum for each metric.

    A unit counts for a metric if it has a value of it, so that no metric depends on which others are asked for.
    """
    column = units.c
    moment = column.began // grain if grain else func.row_number().over(order_by=(column.began, column.unit))
    values = [column.orders]
    for name in names:
        size = column[f"{name}_size"]
        values += [case((size > 0, 1), else_=0), size, column[name]]
    if not grain:
        return select(moment.label("moment"), column.is_treated, *values).order_by("moment")
    grouped = select(moment.label("moment"), column.is_treated, *map(func.sum, values))
    return grouped.group_by(moment, column.is_treated).order_by("moment")
