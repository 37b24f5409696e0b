"""Outcomes that should be known by now and are not: without them calibration, guardrails and health say too little."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Float, Integer, case, cast, func, select

from scenarios.local_time import parse_utc
from serve.monitoring.metrics import TOLD_AFTER
from serve.orders.event import AnyEvent
from serve.storage import tables

WINDOW_SECONDS = 7 * 86_400
"""Of outcomes that were due in so long a time, which ends when they begin to be missing."""

Step = Literal["handover", "delivery"]

_parcel = tables.parcels.c
_STEPS: dict[Step, tuple[Any, Any]] = {
    "handover": (_parcel.collection_at, _parcel.departed_at),
    "delivery": (_parcel.quoted_at, _parcel.delivered_at),
}
"""When it is due, and when it happened."""

_OWES_NOTHING = ("void", "claimed", "later")
"""Stages of parcels that lost their lines, wait for a receipt or wait for a presale date: for them nothing is booked,
and their dates are those of a plan, so it is not the shop's silence if nothing happened."""

_not_there, _arrives_at = _parcel.delivered_at.is_(None), _parcel.collection_at + _parcel.transit_seconds
"""Goods that come late get a later collection, while what was quoted stays that of the plan. Apart from the other
figures, which are read from an index alone: this is read of the few parcels that are missing."""


@dataclass(frozen=True, slots=True)
class Due:
    """Outcomes of one step that were due in the window.

    Attributes:
        step: handed over by the collection that was booked, or delivered by the time that was quoted.
        num: parcels.
        num_missing: of them, those of which nobody told.
        mean_seconds: from when it was due until it happened, negative if before, of those told; None of none.
    """

    step: Step
    num: int
    num_missing: int
    mean_seconds: float | None


def read_due(tx: Connection, now: int, hours: int) -> list[Due]:
    """What was due up to ``hours`` before ``now`` (UTC seconds), by step.

    A parcel that lost its lines, or still waits for goods or a date, owes nothing, and one that waited so long that it
    cannot be there by then owes no delivery yet. Whoever tells of a delivery tells of the handover, too.
    """
    until = now - 3600 * hours
    return [_read(tx, step, until) for step in _STEPS]


def note_lags(told: Iterable[AnyEvent], now: int) -> None:
    """Counts how long after events had happened they were told, at ``now`` (UTC seconds)."""
    for event in told:
        TOLD_AFTER.labels(event.kind).observe(max(0, now - parse_utc("at", event.at)))


def _read(tx: Connection, step: Step, until: int) -> Due:
    due_at, happened_at = _STEPS[step]
    missing = cast(func.coalesce(func.sum(case((happened_at.is_(None), 1), else_=0)), 0), Integer)
    delay = func.avg(cast(happened_at - due_at, Float))
    within = (due_at > until - WINDOW_SECONDS, due_at <= until, _parcel.stage.not_in(_OWES_NOTHING))
    num, num_missing, mean_seconds = tx.execute(select(func.count(), missing, delay).where(*within)).one()
    if step == "delivery":
        on_the_way = tx.execute(select(func.count()).where(*within, _not_there, _arrives_at > until)).scalar_one()
        num, num_missing = num - on_the_way, num_missing - on_the_way
    return Due(step, num, num_missing, mean_seconds)
