"""The watch: stops an experiment whose guardrail is broken, and says when its sample ratio is wrong."""

from __future__ import annotations

import logging
import time

from serve.audit.log import AuditWriter
from serve.background import Background
from serve.orders.order import Conflict
from serve.policies.lifecycle import Policies
from serve.policies.standings import last_standing
from serve.storage.database import Database
from serve.storage.retry import retried
from serve.trials.experiments import Experiments
from serve.trials.kept import Experiment, note_alarm
from serve.trials.results import sample_ratio, watch_limit
from serve.trials.streams import count_units, read_streams
from serve.web.actor import GUARDRAIL, Actor

_log = logging.getLogger(__name__)

INTERVAL_SECONDS = 30
"""Of the wall's time, or of that which requests state."""
REST = 20
"""A look is followed by so many times as long without one, as orders go first."""

GUARD = Actor(GUARDRAIL, "approver", is_told_apart=False)
"""Who stops an experiment by itself."""


class GuardrailWatch:
    """Any number of processes may watch; an experiment is stopped and an alarm is raised once.

    Args:
        database: where experiments are kept.
        audit: this process's chain.
        policies: whose slots are watched.

    Attributes:
        loop: watches beside the answers.
    """

    def __init__(self, database: Database, audit: AuditWriter, policies: Policies) -> None:
        self._database, self._audit, self._policies = database, audit, policies
        self._experiments = Experiments(database, audit, policies)
        self._looked_at = 0
        self.loop = Background("guardrails", lambda: self.look(int(time.time())), INTERVAL_SECONDS, REST)

    def look_by(self, now: int) -> None:
        """Looks if it did not for a while, where time (UTC seconds) is what requests state."""
        if abs(now - self._looked_at) >= INTERVAL_SECONDS:
            self.look(now)

    def look(self, now: int) -> None:
        """Looks at what runs, and stops it if it must be stopped."""
        self._looked_at = now
        experiment = self._policies.slots.experiment
        if experiment is None:
            return
        limits = experiment.design.guardrails
        with self._database.reading() as tx:
            ratio = sample_ratio(experiment, count_units(tx, experiment.id))
            names = {limit.metric for limit in limits}
            streams = read_streams(tx, experiment.id, experiment.design, now, names) if names else {}
        if ratio.is_alarm:
            self._alarm(experiment, ratio.p_value, now)
        for limit in limits:
            found = watch_limit(experiment, limit, streams[limit.metric])
            if found.is_broken:
                said = (
                    f"guardrail: {limit.metric} of the {limit.of} is above {limit.limit:g}, at least {found.seen.low:g}"
                )
                self._stop(experiment, said)
                return

    def _alarm(self, experiment: Experiment, p_value: float, now: int) -> None:
        def once() -> bool:
            with self._database.writing() as tx:
                return note_alarm(tx, self._audit, experiment.id, p_value, now)

        if retried(once):
            number = self._policies.slots.standing.number  # not the name, which is as somebody sent it
            _log.error("experiment of standing %d: units do not fall to the arms as planned, p = %g", number, p_value)

    def _stop(self, experiment: Experiment, reason: str) -> None:
        number = self._policies.slots.standing.number
        try:
            self._experiments.stop(experiment.id, GUARD, reason)
            _log.error("experiment of standing %d is stopped: %s", number, reason)
        except Conflict as error:
            with self._database.reading() as tx:
                standing = last_standing(tx)
            if standing is not None and standing.experiment_id == experiment.id:  # the next look tries again
                _log.error("experiment of standing %d must be stopped and goes on: %s", number, error.detail.key)
            else:  # another process was faster
                self._policies.follow()
