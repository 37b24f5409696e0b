"""Experiments are created, started and stopped; what decides changes with them, in the same transaction."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

from sqlalchemy import Connection

from scenarios.errors import InputError
from serve.audit.log import AuditWriter, Entry
from serve.orders.order import Conflict
from serve.policies.lifecycle import Change, Policies, of_candidate
from serve.policies.slots import Standing
from serve.storage.database import Database
from serve.storage.retry import retried
from serve.trials.design import Design
from serve.trials.kept import create, experiment_of, find_row, note_start
from serve.web.actor import Actor, Forbidden


def new_salt() -> str:
    """Which nobody can foresee."""
    return uuid.uuid4().hex


class Experiments:
    """What may be done with experiments.

    Args:
        database: where they are kept.
        audit: this process's chain.
        policies: whose slots are their arms.
    """

    def __init__(self, database: Database, audit: AuditWriter, policies: Policies) -> None:
        self._database, self._audit, self._policies = database, audit, policies

    def create(self, design: Design, actor: Actor) -> None:
        """Keeps a draft, which decides nothing.

        Raises:
            InputError: a design that does not fit together.
            Conflict: its name is used.
        """
        design.check()

        def once() -> None:
            with self._database.writing() as tx:
                create(tx, design, new_salt(), actor.name)
                entry = Entry("experiment_created", actor.name, design.name, design.model_dump_json().encode())
                self._audit.write(tx, entry)

        retried(once)

    def start(self, experiment_id: str, actor: Actor) -> None:
        """From now on its units fall to the arms.

        Raises:
            NotFound: no such experiment.
            Conflict: it is no draft, another one runs, or its treatment is not the candidate.
            Forbidden: the actor created it, or loaded the treatment.
        """
        with self._database.reading() as tx:
            row = find_row(tx, experiment_id)
        if actor.is_told_apart and actor.name == row.created_by:
            expected = "somebody who did not create this experiment"
            raise Forbidden(InputError("actor", actor.name, expected, "ask somebody else to look at it"))
        design = experiment_of(row).design
        control: list[str] = []

        def then(before: Standing) -> Standing:
            if before.experiment_id is not None:
                expected = f"no experiment that runs, but {before.experiment_id} does"
                raise Conflict(InputError("experiment", experiment_id, expected, "stop that one first"))
            control[:] = [before.active]
            return replace(before, mode="experiment", share=design.share, experiment_id=experiment_id)

        def also(tx: Connection) -> None:
            note_start(tx, experiment_id, control[0], actor.name)
            said = {"control": control[0], "treatment": design.treatment}
            self._audit.write(tx, Entry("experiment_started", actor.name, experiment_id, json.dumps(said).encode()))

        make = of_candidate(design.treatment, then)
        self._policies.change(
            Change("policy_experiment", design.treatment, actor, make, needs_four_eyes=True, also=also)
        )

    def stop(self, experiment_id: str, actor: Actor, reason: str) -> None:
        """From now on all orders fall to the control; the treatment stays a candidate that decides nothing.

        Raises:
            NotFound: no such experiment.
            Conflict: it does not run.
        """
        with self._database.reading() as tx:
            treatment = experiment_of(find_row(tx, experiment_id)).design.treatment

        def make(before: Standing) -> Standing:
            if before.experiment_id != experiment_id:
                raise Conflict(InputError("experiment", experiment_id, "one that runs", "look again"))
            return replace(before, mode="loaded", share=0.0, experiment_id=None)

        self._policies.change(Change("policy_experiment_over", treatment, actor, make, reason=reason))
