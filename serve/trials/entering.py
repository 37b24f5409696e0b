"""How an order gets into an experiment, and what is written down of it there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from envs.costs import NUM_OBJECTIVES, OBJECTIVE_OF_PART
from scenarios.local_time import parse_utc
from scenarios.network import TABLE_WEIGHT
from serve.decisions.asked import Question
from serve.decisions.service import Trial, Weighed
from serve.policies.slots import Pick, Slots
from serve.storage.database import insert_new
from serve.trials.assignment import Subject
from serve.trials.kept import Experiment
from serve.trials.tables import trials

_row = trials.c
_FIND = select(trials).where(_row.experiment_id == bindparam("experiment"), _row.order_id == bindparam("order"))

_COSTS = ("cost_millicents", "lateness_millicents", "carbon_millicents")
_NOT_KNOWN: dict[str, Any] = dict.fromkeys((*_COSTS, "late_probability", "num_parcels"))
_NOTHING_MORE = _NOT_KNOWN | dict.fromkeys(_COSTS, 0)
"""Of an order that has joined another one, see ``serve.trials.tables.HAS_JOINED``."""


def pick_for(tx: Connection, slots: Slots, subject: Subject, is_known: bool, is_kept: bool = True) -> Pick:
    """Who decides an order: where it is in an experiment the arm of its first decision, whatever block it is by now.

    Args:
        tx: any transaction.
        slots: who stands where.
        subject: the order; ``at`` is now.
        is_known: whether it was decided before. If that was before the experiment, it stays out of it.
        is_kept: whether the order is the database's. One with a snapshot of its caller's takes nothing, and may come
            any number of times, so it stays out, too.
    """
    if slots.experiment is None:
        return slots.pick(subject)
    if not is_kept:
        return slots.pick_unit(None)
    found = _find(tx, slots.experiment.id, subject.order_id)
    if found is not None:
        return slots.pick_unit(found.unit)
    return slots.pick_unit(None) if is_known else slots.pick(subject)


def trial_of(pick: Pick) -> Trial:
    """What an answer states of it."""
    return Trial(pick.arm, pick.propensity, pick.experiment.id if pick.experiment else None, pick.unit)


def note_decision(tx: Connection, pick: Pick, question: Question, weighed: Weighed, now: int) -> None:
    """Writes down what is expected of an order after a decision; the first one enters it.

    Orders that are decided together have one plan, which is booked under the first of them; the others cost nothing
    more, so that means are over all of them.

    Args:
        tx: a writing transaction.
        pick: who decided.
        question: what was to be decided. Where other lines of its orders have plans that stay, costs add up.
        weighed: plans and choice.
        now: UTC seconds.
    """
    if pick.experiment is None or pick.unit is None:
        return
    id_, values = pick.experiment.id, _expected(weighed)
    promise_at = parse_utc("order.promise_at", (question.fresh or question.order).promise_at)
    entry = {"unit": pick.unit, "arm": pick.arm, "entered_at": now, "promise_at": promise_at}
    entry["is_counted"] = _is_counted(tx, pick.experiment, pick.unit, now)
    key = {"experiment_id": id_, "order_id": question.first_id}
    if insert_new(tx, trials, **key, **entry, **values):
        return
    first = _find(tx, id_, question.first_id)
    assert first is not None
    others = [row.id for row in question.group[1:]]
    if question.group and question.fresh is not None:
        entry["is_counted"] = first.is_counted
        others.append(question.fresh.id)
        insert_new(tx, trials, **key | {"order_id": question.fresh.id}, **entry, **values | _NOT_KNOWN)
    has_plan = values["cost_millicents"] is not None
    values["is_manual"] = first.is_manual or values["is_manual"]
    if others:
        _change(tx, id_, others, values | (_NOTHING_MORE if has_plan else _NOT_KNOWN))
    if any(question.is_part(order) for order in question.group) and first.cost_millicents is not None and has_plan:
        for name in (*_COSTS, "num_parcels"):
            values[name] += getattr(first, name)
        values["late_probability"] = 1 - (1 - first.late_probability) * (1 - values["late_probability"])
    elif not has_plan and not values["is_pending"]:  # what was expected before stands until somebody finds a plan
        values = {name: values[name] for name in ("is_pending", "is_manual")}
    _change(tx, id_, [question.first_id], values)


def _is_counted(tx: Connection, experiment: Experiment, unit: str, now: int) -> bool:
    """Whether an order that enters now counts: not in the washout of a block, nor after a customer's time is over."""
    if experiment.design.unit != "customer":
        return experiment.design.is_counted(now)
    began = select(func.min(_row.entered_at)).where(_row.experiment_id == experiment.id, _row.unit == unit)
    first = tx.execute(began).scalar()
    return first is None or now < first + 60 * experiment.design.block_minutes


def _change(tx: Connection, experiment_id: str, order_ids: list[str], values: dict[str, Any]) -> None:
    where = (_row.experiment_id == experiment_id, _row.order_id.in_(order_ids))
    tx.execute(update(trials).where(*where).values(**values))


def _find(tx: Connection, experiment_id: str, order_id: str) -> Row[Any] | None:
    return tx.execute(_FIND, {"experiment": experiment_id, "order": order_id}).one_or_none()


def _expected(weighed: Weighed) -> dict[str, Any]:
    """Of the chosen plan; a hold books only its waiting, so nothing is known yet."""
    slot, plans = weighed.choice.slot, weighed.snapshot.plans
    is_pending = slot is not None and bool(plans.slots["hold_seconds"][slot])
    found: dict[str, Any] = {"is_pending": is_pending, "is_manual": weighed.choice.stage == "review"}
    if slot is None or is_pending:
        return found | _NOT_KNOWN
    amounts = [0] * NUM_OBJECTIVES
    for part, objective in enumerate(OBJECTIVE_OF_PART):
        amounts[objective] += int(plans.costs[slot, part])
    num_parcels = int(plans.slots["num_parcels"][slot])
    in_time = 1.0
    for option in plans.chosen[slot, :num_parcels]:
        in_time *= 1 - int(plans.options["late_weight"][option]) / TABLE_WEIGHT
    return found | dict(zip(_NOT_KNOWN, (*amounts, 1 - in_time, num_parcels), strict=True))
