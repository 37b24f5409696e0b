"""How an experiment stands: sample ratio, arms, differences and guardrails, at any moment."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from serve.trials.design import Guardrail
from serve.trials.kept import Experiment
from serve.trials.metric import METRICS, MetricName
from serve.trials.off_policy import value_of_arm
from serve.trials.sample_ratio import ALARM, sample_ratio_p_value
from serve.trials.sequence import Interval, Stream, difference_of, value_of
from serve.trials.streams import Counts, count_units, read_streams

GUARDRAIL_ALPHA = 0.01
"""Probability that guardrails, all together, ever stop an experiment that is within its limits."""


class IntervalAnswer(BaseModel):
    """An estimate; its interval is right at all times together, so one may look whenever one likes."""

    estimate: float | None
    low: float | None = Field(description="null until enough is known")
    high: float | None
    num_units: int = Field(description="that it rests on")


class SampleRatio(BaseModel):
    """Whether units fell to the arms as they should."""

    treatment_units: int
    control_units: int
    p_value: float = Field(description="sequential: may be looked at at any time")
    is_alarm: bool = Field(description=f"below {ALARM:g}: assignment or logging is broken, trust no result")


class ArmAnswer(BaseModel):
    """What one policy would give for all orders, estimated from those that fell to it."""

    arm: Literal["treatment", "control"]
    ips: float | None = Field(description="weighted by inverse propensity; null if some orders have no value")
    snips: float | None = Field(description="the same over the sum of weights")
    effective_units: float = Field(description="units of equal weight that would tell as much")


class MetricAnswer(BaseModel):
    """One metric in both arms."""

    metric: MetricName
    unit: str
    arms: list[ArmAnswer]
    difference: IntervalAnswer = Field(description="treatment less control")


class GuardrailAnswer(BaseModel):
    """A limit, and what is known of what it limits."""

    metric: MetricName
    limit: float
    of: Literal["difference", "treatment"]
    seen: IntervalAnswer
    is_broken: bool = Field(description="beyond doubt")


class Results(BaseModel):
    """How an experiment stands."""

    num_orders: int
    num_pending: int = Field(description="held orders, of which nothing is known yet")
    sample_ratio: SampleRatio
    metrics: list[MetricAnswer]
    guardrails: list[GuardrailAnswer]


def make_results(tx: Connection, experiment: Experiment, now: int) -> Results:
    """All of it, at ``now`` (UTC seconds)."""
    design = experiment.design
    streams = read_streams(tx, experiment.id, design, now)
    counts = count_units(tx, experiment.id)
    return Results(
        num_orders=counts.num_orders,
        num_pending=counts.num_pending,
        sample_ratio=sample_ratio(experiment, counts),
        metrics=[_metric(experiment, name, streams[name]) for name in METRICS],
        guardrails=[watch_limit(experiment, limit, streams[limit.metric]) for limit in design.guardrails],
    )


def sample_ratio(experiment: Experiment, counts: Counts) -> SampleRatio:
    """The test of the sample ratio."""
    p_value = sample_ratio_p_value(counts.num_treated, counts.num_control, experiment.design.share)
    return SampleRatio(
        treatment_units=counts.num_treated,
        control_units=counts.num_control,
        p_value=p_value,
        is_alarm=p_value < ALARM,
    )


def watch_limit(experiment: Experiment, limit: Guardrail, stream: Stream) -> GuardrailAnswer:
    """Whether the treatment is beyond a limit; each has its part of ``GUARDRAIL_ALPHA``, one side of it."""
    design = experiment.design
    alpha = min(0.5, 2 * GUARDRAIL_ALPHA / len(design.guardrails))
    if limit.of == "difference":
        seen = difference_of(stream, alpha, design.planned_units)
    else:
        seen = value_of(stream, True, alpha, design.planned_units)
    is_broken = seen.low is not None and seen.low > limit.limit
    return GuardrailAnswer(**limit.model_dump(), seen=_told(seen), is_broken=is_broken)


def _metric(experiment: Experiment, name: MetricName, stream: Stream) -> MetricAnswer:
    design = experiment.design
    arms: list[ArmAnswer] = []
    for arm, column, propensity in (("treatment", 1, design.share), ("control", 0, 1 - design.share)):
        value = value_of_arm(stream, column, propensity)
        arms.append(
            ArmAnswer.model_validate(
                {"arm": arm, "ips": value.ips, "snips": value.snips, "effective_units": value.effective}
            )
        )
    difference = difference_of(stream, design.alpha, design.planned_units)
    return MetricAnswer(metric=name, unit=METRICS[name].unit, arms=arms, difference=_told(difference))


def _told(interval: Interval) -> IntervalAnswer:
    return IntervalAnswer(**interval._asdict())
