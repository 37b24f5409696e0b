"""Policies are loaded, tried and activated while orders are answered; each change is one transaction, audited."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from scenarios.errors import InputError
from serve.audit.kinds import LastingKind
from serve.audit.log import AuditWriter, Entry
from serve.background import Background
from serve.decisions.service import DecisionService
from serve.orders.changes import Taken
from serve.orders.order import Conflict
from serve.policies.shelf import Shelf
from serve.policies.slots import Pick, Slots, Standing
from serve.policies.standings import STARTED, last_standing, loads_of, note_loaded, started_with, write_standing
from serve.storage.database import Database
from serve.storage.retry import retried
from serve.trials.assignment import Subject
from serve.trials.entering import pick_for
from serve.trials.kept import Experiment, experiment_of, find_row, note_stop
from serve.web.actor import Actor, Forbidden

_log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
"""How long a process may go on with slots that another one has changed."""

COMMAND_LINE = "command line"
"""Who loaded the bundle that the endpoint was started with; no token has a space in its name."""


class Lacking(Exception):
    """What is to decide cannot be read here.

    Args:
        detail: in the error schema.
    """

    def __init__(self, detail: InputError) -> None:
        self.detail = detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What is done to the slots.

    Attributes:
        kind: for the audit log.
        sha256: the policy that is named.
        actor: who does it.
        make: what stands afterwards, except its number.
        needs_four_eyes: whoever loaded the policy may not do it.
        fresh: the policy, if it is loaded by this.
        also: what else is done in the transaction.
        reason: why, if an experiment ends by it.
    """

    kind: LastingKind
    sha256: str
    actor: Actor
    make: Callable[[Standing], Standing]
    needs_four_eyes: bool = False
    fresh: DecisionService | None = None
    also: Callable[[Connection], None] | None = None
    reason: str | None = None


class Policies:
    """The slots of this process, which follow those in the database.

    Args:
        base: what the endpoint was started with.
        database: where it is kept who stands where.
        audit: this process's chain.
        directory: below which bundles lie that may be loaded; None: none may.

    Attributes:
        slots: who decides now. A change puts another object in its place; nobody waits for it.
        loop: follows other processes.
    """

    def __init__(self, base: DecisionService, database: Database, audit: AuditWriter, directory: Path | None) -> None:
        self._base, self._database, self._audit = base, database, audit
        self._shelf = Shelf(base, directory)
        self.slots = Slots(Standing(0, base.policy.bundle_sha256), {base.policy.bundle_sha256: base})
        self._lacking: InputError | None = None
        self._lock = threading.Lock()
        self.loop = Background("policies", self.follow, INTERVAL_SECONDS)

    def start(self) -> None:
        """Goes on with what stands since an endpoint was started with this bundle; after another one it begins anew."""
        sha256 = self._base.policy.bundle_sha256

        def once() -> None:
            with self._database.writing() as tx:
                if started_with(tx) == sha256:
                    return
                before = last_standing(tx)
                standing = Standing(before.number + 1 if before else 1, sha256)
                write_standing(tx, standing, STARTED)
                if before and before.experiment_id:
                    note_stop(tx, self._audit, before.experiment_id, COMMAND_LINE, "started with another bundle")
                self._note(tx, self._base, COMMAND_LINE)
                self._audit.write(tx, Entry(STARTED, COMMAND_LINE, sha256, _payload(standing)))

        retried(once)
        self.try_to_follow()

    def try_to_follow(self) -> None:
        """At the start: takes over what stands, if that can be; else what decides goes on, and the loop tries again."""
        try:
            self.follow()
        except Exception as error:  # a bundle that is gone, a database that is away
            reason = error.detail if isinstance(error, Conflict) else type(error).__name__
            _log.error("the slots stay as they are: %s", reason)

    def follow(self) -> None:
        """Takes over what another process has changed.

        Raises:
            Conflict: a bundle that decides cannot be read here.
        """
        with self._database.reading() as tx:
            standing = last_standing(tx)
        if standing is not None:
            self._take_over(standing, {})

    def check(self) -> None:
        """Returns if who decides here is who is to decide.

        Raises:
            Lacking: his bundle could not be read when it was to be taken over; another one goes on.
        """
        lacking = self._lacking  # one moment
        if lacking is not None:
            raise Lacking(lacking)

    @property
    def active(self) -> DecisionService:
        """Who decides, unless a canary does."""
        slots = self.slots  # one moment
        return slots.services[slots.standing.active]

    def pick(self, tx: Connection, subject: Subject, is_known: bool, is_kept: bool = True) -> Pick:
        """Who decides an order, see ``serve.trials.entering.pick_for``."""
        return pick_for(tx, self.slots, subject, is_known, is_kept)

    def find(self, sha256: str) -> DecisionService:
        """A policy that decided at some time, from its slot or from its folder.

        Raises:
            Conflict: its bundle is not there any more.
        """
        if sha256 == self._base.policy.bundle_sha256:
            return self._base
        service = self.slots.services.get(sha256)
        if service is not None:
            return service
        with self._database.reading() as tx:
            folders = [load.folder for load in loads_of(tx, sha256)]
        return self._shelf.find(sha256, folders)

    def load(self, folder: str, actor: Actor) -> Standing:
        """Verifies a bundle and puts it into the second slot, where it decides nothing yet.

        Raises:
            InputError: no sound bundle for this scenario.
            Conflict: it is the active one.
        """
        service = self._shelf.take(folder)
        sha256 = service.policy.bundle_sha256

        def make(before: Standing) -> Standing:
            if before.active == sha256:
                raise Conflict(InputError("folder", folder, "another policy than the active one", "load another"))
            return replace(before, candidate=sha256, mode="loaded", share=0.0)

        return self.change(Change("policy_loaded", sha256, actor, make, fresh=service))

    def shadow(self, sha256: str, actor: Actor) -> Standing:
        """From now on the candidate decides beside the active policy, for the record."""
        make = of_candidate(sha256, lambda before: replace(before, mode="shadow", share=0.0))
        return self.change(Change("policy_shadowed", sha256, actor, make))

    def canary(self, sha256: str, share: float, actor: Actor) -> Standing:
        """From now on the candidate decides a share of the orders.

        Raises:
            Forbidden: the actor loaded it.
        """
        make = of_candidate(sha256, lambda before: replace(before, mode="canary", share=share))
        return self.change(Change("policy_canaried", sha256, actor, make, needs_four_eyes=True))

    def withdraw(self, sha256: str, actor: Actor) -> Standing:
        """Empties the second slot."""
        make = of_candidate(sha256, lambda before: replace(before, candidate=None, mode=None, share=0.0))
        return self.change(Change("policy_withdrawn", sha256, actor, make))

    def activate(self, sha256: str, actor: Actor) -> Standing:
        """From now on the candidate decides; the active policy may be returned to.

        Raises:
            Forbidden: the actor loaded it.
        """
        make = of_candidate(sha256, lambda before: Standing(before.number, sha256, before.active))
        return self.change(Change("policy_activated", sha256, actor, make, needs_four_eyes=True))

    def roll_back(self, sha256: str, actor: Actor) -> Standing:
        """From now on the policy before decides again; the active one, which is named, becomes a candidate at rest.

        Raises:
            Conflict: it is not the active one, or there is none before it.
        """

        def make(before: Standing) -> Standing:
            if before.active != sha256:
                raise Conflict(InputError("policy", sha256, f"the active one, {before.active}", "look again"))
            if before.previous is None:
                expected = "a policy that was activated after another one"
                raise Conflict(InputError("policy", sha256, expected, "load and activate another one"))
            return Standing(before.number, before.previous, None, sha256, "loaded")

        return self.change(Change("policy_rolled_back", sha256, actor, make))

    def change(self, change: Change) -> Standing:
        """One transaction; then this process follows at once, and others within a second.

        An experiment that runs in the slots ends with any change of them.

        Raises:
            Conflict: the slots do not stand as they must, or a bundle that is to decide cannot be read here.
        """
        services: dict[str, DecisionService] = {}
        if change.fresh is not None:
            services[change.fresh.policy.bundle_sha256] = change.fresh

        def once() -> Standing:
            self.try_to_follow()
            with self._database.reading() as tx:
                before = last_standing(tx) or self.slots.standing
            after = change.make(before)
            services.update(self._services(after, after.at_work(), services))  # first: they are read for seconds
            with self._database.writing() as tx:
                before = last_standing(tx) or self.slots.standing
                after = _numbered(change.make(before), before.number + 1)
                if not services.keys() >= set(after.at_work()):
                    raise Taken("the slots")
                if change.needs_four_eyes:
                    _check_four_eyes(tx, change)
                if change.also is not None:
                    change.also(tx)
                write_standing(tx, after, change.kind)
                if before.experiment_id and before.experiment_id != after.experiment_id:
                    reason = change.reason or change.kind
                    note_stop(tx, self._audit, before.experiment_id, change.actor.name, reason)
                if change.fresh is not None:
                    self._note(tx, change.fresh, change.actor.name)
                self._audit.write(tx, Entry(change.kind, change.actor.name, change.sha256, _payload(after)))
                return after

        after = retried(once)
        self._take_over(after, services)
        _log.info("%s: standing %d", change.kind, after.number)  # names are as somebody sent them
        return after

    def _take_over(self, standing: Standing, known: Mapping[str, DecisionService]) -> None:
        with self._lock:
            if standing.number <= self.slots.standing.number:
                return
            try:
                services = self._services(standing, standing.needed(), known)
            except Conflict as error:
                self._lacking = error.detail
                raise
            self.slots = Slots(standing, services, self._experiment(standing))
            self._lacking = None

    def _services(
        self, standing: Standing, needed: Iterable[str], known: Mapping[str, DecisionService]
    ) -> dict[str, DecisionService]:
        """All that are needed, and of the others those that are there: these are looked for again when they are.

        Raises:
            Conflict: one that is needed cannot be read here.
        """
        services = {sha256: known.get(sha256) or self.find(sha256) for sha256 in needed}
        for sha256 in standing.policies() - services.keys():
            try:
                services[sha256] = known.get(sha256) or self.find(sha256)
            except Conflict as error:
                _log.warning("a policy that decides nothing is left out: %s", error.detail)
        return services

    def _experiment(self, standing: Standing) -> Experiment | None:
        if standing.experiment_id is None:
            return None
        with self._database.reading() as tx:
            return experiment_of(find_row(tx, standing.experiment_id))

    @staticmethod
    def _note(tx: Connection, service: DecisionService, loaded_by: str) -> None:
        policy = service.policy
        note_loaded(tx, policy.bundle_sha256, loaded_by, str(service.folder.resolve()), policy.name)


def _numbered(standing: Standing, number: int) -> Standing:
    is_experiment = standing.mode == "experiment"
    return replace(standing, number=number, experiment_id=standing.experiment_id if is_experiment else None)


def of_candidate(sha256: str, then: Callable[[Standing], Standing]) -> Callable[[Standing], Standing]:
    """What stands afterwards, if this is the candidate, else a conflict."""

    def make(before: Standing) -> Standing:
        if before.candidate != sha256:
            expected = f"the candidate, {before.candidate}" if before.candidate else "a candidate, but there is none"
            raise Conflict(InputError("policy", sha256, expected, "load it first"))
        return then(before)

    return make


def _check_four_eyes(tx: Connection, change: Change) -> None:
    name = change.actor.name
    if change.actor.is_told_apart and name in {load.loaded_by for load in loads_of(tx, change.sha256)}:
        expected = "somebody who did not load this policy"
        raise Forbidden(InputError("actor", name, expected, "ask somebody else to look at it"))


def _payload(standing: Standing) -> bytes:
    return json.dumps(asdict(standing)).encode()
