"""Experiments as the database keeps them: created, running, stopped."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from scenarios.errors import InputError
from serve.audit.log import AuditWriter, Entry
from serve.orders.order import Conflict, NotFound
from serve.storage.database import insert_new
from serve.trials.assignment import Assignment
from serve.trials.design import Design
from serve.trials.exploring import Exploration
from serve.trials.tables import experiments
from serve.web.actor import WATCH

_row = experiments.c


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment, with what never changes of it.

    Attributes:
        id: its name.
        design: as it was created.
        assignment: how units fall to the arms.
        exploration: how plans are drawn; None if they are not.
    """

    id: str
    design: Design
    assignment: Assignment
    exploration: Exploration | None


def find_row(tx: Connection, experiment_id: str) -> Row[Any]:
    """All that is kept of one experiment.

    Raises:
        NotFound: no such experiment.
    """
    found = tx.execute(select(experiments).where(_row.id == experiment_id)).one_or_none()
    if found is None:
        raise NotFound("experiment", experiment_id)
    return found


def experiment_of(row: Row[Any]) -> Experiment:
    """What a row says."""
    design = Design.model_validate_json(row.design)
    return Experiment(row.id, design, design.assignment(row.salt), design.exploration(row.salt))


def list_rows(tx: Connection) -> list[Row[Any]]:
    """All experiments, the latest first."""
    return list(tx.execute(select(experiments).order_by(_row.created_at.desc(), _row.id)))


def create(tx: Connection, design: Design, salt: str, actor: str) -> None:
    """Keeps a draft.

    Raises:
        Conflict: its name is used.
    """
    values = {"id": design.name, "design": design.model_dump_json(), "state": "draft", "salt": salt}
    if not insert_new(tx, experiments, **values, created_by=actor, created_at=int(time.time())):
        raise Conflict(InputError("name", design.name, "a name that is new", "choose another one"))


def note_start(tx: Connection, experiment_id: str, control: str, actor: str) -> None:
    """A draft runs from now on.

    Raises:
        Conflict: it is no draft.
    """
    values = {"state": "running", "control": control, "started_by": actor, "started_at": int(time.time())}
    started = update(experiments).where(_row.id == experiment_id, _row.state == "draft").values(**values)
    if not tx.execute(started).rowcount:
        raise Conflict(InputError("experiment", experiment_id, "a draft", "create another one"))


def note_stop(tx: Connection, audit: AuditWriter, experiment_id: str, actor: str, reason: str) -> None:
    """A running experiment ends, in the transaction in which its slots change."""
    values = {"state": "stopped", "stopped_by": actor, "stopped_at": int(time.time()), "stop_reason": reason}
    tx.execute(update(experiments).where(_row.id == experiment_id, _row.state == "running").values(**values))
    audit.write(tx, Entry("experiment_stopped", actor, experiment_id, json.dumps({"reason": reason}).encode()))


def note_alarm(tx: Connection, audit: AuditWriter, experiment_id: str, p_value: float, now: int) -> bool:
    """Units do not fall to the arms as they should; False if that was known."""
    alarmed = update(experiments).where(_row.id == experiment_id, _row.alarmed_at.is_(None)).values(alarmed_at=now)
    if not tx.execute(alarmed).rowcount:
        return False
    audit.write(tx, Entry("experiment_alarmed", WATCH, experiment_id, json.dumps({"p_value": p_value}).encode()))
    return True
