"""Calibration: whether what was quoted is kept, and whether parcels are late as often as was expected."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Float, Integer, and_, case, cast, func, select

from scenarios.local_time import parse_utc
from scenarios.public import PublicScenario
from serve.audit.log import payload
from serve.storage import tables

BANDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Inner edges of the expected probabilities of being late; one that is equal to an edge belongs above."""

MAX_RECORDS = 2_000
"""Parcels of which records are read: the last ones of a period."""

_QUANTILE = 2.576
"""Two-sided, 1 %: of a hundred shares that are as expected, one looks off."""


class Share(BaseModel):
    """A share beside what it was to be."""

    name: str
    num: int
    share: float
    low: float = Field(description="with high: Wilson's interval, 99 %, for outcomes that do not depend on each other")
    high: float
    expected: float
    is_off: bool = Field(description="the expected share is outside of the interval")


class Calibration(BaseModel):
    """Of what was delivered in a period, from its first second up to the end, which is not in it."""

    num_delivered: int
    quotes: list[Share] = Field(description="kept quotes by carrier service; expected is the quote level")
    lateness: list[Share] = Field(
        description="parcels later than promised by the band of late_probability that their decision told; expected is "
        f"the band's mean; of the last {MAX_RECORDS} whose record is kept"
    )
    num_overdue: int = Field(description="parcels of which no delivery was told though their quote is over by the end")
    mean_outcome_seconds: float | None = Field(description="from a decision until its parcel was delivered")


def calibrate(tx: Connection, public: PublicScenario, since: int, until: int) -> Calibration:
    """Of parcels delivered from ``since`` until before ``until``, UTC seconds."""
    parcel, made = tables.parcels.c, tables.decisions.c
    within = and_(parcel.delivered_at >= since, parcel.delivered_at < until)
    is_kept = func.sum(case((parcel.delivered_at <= parcel.quoted_at, 1), else_=0))
    by_service = select(parcel.service, func.count(), cast(is_kept, Integer)).where(within).group_by(parcel.service)
    quotes = [_share(service, kept, num, public.settings.quote_level) for service, num, kept in tx.execute(by_service)]
    waits = parcel.stage.notin_(("delivered", "void")) & (parcel.quoted_at < until)
    decided = tables.parcels.join(tables.decisions, _decision_of(parcel.id) == made.id)
    delay = select(func.avg(cast(parcel.delivered_at - made.decided_at, Float))).select_from(decided).where(within)
    return Calibration(
        num_delivered=sum(row.num for row in quotes),
        quotes=sorted(quotes, key=lambda row: row.name),
        lateness=_reliability(tx, within),
        num_overdue=tx.execute(select(func.count()).where(waits)).scalar_one(),
        mean_outcome_seconds=tx.execute(delay).scalar(),
    )


def _decision_of(parcel_id: Any) -> Any:
    """A parcel's id is its decision's, 32 digits, and a number."""
    return func.substr(parcel_id, 1, 32)


def _reliability(tx: Connection, within: Any) -> list[Share]:
    bands: list[list[tuple[float, bool]]] = [[] for _ in range(len(BANDS) + 1)]
    for expected, is_late in _outcomes(tx, within):
        bands[sum(expected >= edge for edge in BANDS)].append((expected, is_late))
    edges = (0.0, *BANDS, 1.0)
    return [
        _share(
            f"{edges[i]:g} to {edges[i + 1]:g}",
            sum(is_late for _, is_late in band),
            len(band),
            sum(expected for expected, _ in band) / len(band),
        )
        for i, band in enumerate(bands)
        if band
    ]


def _outcomes(tx: Connection, within: Any) -> Iterator[tuple[float, bool]]:
    """Expected probability of being late, and whether it was, of each parcel.

    A parcel is promised when the first of its lines is, as it was given: presale dates have moved since, and SKUs have
    gone. Lines from before their promises were kept count by that of their order.
    """
    parcel, line, made = tables.parcels.c, tables.lines.c, tables.decisions.c
    decided = tables.parcels.join(tables.decisions, _decision_of(parcel.id) == made.id)
    promised = select(func.min(line.promise_at)).where(line.parcel_id == parcel.id).scalar_subquery()
    query = select(parcel.id, parcel.delivered_at, promised.label("promise_at"), made.writer, made.seq)
    latest = query.select_from(decided).where(within).order_by(parcel.number.desc()).limit(MAX_RECORDS)
    for found in tx.execute(latest).all():
        content = payload(tx, found.writer, found.seq)
        if content is not None:
            answer = json.loads(json.loads(content)["answer"])
            told = next(row for row in answer["plan"]["parcels"] if row["id"] == found.id)
            of_order = parse_utc("promise_at", answer["promise_at"])
            promise = of_order if found.promise_at is None else found.promise_at
            yield told["late_probability"], found.delivered_at > promise


def _share(name: str, count: int, num: int, expected: float) -> Share:
    low, high = interval(count, num)
    is_off = not low <= expected <= high
    return Share(name=name, num=num, share=count / num, low=low, high=high, expected=expected, is_off=is_off)


def interval(count: int, num: int) -> tuple[float, float]:
    """Wilson's interval of a share; of none it begins at 0, and of all it ends at 1, exactly. Source: Wilson (1927)."""
    share, square = count / num, _QUANTILE * _QUANTILE / num
    middle, half = share + square / 2, math.sqrt(square * (share * (1 - share) + square / 4))
    low = 0.0 if count == 0 else (middle - half) / (1 + square)
    high = 1.0 if count == num else (middle + half) / (1 + square)
    return low, high
