"""How an order gets into an experiment, and what is written down of it there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from envs.costs import NUM_OBJECTIVES, OBJECTIVE_OF_PART
from scenarios.local_time import parse_utc
from scenarios.network import TABLE_WEIGHT
from serve.database import insert_new
from serve.service import Trial, Weighed
from serve.slots import Pick, Slots
from serve.trials.assignment import Subject
from serve.trials.tables import trials

_row = trials.c
_FIND = select(trials).where(_row.experiment_id == bindparam("experiment"), _row.order_id == bindparam("order"))


def pick_for(tx: Connection, slots: Slots, subject: Subject, is_known: bool) -> Pick:
    """Who decides an order: where it is in an experiment the arm of its first decision, whatever block it is by now.

    Args:
        tx: any transaction.
        slots: who stands where.
        subject: the order; ``at`` is now.
        is_known: whether it was decided before. If that was before the experiment, it stays out of it.
    """
    if slots.experiment is None:
        return slots.pick(subject)
    found = _find(tx, slots.experiment.id, subject.order_id)
    if found is not None:
        return slots.pick_unit(found.unit)
    return slots.pick_unit(None) if is_known else slots.pick(subject)


def trial_of(pick: Pick) -> Trial:
    """What an answer states of it."""
    return Trial(pick.arm, pick.propensity, pick.experiment.id if pick.experiment else None, pick.unit)


def note_decision(tx: Connection, pick: Pick, weighed: Weighed, now: int, is_part: bool) -> None:
    """Writes down what is expected of an order after a decision; the first one enters it.

    Args:
        tx: a writing transaction.
        pick: who decided.
        weighed: plans and choice.
        now: UTC seconds.
        is_part: whether other lines of the order have plans that stay; then costs add up.
    """
    if pick.experiment is None or pick.unit is None:
        return
    order, experiment = weighed.case.order, pick.experiment
    values = _expected(weighed)
    key = {"experiment_id": experiment.id, "order_id": order.id}
    fresh = {
        "unit": pick.unit,
        "arm": pick.arm,
        "entered_at": now,
        "is_counted": experiment.design.is_counted(now),
        "promise_at": parse_utc("order.promise_at", order.promise_at),
    }
    if insert_new(tx, trials, **key, **fresh, **values):
        return
    found = _find(tx, experiment.id, order.id)
    assert found is not None
    if is_part and found.cost_millicents is not None and values["cost_millicents"] is not None:
        for name in ("cost_millicents", "lateness_millicents", "carbon_millicents", "num_parcels"):
            values[name] += getattr(found, name)
        values["late_probability"] = 1 - (1 - found.late_probability) * (1 - values["late_probability"])
    elif values["cost_millicents"] is None and not values["is_pending"]:
        values = {}  # what was expected before stands until somebody finds a plan
    values["is_manual"] = found.is_manual or weighed.choice.stage == "review"
    where = (_row.experiment_id == experiment.id, _row.order_id == order.id)
    tx.execute(update(trials).where(*where).values(**values))


def _find(tx: Connection, experiment_id: str, order_id: str) -> Row[Any] | None:
    return tx.execute(_FIND, {"experiment": experiment_id, "order": order_id}).one_or_none()


def _expected(weighed: Weighed) -> dict[str, Any]:
    """Of the chosen plan; a hold books only its waiting, so nothing is known yet."""
    slot, plans = weighed.choice.slot, weighed.snapshot.plans
    is_pending = slot is not None and bool(plans.slots["hold_seconds"][slot])
    found: dict[str, Any] = {"is_pending": is_pending, "is_manual": weighed.choice.stage == "review"}
    names = ("cost_millicents", "lateness_millicents", "carbon_millicents", "late_probability", "num_parcels")
    if slot is None or is_pending:
        return found | dict.fromkeys(names)
    amounts = [0] * NUM_OBJECTIVES
    for part, objective in enumerate(OBJECTIVE_OF_PART):
        amounts[objective] += int(plans.costs[slot, part])
    num_parcels = int(plans.slots["num_parcels"][slot])
    in_time = 1.0
    for option in plans.chosen[slot, :num_parcels]:
        in_time *= 1 - int(plans.options["late_weight"][option]) / TABLE_WEIGHT
    return found | dict(zip(names, (*amounts, 1 - in_time, num_parcels), strict=True))
