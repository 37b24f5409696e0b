"""The paths of monitoring."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from pydantic import BaseModel, Field

from scenarios.local_time import format_utc
from serve.admission.aside import aside
from serve.decisions.answer import Stage
from serve.decisions.desk import Desk
from serve.monitoring.calibration import Calibration, calibrate
from serve.monitoring.drift import DriftState
from serve.monitoring.health_routes import Since, Until, period
from serve.monitoring.lately import Recent, share_of
from serve.monitoring.outcomes import Step
from serve.monitoring.reference import Finding
from serve.monitoring.staleness import Freshness, last_heard
from serve.monitoring.watch import Watch
from serve.web.routes import ERRORS


class MeasureAnswer(BaseModel):
    """One histogram of a window beside the reference's."""

    group: str = Field(description="features of plans, context of orders, or choices")
    name: str
    psi: float = Field(description="population stability index")
    psi_limit: float
    gap: float = Field(description="Kolmogorov-Smirnov distance at the edges of the bins")
    gap_limit: float
    is_alarm: bool


class DriftAnswer(BaseModel):
    """How the traffic of one policy stands to that which its bundle was made from."""

    bundle_sha256: str
    name: str
    state: DriftState = Field(
        description="no_reference: the bundle does not tell what is usual; collecting: the window is not full; "
        "too_few: fewer decisions than can be judged"
    )
    window_seconds: int
    num_decisions: int = Field(description="in the window")
    least_decisions: int = Field(description="with fewer it is not judged")
    measures: list[MeasureAnswer] = Field(description="alarms first, then the furthest from their reference")


class FallbackAnswer(BaseModel):
    """Of this process, the last minutes."""

    minutes: int
    stages: dict[Stage, int] = Field(description="decisions by who decided")
    share: float | None = Field(description="not made by the policy; null of none")
    most_share: float = Field(description="above it, by more than chance, is an alarm")
    is_alarm: bool


class LatencyAnswer(BaseModel):
    """Of this process, the last minutes."""

    minutes: int
    p99_ms: dict[Stage, float] = Field(
        description="by who decided: within which 99 % were on disk after their requests came, rounded up"
    )
    share: float | None = Field(description="slow: after their deadline, or slow_ms if they had none; null of none")
    slow_ms: float
    most_share: float = Field(description="above it, by more than chance, is an alarm")
    is_alarm: bool


class StepAnswer(BaseModel):
    """Outcomes that were due in a week, which ended outcome_hours ago."""

    step: Step = Field(description="handover: by the collection that was booked; delivery: by the quoted time")
    num_due: int
    num_missing: int = Field(description="of which nobody told")
    share: float | None = Field(description="missing; null of none")
    mean_seconds: float | None = Field(description="after they were due, of those told; negative: before")
    is_alarm: bool


class OutcomesAnswer(BaseModel):
    """Whether the shop tells what came of decisions, as judged last."""

    outcome_hours: int = Field(description="due so long ago and not told: missing")
    most_share: float = Field(description="above it, by more than chance, is an alarm")
    steps: list[StepAnswer] = Field(description="none before it was judged first")
    is_alarm: bool


class NewsAnswer(BaseModel):
    """How old what is known of a warehouse is."""

    warehouse: str
    heard_at: str | None = Field(description="until when it has told how it stands; null: never")
    freshness: Freshness


class MonitoringAnswer(BaseModel):
    """What is watched."""

    is_alarm: bool
    news: list[NewsAnswer]
    drift: list[DriftAnswer]
    fallback: FallbackAnswer
    latency: LatencyAnswer
    outcomes: OutcomesAnswer


def add_monitoring_routes(desk_of: Callable[[], Desk]) -> APIRouter:
    """The paths; ``desk_of`` gives the desk once it is open."""
    router = APIRouter(prefix="/v1/monitoring", responses=ERRORS)

    @router.get("", summary="Has traffic shifted, does the policy decide, in time, and is it known what came of it?")
    def monitoring() -> MonitoringAnswer:
        desk = desk_of()
        watch = desk.monitor
        drift = [_drift(desk, sha256) for sha256 in watch.drift.standing()]
        recent = watch.lately.recent(watch.latest)
        fallback, latency, outcomes = _fallback(watch, recent), _latency(watch, recent), _outcomes(watch)
        alarms = [fallback.is_alarm, latency.is_alarm, outcomes.is_alarm, *(row.state == "alarm" for row in drift)]
        return MonitoringAnswer(
            is_alarm=any(alarms), news=_news(desk), drift=drift, fallback=fallback, latency=latency, outcomes=outcomes
        )

    @router.get("/calibration", summary="Are quotes kept?")
    def calibration(since: Since, until: Until) -> Calibration:
        desk = desk_of()
        begin, end = period(since, until)
        with aside(), desk.database.reading() as tx:
            return calibrate(tx, desk.known.public, begin, end)

    return router


def _drift(desk: Desk, sha256: str) -> DriftAnswer:
    found, reference = desk.monitor.drift.of(sha256), desk.monitor.drift.reference(sha256)
    ordered = sorted(found.findings, key=lambda row: (not row.is_alarm, -row.psi / row.measure.psi_limit))
    return DriftAnswer(
        bundle_sha256=sha256,
        name=desk.policies.find(sha256).policy.name,
        state=found.state,
        window_seconds=reference.window_seconds,
        num_decisions=found.num_decisions,
        least_decisions=reference.least_decisions,
        measures=[_measure(row) for row in ordered],
    )


def _measure(found: Finding) -> MeasureAnswer:
    measure = found.measure
    return MeasureAnswer(
        group=measure.group,
        name=measure.name,
        psi=round(found.psi, 4),
        psi_limit=round(measure.psi_limit, 4),
        gap=round(found.gap, 4),
        gap_limit=round(measure.gap_limit, 4),
        is_alarm=found.is_alarm,
    )


def _news(desk: Desk) -> list[NewsAnswer]:
    with desk.database.reading() as tx:
        heard = last_heard(tx)
    staleness, now, found = desk.settings.staleness, desk.monitor.latest, []
    for name in desk.known.names.warehouses:
        at = heard.get(name)
        told, age = (None, None) if at is None else (format_utc(at), now - at)
        found.append(NewsAnswer(warehouse=name, heard_at=told, freshness=staleness.of(age)))
    return found


def _fallback(watch: Watch, recent: Recent) -> FallbackAnswer:
    return FallbackAnswer(
        minutes=watch.settings.minutes,
        stages=dict(recent.stages()),
        share=share_of(recent.num_fallbacks, recent.num),
        most_share=watch.settings.most_fallbacks,
        is_alarm=watch.is_falling_back(recent),
    )


def _latency(watch: Watch, recent: Recent) -> LatencyAnswer:
    return LatencyAnswer(
        minutes=watch.settings.minutes,
        p99_ms={stage: recent.p99_ms(stage) for stage in recent.stages()},
        share=share_of(recent.num_slow, recent.num),
        slow_ms=watch.settings.slow_ms,
        most_share=watch.settings.most_slow,
        is_alarm=watch.is_slow(recent),
    )


def _outcomes(watch: Watch) -> OutcomesAnswer:
    steps = [
        StepAnswer(
            step=row.step,
            num_due=row.num,
            num_missing=row.num_missing,
            share=share_of(row.num_missing, row.num),
            mean_seconds=row.mean_seconds,
            is_alarm=watch.is_missing(row),
        )
        for row in watch.due
    ]
    settings, is_alarm = watch.settings, any(step.is_alarm for step in steps)
    return OutcomesAnswer(
        outcome_hours=settings.outcome_hours, most_share=settings.most_missing, steps=steps, is_alarm=is_alarm
    )
