"""What any policy would give, estimated from an experiment that draws plans: each decision is made again by it."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, select

from agents.bundle import PolicyError
from scenarios.errors import InputError
from serve.admission.aside import aside
from serve.decisions.record import Record, read_record
from serve.decisions.service import DecisionService
from serve.orders.order import Conflict
from serve.policies.lifecycle import Policies
from serve.reviews.wanted import parcels_of
from serve.storage import tables
from serve.trials.design import Sha256
from serve.trials.exploring import near_slots, plan_propensity
from serve.trials.kept import Experiment
from serve.trials.metric import METRICS, MetricName
from serve.trials.off_policy import Log, value_of_log
from serve.trials.results import IntervalAnswer
from serve.trials.streams import read_orders
from serve.trials.tables import HAS_JOINED, trials


class EstimateAnswer(BaseModel):
    """What a policy would have given for orders of an experiment, from the plans that chance let come out."""

    policy: Annotated[str, Field(description="SHA-256 of the bundle")]
    metric: MetricName
    unit: str
    num_decisions: int = Field(description="first decisions of orders, the latest ones, that were looked at")
    num_random: int = Field(description="of these, where another plan could have come out, and the metric is known")
    num_covered: int = Field(description="of these, where the policy's plan could; the estimate is of their orders")
    ips: float | None
    snips: float | None
    effective: float = Field(description="decisions of equal weight that would tell as much")
    value: IntervalAnswer = Field(description="mean of an order, with an interval that may be looked at at any time")
    logged: float | None = Field(description="mean of the same orders as they were decided")


def estimate(
    tx: Connection, policies: Policies, experiment: Experiment, question: tuple[Sha256, MetricName, int], limit: int
) -> EstimateAnswer:
    """The estimate.

    Args:
        tx: a reading transaction.
        policies: where bundles are found.
        experiment: whose decisions are looked at.
        question: policy, metric, and UTC seconds at which it must be known.
        limit: decisions at most, the latest ones.

    Raises:
        Conflict: no plan was drawn, or the policy's bundle is gone.
    """
    policy, name, now = question
    found = _first_decisions(tx, experiment, limit)
    if experiment.exploration is None or all(row.plan_propensity == 1 for row in found):
        expected = "decisions with a propensity below one: where chance had no part, nothing is known of other plans"
        remedy = "run an experiment with explore_share and explore_margin_millicents"
        raise Conflict(InputError("plan_propensity", 1, expected, remedy))
    values = read_orders(tx, experiment.id, name, now)
    find = cache(policies.find)  # each bundle is read once
    service, covered, num_random = find(policy), list[tuple[bool, float, float]](), 0
    for row in found:
        if row.plan_propensity == 1 or row.order_id not in values:
            continue
        num_random += 1
        with aside(is_piece=True):  # each costs as much as an explanation, and others wait for theirs
            is_same, propensity = _seen_by(read_record(tx, row), find(row.bundle_sha256), service)
        if propensity:
            covered.append((is_same, propensity, values[row.order_id]))
    table = np.array(covered, np.float64).reshape(len(covered), 3)
    log, design = Log(table[:, 0] > 0, table[:, 1], table[:, 2], METRICS[name].most), experiment.design
    value, interval = value_of_log(log, design.alpha, design.planned_units)
    return EstimateAnswer(
        policy=policy,
        metric=name,
        unit=METRICS[name].unit,
        num_decisions=len(found),
        num_random=num_random,
        num_covered=len(covered),
        **value._asdict(),
        value=IntervalAnswer(**interval._asdict()),
        logged=float(log.values.mean()) if covered else None,
    )


def _first_decisions(tx: Connection, experiment: Experiment, limit: int) -> list[Row[tuple[object, ...]]]:
    """In the order of time. What was decided again is left to its first decision."""
    made, inside = tables.decisions.c, trials.c
    both = tables.decisions.join(trials, (made.order_id == inside.order_id) & (made.decided_at == inside.entered_at))
    query = select(tables.decisions).select_from(both).where(inside.experiment_id == experiment.id, ~HAS_JOINED)
    latest = tx.execute(
        query.where(made.is_kept).order_by(made.decided_at.desc(), made.writer, made.seq.desc()).limit(limit)
    ).all()
    firsts = {row.order_id: row for row in latest}  # the earliest of those in the same second
    return sorted(firsts.values(), key=lambda row: (row.decided_at, row.writer, row.seq))


def _seen_by(record: Record, logged: DecisionService, other: DecisionService) -> tuple[bool, float]:
    """Whether the other policy's plan came out, and the probability with which it could; 0 if it gives none."""
    assert record.exploration is not None
    told = record.told()
    weighed = record.weighed(logged)
    snapshot, drawn = weighed.snapshot, weighed.choice.slot
    best = logged.chain.repeat(snapshot, told.stage, told.fallback_reason, record.heuristic).slot
    assert drawn is not None
    assert best is not None
    asked = other.reader.read(weighed.case)
    try:
        wanted = other.chain.repeat(asked, "policy", None, None).slot
    except PolicyError:  # what would come out then, its fallback's plan, is none of its own
        return False, 0.0
    assert wanted is not None
    plan, near = parcels_of(asked, wanted), near_slots(snapshot, best, record.exploration.margin_millicents)
    slot = next((int(slot) for slot in near if plan and parcels_of(snapshot, int(slot)) == plan), None)
    if slot is None:
        return False, 0.0
    return slot == drawn, plan_propensity(slot == best, record.exploration.share, len(near))
